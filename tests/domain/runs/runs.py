"""Runs of every kind: whole, killed at each point, on old lists, met by others' writes, overtaken."""

from __future__ import annotations

from collections.abc import Callable

from grayrelease.cluster.interface import ClusterError
from grayrelease.domain.lifecycle import decide
from grayrelease.domain.state import Decision, Key, TargetIntent, Write
from tests.domain.runs import checks
from tests.domain.runs.checks import Written
from tests.domain.runs.course import Course, Listed, is_destructive


class Broken(AssertionError):
    """A rule was broken by a write."""


class Taken:
    """A decision, and what it was made on."""

    def __init__(self, course: Course, listed: Listed | None = None) -> None:
        course.resolve()
        self.intent: TargetIntent = course.intent()
        self.read = listed or course.listed()
        self.decision = decide(self.intent, course.seen(listed), course.memory)
        if listed is not None and any(map(is_destructive, self.decision.writes)):
            self.decide_again(course, listed)

    def decide_again(self, course: Course, listed: Listed) -> None:
        """Read the routes anew before what can't be taken back, as `reconcile` does."""
        again = decide(self.intent, course.seen(listed, routes=course.listed()), course.memory)
        kept = tuple(write for write in again.writes if write in self.decision.writes)
        self.decision = Decision(kept, again.statuses, again.memory, waiting=True)


def write(course: Course, taken: Taken, one: Write, *, answered: bool = True) -> None:
    """Do one write and hold it to all rules."""
    before, since = course.listed(), dict(course.subset_since)
    routed, alone = course.routed, course.alone_since
    course.apply(one, answered=answered)
    decision = taken.decision
    capacity = decision.memory.capacity
    statuses = dict(decision.statuses)
    made = Written(course, taken.intent, statuses, capacity, taken.read, one, before, since, routed, alone)
    if words := checks.broken(made):
        raise Broken(f"{'; '.join(words)} -- at {one.key}")


def _sent(course: Course, taken: Taken, order: int) -> list[Write]:
    """Return the writes in some order: they are sent at the same time."""
    writes = list(taken.decision.writes)
    turn = order % len(writes) if writes else 0
    return writes[turn:] + writes[:turn]


def whole(course: Course, choice: int) -> Taken:
    taken = Taken(course)
    for one in _sent(course, taken, choice):
        write(course, taken, one)
    course.remember(taken.decision)
    return taken


def killed_between(course: Course, choice: int) -> Taken:
    """Do some of the writes; whether the last one was done nobody hears."""
    taken = Taken(course)
    sent = _sent(course, taken, choice)
    done = sent[: choice // 2 % (len(sent) + 1)] if len(sent) > 1 else []
    for one in done:
        write(course, taken, one, answered=one is not done[-1])
    return taken


def killed_after(course: Course, choice: int) -> Taken:
    """Do all writes and remember nothing, not even that they were done."""
    taken = Taken(course)
    for one in _sent(course, taken, choice):
        write(course, taken, one, answered=False)
    return taken


def not_answered(course: Course, choice: int) -> Taken:
    """Do the writes but one, which the API server refuses for no reason of ours."""
    taken = Taken(course)
    for one in _sent(course, taken, choice)[1:]:
        write(course, taken, one)
    if not taken.decision.writes:
        course.remember(taken.decision)
    return taken


def conflict(course: Course, choice: int) -> Taken:
    """Have somebody touch an object between reading and writing: a 409 for that write ends the run."""
    taken = Taken(course)
    sent = _sent(course, taken, choice)
    for one in sent[:1]:
        course.edit(one.key, lambda found: found["metadata"].setdefault("labels", {}).update(touched="yes"))
        _touched_for_its_users(course, one.key)
    met = False
    for one in sent:
        try:
            write(course, taken, one)
        except ClusterError:
            met = True
    if not met:
        course.remember(taken.decision)
    return taken


def _touched_for_its_users(course: Course, key: Key) -> None:
    if key in course.users:
        original = course.users[key]
        labels = {**original["metadata"].get("labels", {}), "touched": "yes"}
        course.users[key] = {**original, "metadata": {**original["metadata"], "labels": labels}}


def stale(course: Course, choice: int) -> Taken:
    """Decide on lists from before the last change, if that is younger than the settle time."""
    listed = course.before
    young = listed is not None and (course.now - listed.at).total_seconds() <= 1
    taken = Taken(course, listed if young else None)
    met = False
    for one in _sent(course, taken, choice):
        try:
            write(course, taken, one)
        except ClusterError:
            met = True
    if not met:
        course.remember(taken.decision)
    return taken


def overtaken(course: Course, choice: int) -> Taken:
    """Decide, stop, and let another run come before what this one had under way arrives."""
    taken = Taken(course)
    course.tick(0.5)
    other = whole(course, choice + 1)
    for one in taken.decision.writes[:1]:
        try:
            course.apply(one)
        except ClusterError:
            continue
    return other


Run = Callable[[Course, int], Taken]
RUNS: dict[str, Run] = {
    "run: whole": whole,
    "run: killed between writes": killed_between,
    "run: killed before it is stored": killed_after,
    "run: a write refused": not_answered,
    "run: 409": conflict,
    "run: stale lists": stale,
    "run: overtaken": overtaken,
}
