"""The order of writes (SAFETY §3): each step only when the former is in effect.

A function here returns the one step that is due, or None when what it ensures holds already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from grayrelease.domain import istio, marks
from grayrelease.domain.look import Look
from grayrelease.domain.plan import ALL
from grayrelease.domain.state import Goal, Key, Reason, Write
from grayrelease.domain.writes import create, put


@dataclass(frozen=True)
class Step:
    """What is awaited, and the write, if one is due."""

    waits: Reason
    write: Write | None = None


def writing(key: Key, write: Write) -> Step:
    return Step(Reason("writing", {"object": str(key)}), write)


def settling(look: Look, key: Key, since: datetime) -> Step | None:
    """Wait for the settle time; None if it has passed."""
    left = look.settles_in(since)
    return Step(Reason("settling", {"object": str(key), "seconds": ceil(left)})) if left else None


def forward(look: Look, wanted: int) -> Step | None:
    """Bring the candidate to a share; None once the routes say so and all that they need is there."""
    present = look.share
    if present is not None and wanted < present and _can_lower(look):
        return routes(look, wanted)
    raises = present is None or wanted > present
    return (
        subsets(look, [look.stable, *_exposed(look)])
        or pinned(look)
        or candidate(look)
        or (ready(look, wanted) if raises or not look.has_subset(look.candidate) else None)
        or subsets(look, [look.stable, look.candidate])
        or (routes(look, wanted) if present != wanted or _edited(look, look.routes_key) else None)
    )


def back(look: Look) -> Step | None:
    """Take the candidate's exposure out, at once; None once no route gives it traffic."""
    if look.routes is None and not look.runs(look.candidate):
        return None
    if not _can_lower(look):
        return subsets(look, [look.stable, *_exposed(look)])
    if look.routes is None:
        # Rule 8: there are pods of both and no route; this is pinning, not rolling back.
        return subsets(look, [look.stable]) or pinned(look)
    if look.share != 0 or _edited(look, look.routes_key):
        return routes(look, 0)
    return None


def _can_lower(look: Look) -> bool:
    """Tell if routes may name stable at once: its subset is there. A deed adopts edited subsets first.

    Else they would still differ when the routes are written for this deed, and freeze it.
    """
    adopts = look.release.goal != Goal.ROLL_BACK and _edited(look, look.subsets_key)
    return look.has_subset(look.stable) and not adopts


def _exposed(look: Look) -> list[str]:
    return [look.candidate] if look.has_subset(look.candidate) or look.share else []


def _edited(look: Look, key: Key) -> bool:
    manifest = look.find(key)
    return manifest is not None and marks.edited(manifest)


def subsets(look: Look, versions: list[str]) -> Step | None:
    """Have a subset for each version, settled."""
    present = (look.subsets or {}).get("spec")
    wanted = istio.destination_rule(look.service, present, versions)
    if wanted != present or _edited(look, look.subsets_key):
        return writing(look.subsets_key, put(look, look.subsets_key, wanted))
    return settling(look, look.subsets_key, look.since(look.subsets_key))


def pinned(look: Look) -> Step | None:
    """Have routes that send each request to a version by name: to stable, where there are none."""
    return routes(look, 0) if look.share is None else None


def routes(look: Look, share: int) -> Step:
    spec = istio.virtual_service(look.service, look.table(share))
    return writing(look.routes_key, put(look, look.routes_key, spec))


def candidate(look: Look) -> Step | None:
    """Have the candidate's workload, made only once all traffic is pinned and that is settled."""
    key = look.workload_key(look.candidate)
    if look.find(key) is not None:
        return None
    pin = settling(look, look.routes_key, look.since(look.routes_key))
    return pin or writing(key, create(look, key, look.release.plan.candidate.manifest))


def ready(look: Look, wanted: int) -> Step | None:
    """Have as many pods of the candidate as the share needs (rule 5), for the settle time (rule 2)."""
    needed, there = look.needed(wanted), look.ready(look.candidate)
    if there < needed:
        return Step(_not_ready(look, there, needed))
    if look.settled_pods(look.candidate) >= needed:
        return None
    since = look.ready_since(look.candidate)[needed - 1]
    workload, seconds = look.workload_key(look.candidate).name, ceil(look.settles_in(since))
    return Step(Reason("pods-settling", {"workload": workload, "ready": there, "seconds": seconds}))


def _not_ready(look: Look, there: int, needed: int) -> Reason:
    facts: dict[str, str | int] = {
        "workload": look.workload_key(look.candidate).name,
        "ready": there,
        "needed": needed,
    }
    why = look.trouble(look.candidate)
    if why is None:
        return Reason("pods-not-ready", facts)
    return Reason("pod-trouble", {**facts, "pod": why.pod, "reason": why.reason, "message": why.message})


def all_to(look: Look, winner: str) -> Step | None:
    """Give one version all traffic."""
    return back(look) if winner == look.stable else forward(look, ALL)
