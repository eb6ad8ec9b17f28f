"""The route in effect: what share the routes give, since when, and whether that is verified."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from grayrelease.domain.look import Look
from grayrelease.domain.order import Step
from grayrelease.domain.state import Exposed, Reason
from grayrelease.domain.verify import Proof, verify


def track(look: Look) -> tuple[Look, Proof | None]:
    """Remember the present route and look at its traffic; no proof where there is no route of ours."""
    exposed = _present(look)
    if exposed is None:
        return look, None
    proof = verify(
        exposed,
        look.seen.traffic,
        broken=bool(look.seen.traffic_error),
        candidate=look.candidate,
        stable=look.stable,
        settle_s=look.intent.settle_s,
        now=look.now,
    )
    memory = replace(look.memory, exposed={**look.memory.exposed, look.release.id: proof.exposed})
    return replace(look, memory=memory), (proof if look.share is not None else None)


def _present(look: Look) -> Exposed | None:
    known, share = look.exposed, look.share
    if share is None:
        return known
    at = look.since(look.routes_key)
    if known is None:
        return Exposed(share, share, at)
    if known.share != share:
        return Exposed(share, _compared_with(known, share), at)
    # Written again with the same share: nothing that traffic could tell, so it settles anew.
    return Exposed(share, share, at) if at > known.at else known


def _compared_with(known: Exposed, share: int) -> int:
    """Return the former share that is hardest to tell from the new one, if the last never was verified."""
    former = {known.share} if known.verified_at else {known.share, known.before} - {share}
    return min(former, key=lambda was: (abs(was - share), was))


def unverified(look: Look, proof: Proof | None) -> Step | None:
    """Wait until the route is verified; None if it is, or if there is none."""
    if proof is None or proof.exposed.verified_at is not None:
        return None
    return Step(Reason(proof.why, _facts(look, proof)))


def _facts(look: Look, proof: Proof) -> dict[str, str | int]:
    exposed = proof.exposed
    share: dict[str, str | int] = {"version": look.candidate, "share": exposed.share}
    seconds: dict[str, str | int] = {"seconds": ceil(proof.wait_s)}
    facts: dict[str, dict[str, str | int]] = {
        "settling": {"object": str(look.routes_key), **seconds},
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
