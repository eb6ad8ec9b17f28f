"""Finishing: route → verified → drained → the loser goes → one version only → routes are given back."""

from __future__ import annotations

from math import ceil

from grayrelease.domain import marks
from grayrelease.domain.drain import drain
from grayrelease.domain.exposure import unverified
from grayrelease.domain.look import Look
from grayrelease.domain.order import Step, all_to, settling, writing
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Key, Reason, Write
from grayrelease.domain.verify import Proof
from grayrelease.domain.writes import delete, replace


def winner_of(look: Look) -> str:
    """Return who keeps running: whom people chose, but never a version that is gone already."""
    chosen = look.release.chosen
    other = look.other(chosen)
    return other if look.runs(other) and not look.runs(chosen) else chosen


def finish(look: Look, winner: str, proof: Proof | None) -> Step | None:
    """Return the next step of finishing; None once everything is given back."""
    loser = look.other(winner)
    if look.runs(loser):
        step = (
            all_to(look, winner)
            or unverified(look, proof)
            or settling(look, look.routes_key, look.since(look.routes_key))
            or drained(look, loser)
            or remove(look, loser)
        )
        if step:
            return step
    return collapse(look, winner)


def drained(look: Look, loser: str) -> Step | None:
    """Wait until no caller sends to the loser (rule 6)."""
    seen = look.seen
    found = drain(
        loser,
        seen.traffic,
        broken=bool(seen.traffic_error),
        since=look.since(look.routes_key),
        now=look.now,
        settle_s=look.intent.settle_s,
        drain_s=look.intent.drain_s,
    )
    if not found.code:
        return None
    seconds = ceil(found.wait_s)
    facts: dict[str, dict[str, str | int]] = {
        "draining": {"caller": found.caller, "loser": loser, "seconds": seconds},
        "drain-unseen": {"caller": found.caller, "loser": loser},
        "drain-blind": {"loser": loser, "seconds": seconds, "error": seen.traffic_error},
    }
    return Step(Reason(found.code, facts[found.code]))


def remove(look: Look, loser: str) -> Step | None:
    """Have the loser's workload gone or at 0; None where it is, or where it isn't ours to touch."""
    key = look.workload_key(loser)
    workload = look.find(key)
    write = removal(look, loser, key, workload) if workload else None
    if write:
        return writing(key, write)
    left = look.endpoints.named.get(loser, frozenset())
    return Step(Reason("loser-leaving", {"loser": loser, "pods": len(left)})) if left else None


def removal(look: Look, loser: str, key: Key, workload: Manifest) -> Write | None:
    """Return the write that takes a loser away: what we made is deleted, a user's is scaled to 0."""
    if marks.made_by(workload, look.intent.installation):
        return delete(look, key, workload)
    if loser == look.candidate:
        return None
    if look.release.delete_loser:
        return delete(look, key, workload)
    spec = workload.get("spec", {})
    return None if spec.get("replicas", 1) == 0 else replace(look, key, workload, {**spec, "replicas": 0})


def collapse(look: Look, winner: str) -> Step | None:
    """Give the routes back: only when one version's pods alone are endpoints (rule 8), and that settled."""
    loser = look.other(winner)
    others = look.endpoints.versions() - {winner}
    if others:
        return Step(Reason("other-versions", {"versions": ", ".join(sorted(others))}))
    return (
        settling(look, look.workload_key(loser), look.memory.gone_since.get(loser, look.now))
        or _given_back(look, look.routes_key)
        or settling(look, look.routes_key, look.since(look.routes_key))
        or _given_back(look, look.subsets_key)
    )


def _given_back(look: Look, key: Key) -> Step | None:
    present = look.find(key)
    return writing(key, delete(look, key, present)) if present else None
