"""The order of writes (SAFETY §3): each step only when the former is in effect.

A function here returns the one step that is due, or None when what it ensures holds already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from grayrelease.domain import again
from grayrelease.domain.look import Look
from grayrelease.domain.one import One
from grayrelease.domain.state import Key, Reason, Write
from grayrelease.domain.writes import create, replace


@dataclass(frozen=True)
class Step:
    """What is awaited, and the writes, if some are due that are this release's own."""

    waits: Reason
    writes: tuple[Write, ...] = ()


def writing(key: Key, *writes: Write) -> Step:
    return Step(Reason("writing", {"object": str(key)}), writes)


def settling(look: Look, key: Key, since: datetime) -> Step | None:
    """Wait for the settle time; None if it has passed."""
    left = look.settles_in(since)
    return Step(Reason("settling", {"object": str(key), "seconds": ceil(left)})) if left else None


def routes_settling(look: Look) -> Step | None:
    """Wait until the last change of any route is settled."""
    return settling(look, *look.changed_last)


def subsets_settling(look: Look) -> Step | None:
    return settling(look, look.subsets_key, look.since(look.subsets_key))


def awaited(one: One) -> Step | None:
    """Return what stands between a release and what is wanted; None if routes may say it now."""
    if one.forward:
        first = None if _is_repaired(one) else based(one.look)
        return first or (_brought(one) if one.brings else None)
    if any(each.marked for each in one.look.carriers) or one.look.runs(one.candidate):
        return based(one.look)
    return None


def _is_repaired(one: One) -> bool:
    """Tell if nothing but others' edits keeps the routes from saying who meets which version: the write that
    repairs them says all of it at once, for who goes back to stable first is moved twice."""
    look = one.look
    named = look.has_subset(look.stable) and (look.has_subset(one.candidate) if one.brings else True)
    there = not one.brings or look.find(one.workload) is not None
    had = look.memory.marked
    only = all(each.stands or (each.there and str(each.key) in had) for each in look.carriers)
    return only and not look.pinned and named and there and not subsets_settling(look)


def based(look: Look) -> Step | None:
    """Have stable's subset and, with that settled, routes that send each request to a version by name."""
    if not look.has_subset(look.stable):
        return writing(look.subsets_key)
    if look.pinned:
        return None
    first = next(each.key for each in look.carriers if not each.stands)
    return subsets_settling(look) or writing(first)


def _brought(one: One) -> Step | None:
    """Have the candidate's workload, enough ready pods, and its subset, settled."""
    look = one.look
    there = look.has_subset(one.candidate)
    return (
        workload(one)
        or (ready(one) if one.raises or not there else None)
        or (None if there else writing(look.subsets_key))
        or (subsets_settling(look) if one.raises or not one.wanted.exposure.meets else None)
    )


def workload(one: One) -> Step | None:
    """Have the candidate's workload, made only once all traffic is pinned and that is settled."""
    key, wanted = one.workload, one.release.plan.candidate.manifest
    found = one.look.find(key)
    if found is None:
        made: Write = create(one.look, key, wanted, one.id)
    elif again.stands(found, one.look.intent.installation):
        made = replace(one.look, key, again.brought(found, wanted), one.id)
    else:
        return None
    return routes_settling(one.look) or writing(key, made)


def ready(one: One) -> Step | None:
    """Have as many pods of the candidate as the share needs (rule 5), for the settle time (rule 2)."""
    look, needed, there = one.look, one.needed, one.look.ready(one.candidate)
    if there < needed:
        return Step(_not_ready(one, there, needed))
    if look.settled_pods(one.candidate) >= needed:
        return None
    since = look.ready_since(one.candidate)[needed - 1]
    seconds = ceil(look.settles_in(since))
    return Step(Reason("pods-settling", {"workload": one.workload.name, "ready": there, "seconds": seconds}))


def _not_ready(one: One, there: int, needed: int) -> Reason:
    facts: dict[str, str | int] = {"workload": one.workload.name, "ready": there, "needed": needed}
    why = one.look.trouble(one.candidate)
    if why is None:
        return Reason("pods-not-ready", facts)
    return Reason("pod-trouble", {**facts, "pod": why.pod, "reason": why.reason, "message": why.message})


def wants_subset(one: One) -> bool:
    """Tell if it's time for the candidate's subset: its pods are ready, or it was there and still matters."""
    if not one.brings or not one.look.runs(one.candidate):
        return False
    if one.look.has_subset(one.candidate):
        return True
    return one.forward and one.look.pinned and workload(one) is None and ready(one) is None


def wanted_subsets(look: Look, ones: Iterable[One]) -> list[str]:
    """Return the versions that need a subset of ours: stable, whom a route names, and whom one is to name."""
    brought = [one.candidate for one in ones if wants_subset(one)]
    return list(dict.fromkeys([look.stable, *look.exposed_versions, *brought]))
