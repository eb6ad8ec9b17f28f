"""The route in effect: what share the routes give each release, since when, and whether that is verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from grayrelease.domain.exposed import Exposed
from grayrelease.domain.look import Look
from grayrelease.domain.marks import digest
from grayrelease.domain.one import One
from grayrelease.domain.order import Step
from grayrelease.domain.routes import Exposing
from grayrelease.domain.state import Reason
from grayrelease.domain.verify import Proof, verify

Proofs = Mapping[int, Proof]


def track(look: Look) -> tuple[Look, Proofs]:
    """Remember each release's present exposure and look at its traffic; no proof where no route says it."""
    exposed, proofs = dict(look.memory.exposed), {}
    for one in (One(look, release) for release in look.releases):
        present = _present(one)
        if present is None:
            continue
        proof = _proof(one, present)
        exposed[one.id] = proof.exposed
        if look.pinned:
            proofs[one.id] = proof
    return look.remembering(replace(look.memory, exposed=exposed)), proofs


def _proof(one: One, exposed: Exposed) -> Proof:
    look = one.look
    shows = _shows(look)
    return verify(
        exposed,
        look.seen.traffic if shows else None,
        broken=bool(look.seen.traffic_error),
        candidate=one.candidate,
        others=[version for version in look.versions if version != one.candidate],
        settle_s=look.intent.settle_s,
        now=look.now,
        shows=shows,
    )


def _shows(look: Look) -> bool:
    """Tell if shares of all requests show the exposures: one rule, for everyone, without cookies."""
    exposures = [one.exposure for each in look.carriers for one in (each.stands or ("", ()))[1]]
    return not any(each.sticky or (each.audience and each.share) for each in exposures)


def _present(one: One) -> Exposed | None:
    """Return what the routes give it now; what was known, to be verified anew, where they don't say it."""
    look, known = one.look, one.exposed
    if not look.pinned or len(set(one.present)) != 1:
        return replace(known, verified_at=None, how="", before=known.share) if known else None
    present, at = one.present[0], look.routes_since()
    share, key = present.exposure.everyone, _key(present)
    if known is None:
        return Exposed(share, share, at, key=key)
    if (known.share, known.key) != (share, key):
        return Exposed(share, _compared_with(known, share), at, key=key)
    if known.verified_at is None and known.before == share and at > known.at:
        # Written again with the same share: nothing that traffic could tell, so it settles anew.
        return Exposed(share, share, at, key=key)
    return known


def _key(present: Exposing) -> str:
    """Return a few digits that change with the exposure; none where it's everyone's share alone."""
    plain = present.exposure.model_dump(exclude_defaults=True)
    return digest(plain) if set(plain) - {"share"} else ""


def _compared_with(known: Exposed, share: int) -> int:
    """Return the former share that is hardest to tell from the new one, if the last never was verified."""
    former = {known.share} if known.verified_at else {known.share, known.before} - {share}
    return min(former or {share}, key=lambda was: (abs(was - share), was))


def unverified(one: One, proofs: Proofs) -> Step | None:
    """Wait until the route is verified; None if it is, or if there is none."""
    proof = proofs.get(one.id)
    if proof is None or proof.exposed.verified_at is not None:
        return None
    return Step(Reason(proof.why, _facts(one, proof)))


def _facts(one: One, proof: Proof) -> dict[str, str | int]:
    exposed, look = proof.exposed, one.look
    share: dict[str, str | int] = {"version": one.candidate, "share": exposed.share}
    seconds: dict[str, str | int] = {"seconds": ceil(proof.wait_s)}
    facts: dict[str, dict[str, str | int]] = {
        "settling": {"object": str(look.changed_last[0]), **seconds},
        "verifying": {**share, "before": exposed.before, "requests": exposed.requests},
        "not-seen-yet": {
            **share,
            "observed": exposed.observed,
            "low": exposed.low,
            "high": exposed.high,
            "requests": exposed.requests,
        },
        "too-small": {**share, "before": exposed.before, **seconds},
        "no-traffic": seconds,
        "no-metrics": {"error": look.seen.traffic_error, **seconds},
    }
    return facts[proof.why]
