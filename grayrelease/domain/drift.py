"""Drift: what others change of our marks. What breaks a rule is repaired, a few times; else people choose.

A controller that writes back what we repair would do so each second: after `REPAIRS` the target is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from grayrelease.domain import breaking, marks
from grayrelease.domain.carrying import Carrier
from grayrelease.domain.look import Look
from grayrelease.domain.routing import writers
from grayrelease.domain.routing.subsets import is_noted, subset_names
from grayrelease.domain.state import Decision, Goal, Key, Memory, Reason

REPAIRS = 3
WITHIN = timedelta(minutes=10)
CODES = frozenset({"edited-by-other", "repaired-in-vain"})
"""Why a target is frozen while people have to choose what becomes of others' edits."""
ENDING = (Goal.FINISH, Goal.ABANDON)


@dataclass(frozen=True)
class Edit:
    """An object in which our marks aren't as we wrote them; `breaks` a rule, so that it is repaired."""

    key: Key
    manager: str
    breaks: bool


@dataclass(frozen=True)
class Drift:
    """What others changed since people last said what is to become of such changes."""

    edits: tuple[Edit, ...] = ()
    in_vain: bool = False
    """It was repaired as often as it may be."""

    @property
    def _repaired(self) -> frozenset[Key]:
        return frozenset(each.key for each in self.edits if each.breaks and not self.in_vain)

    @property
    def reason(self) -> Reason | None:
        """Return why nothing is written; None where nothing was edited, or what was is repaired first."""
        if not self.edits or self._repaired:
            return None
        first = next((each for each in self.edits if each.breaks), self.edits[0])
        code = "repaired-in-vain" if first.breaks else "edited-by-other"
        return Reason(code, {"object": str(first.key), "manager": first.manager})

    def repaired(self, decision: Decision, look: Look) -> Decision:
        """Return a decision that leaves other edits as they are, and remembers a repair that it makes."""
        keys = self._repaired
        if not keys or decision.freed:
            return decision
        alone = len(keys) == len(self.edits)
        writes = tuple(each for each in decision.writes if alone or each.key in keys)
        repairs = any(each.key in keys for each in writes)
        repaired = (*look.memory.repaired, look.now) if repairs else look.memory.repaired
        return replace(decision, writes=writes, memory=replace(decision.memory, repaired=repaired))


def watch(look: Look) -> tuple[Look, Drift]:
    """Return what others changed, and the look that remembers since when, and how often it was repaired."""
    memory = replace(
        look.memory,
        written_for=max(look.memory.written_for, _written_for(look)),
        repaired=tuple(at for at in look.memory.repaired if look.now - at < WITHIN),
    )
    edits = () if look.intent.decided > memory.written_for else tuple(_edits(look))
    broken = any(each.breaks for each in edits)
    in_vain = broken and (memory.gave_up is not None or len(memory.repaired) >= REPAIRS)
    gave_up = (memory.gave_up or look.now) if in_vain else None
    kept = replace(memory, gave_up=gave_up, marked=_marked(look, memory))
    return look.remembering(kept), Drift(edits, in_vain)


def _written_for(look: Look) -> int:
    """Return the generation of our last write to any of the objects."""
    keys = [*(each.key for each in look.carriers), look.subsets_key]
    found = (look.find(key) for key in keys)
    return max((writers.last(each, look.called)[0] for each in found if each is not None), default=0)


def _marked(look: Look, memory: Memory) -> tuple[str, ...]:
    """Return the objects that have had our marks: one that has none any more was replaced, or deleted."""
    now = {str(each.key) for each in look.carriers if each.ours}
    rule = {str(look.subsets_key)} if _has_marks(look) else set()
    return tuple(sorted({*memory.marked, *now, *rule}))


def _has_marks(look: Look) -> bool:
    return look.subsets is not None and marks.owner(look.subsets) is not None


def _edits(look: Look) -> Iterator[Edit]:
    # Rolled back, or on the way there, nothing but stable may be met, so that any other route is wrong.
    backing = bool(look.releases) and all(each.goal == Goal.ROLL_BACK for each in look.releases)
    for each in look.carriers:
        if each.edited or _was_replaced(look, each):
            yield Edit(each.key, _manager(look, each.key), backing or not each.ours or _breaks(look, each))
    rule, key = look.subsets, look.subsets_key
    named = [look.stable, *look.exposed_versions]
    had = _has_marks(look) or (_goes_on(look) and str(key) in look.memory.marked)
    taken = had and not all(map(look.has_subset, named))
    unnoted = rule is not None and look.pinned and not is_noted(rule, named)
    if taken or (unnoted and _goes_on(look) and not backing):
        yield Edit(key, _manager(look, key), taken)


def _was_replaced(look: Look, carrier: Carrier) -> bool:
    """Tell if an object had our marks and has none any more, though nobody ends the releases."""
    return _goes_on(look) and not carrier.ours and str(carrier.key) in look.memory.marked


def _goes_on(look: Look) -> bool:
    return any(each.goal not in ENDING for each in look.releases)


def _breaks(look: Look, carrier: Carrier) -> bool:
    there = subset_names(look.scene.rules.effective)
    return breaking.breaks(
        carrier.manifest,
        look.called,
        subsets=there,
        broad=carrier.place.broad,
        several=len(look.endpoints.versions()) > 1,
    )


def _manager(look: Look, key: Key) -> str:
    found = look.find(key)
    return marks.last_editor(found) if found is not None else ""
