"""A version that goes and isn't ours to take: kept by a tool, or brought back as often as it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from grayrelease.domain import marks
from grayrelease.domain.emptied import Emptied
from grayrelease.domain.holders import Held, held
from grayrelease.domain.look import Look
from grayrelease.domain.one import One
from grayrelease.domain.order import Step
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Create, Delete, Memory, Reason, Write

TRIES, WITHIN = 3, timedelta(minutes=10)
"""So often a workload's pods are taken that come back; then it waits for a person."""
LEFT = frozenset({"remove-from-git", "remove-from-chart", "loser-comes-back"})
"""What is awaited of whoever keeps the workload: the cluster is looked at now and then."""


def left(one: One, workload: Manifest) -> Step | None:
    """Wait for somebody else to take a workload away; None where it may be done here, or is done."""
    if not _wanted(workload):
        return None
    name, keeper = marks.name(workload), _keeper(one, workload)
    if keeper and keeper.tool == "Helm":
        return Step(Reason("remove-from-chart", {"workload": name, "part": keeper.part}))
    if keeper:
        facts = {"workload": name, "holder": keeper.tool, "part": keeper.part}
        return Step(Reason("remove-from-git", facts))
    tries = _tries(one.look, name)
    if tries < TRIES:
        return None
    return Step(
        Reason("loser-comes-back", {"workload": name, "manager": _restorer(workload), "times": tries})
    )


def left_to(one: One, workload: Manifest) -> Reason | None:
    """Return what somebody else has to do for a workload to go; None where that is done here."""
    step = left(one, workload)
    if step is None:
        return None
    facts = dict(step.waits.facts)
    facts.pop("times", None)
    after = {
        "remove-from-git": "person-prunes",
        "remove-from-chart": "person-upgrades",
        "loser-comes-back": "person-stops",
    }
    return Reason(after[step.waits.code], facts)


def scaled_at_most(one: One, workload: Manifest) -> bool:
    """Tell if people chose to have a kept workload at 0 rather than deleted."""
    return one.release.scale_held and not one.release.delete_loser and held(workload) is not None


def noted(look: Look, writes: Iterable[Write]) -> Memory:
    """Return the memory with the workloads whose pods these writes take."""
    taken = [each.key.name for each in writes if each.key.kind == "Deployment" and _empties(each)]
    if not taken:
        return look.memory
    return replace(
        look.memory, emptied={**look.memory.emptied, **{name: _once_more(look, name) for name in taken}}
    )


def _keeper(one: One, workload: Manifest) -> Held | None:
    """Return who keeps a workload, unless people chose to take it all the same."""
    if one.release.scale_held or one.release.delete_loser:
        return None
    return held(workload)


def _wanted(workload: Manifest) -> bool:
    return bool((workload.get("spec") or {}).get("replicas", 1))


def _tries(look: Look, name: str) -> int:
    """Return how often the workload's pods were taken lately, since people last decided something."""
    return len(_taken(look, name))


def _once_more(look: Look, name: str) -> Emptied:
    lately = (at for at in _taken(look, name) if look.now - at < WITHIN)
    return Emptied(look.intent.generation, (*lately, look.now))


def _taken(look: Look, name: str) -> tuple[datetime, ...]:
    before = look.memory.emptied.get(name)
    return before.times if before and before.generation == look.intent.generation else ()


def _empties(write: Write) -> bool:
    if isinstance(write, Delete):
        return True
    return not isinstance(write, Create) and not _wanted(write.manifest)


def _restorer(workload: Manifest) -> str:
    """Return the field manager that set the number of pods last; "?" where the cluster names none."""
    entries = workload["metadata"].get("managedFields") or []
    ours = [each for each in entries if "f:replicas" in ((each.get("fieldsV1") or {}).get("f:spec") or {})]
    newest: dict[str, str] = max(ours, key=lambda each: str(each.get("time", "")), default={})
    return str(newest.get("manager", "")) or marks.last_editor(workload) or "?"
