"""`decide`: from what people want and what was seen to the next safe writes, and what to tell people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from grayrelease.domain.drift import watch
from grayrelease.domain.exposure import Proofs, track, unverified
from grayrelease.domain.falling import react
from grayrelease.domain.finish import abandon, collapse, finish, winner_of
from grayrelease.domain.guard import frozen
from grayrelease.domain.leaving import LEFT, noted
from grayrelease.domain.look import Look
from grayrelease.domain.one import One
from grayrelease.domain.order import Step, writing
from grayrelease.domain.plan import ALL
from grayrelease.domain.remembering import refresh
from grayrelease.domain.state import (
    OVER,
    Decision,
    Goal,
    Memory,
    Phase,
    Reason,
    Seen,
    Status,
    TargetIntent,
    Write,
)
from grayrelease.domain.steps import Following, following
from grayrelease.domain.table import Table
from grayrelease.domain.tell import base_changed, now_is, says_next

OF_TRAFFIC = frozenset(
    {
        "verifying",
        "not-seen-yet",
        "too-small",
        "no-traffic",
        "no-metrics",
        "draining",
        "drain-unseen",
        "drain-blind",
    }
)
"""What is awaited of traffic: to see it, Prometheus must be asked."""
OF_CALLERS = frozenset({"callers-new", "callers-unknown"})
OF_PEOPLE = OF_CALLERS | {"base-changed"}
"""What is awaited of people, though it may also come right by what others do."""
AGAIN = timedelta(seconds=5)
"""So often the cluster is looked at meanwhile."""


@dataclass(frozen=True)
class Course:
    """Where one release is: its phase, the step that is due, and the plan's step that follows."""

    phase: Phase
    step: Step | None
    then: Following | None = None


def decide(intent: TargetIntent, seen: Seen, memory: Memory) -> Decision:
    """Return the writes that are safe now, what to remember and what to tell.

    All releases of the target share its route objects; one that waits does not hold up another. Each run
    may be the first one after a crash: nothing is taken from `memory` but since when something has been as
    it is.
    """
    if not intent.releases and not intent.pinned:
        return Decision((), {}, Memory(), waiting=False)
    look, drift = watch(refresh(Look(intent, seen, memory)))
    look, proofs = track(look)
    ones = [One(look, release) for release in intent.releases]
    if reason := frozen(look, ones, drift):
        return _stop(look, reason)
    table = Table(look, ones)
    if not ones:
        return drift.repaired(_left_pinned(look, table), look)
    return drift.repaired(react(look, ones, _go(look, table, proofs)), look)


def _stop(look: Look, reason: Reason) -> Decision:
    repair = Reason("person-repairs", {"object": str(reason.facts.get("object", look.service))})
    status = Status(Phase.FROZEN, reason, None, repair)
    return Decision((), {each.id: status for each in look.releases}, look.memory, waiting=False)


def _go(look: Look, table: Table, proofs: Proofs) -> Decision:
    courses = _one_outlasts(look, {one.id: _course(one, table, proofs) for one in table.ones})
    writes = _writes(table, courses)
    awaited = [course.step.waits.code for course in courses.values() if course.step]
    decision = Decision(
        writes,
        {one.id: _status(one, courses[one.id]) for one in table.ones},
        replace(noted(look, writes), started=_started(table, writes)),
        waiting=bool(writes or set(awaited) - OF_PEOPLE - LEFT or table.untidy),
        needs_traffic=any(code in OF_TRAFFIC for code in awaited),
        base=look.base if any(one.asks for one in table.ones) else (),
    )
    return _ended(table, courses, _advanced(look, courses, decision))


def _one_outlasts(look: Look, courses: dict[int, Course]) -> dict[int, Course]:
    """Keep the newest of releases that would all end in one run: who ends last gives the routes back."""
    if len(courses) < 2 or any(course.phase not in OVER for course in courses.values()):
        return courses
    newest = max(courses)
    phase = Phase.FINISHING if courses[newest].phase == Phase.FINISHED else Phase.ABANDONING
    return {**courses, newest: Course(phase, writing(look.subsets_key))}


def _writes(table: Table, courses: Mapping[int, Course]) -> tuple[Write, ...]:
    """Return what is written first: routes, or subsets, or what single releases need."""
    own = [write for course in courses.values() if course.step for write in course.step.writes]
    return table.routes() or table.rule() or tuple({write.key: write for write in own}.values())


def _started(table: Table, writes: tuple[Write, ...]) -> tuple[int, ...]:
    """Return the releases whose start is applied, with those that these writes apply."""
    routed = {write.release for write in writes if write.key.kind != "Deployment"}
    return tuple(one.id for one in table.ones if one.started or one.id in routed)


def _status(one: One, course: Course) -> Status:
    waits = course.step.waits if course.step else course.then.waits if course.then else None
    after = says_next(one, course.phase, course.step is not None, course.then)
    return Status(course.phase, now_is(one, course.phase), waits, after)


def _advanced(look: Look, courses: Mapping[int, Course], decision: Decision) -> Decision:
    """Let steps follow whose time has come, and look again when the next one's has."""
    still = {pk: each.then for pk, each in courses.items() if each.then and not each.step}
    due = {pk: then.at for pk, then in still.items() if then.at is not None}
    now = {pk for pk, at in due.items() if at <= look.now}
    advances = {pk: still[pk].number for pk in now if not still[pk].waits}
    later = [at for pk, at in due.items() if pk not in now]
    waits = {reason.code for pk in now if (reason := still[pk].waits)}
    if (
        decision.base
        or waits & OF_PEOPLE
        or any(each.step and each.step.waits.code in LEFT for each in courses.values())
    ):
        later.append(look.now + AGAIN)
    return replace(
        decision,
        advances=advances,
        due=min(later, default=None),
        waiting=decision.waiting or bool(waits - OF_PEOPLE),
        needs_callers=bool(waits & OF_CALLERS) and not look.seen.callers_asked,
    )


def _ended(table: Table, courses: Mapping[int, Course], decision: Decision) -> Decision:
    """Say what becomes of the target when releases are over."""
    over = [one for one in table.ones if courses[one.id].phase in OVER]
    if not over:
        return decision
    look, winners = table.look, [winner_of(one) for one in over if one.goal == Goal.FINISH]
    changed = [winner for winner in winners if winner != look.stable]
    last = len(over) == len(table.ones)
    kept = any(one.release.keep_both and one.look.runs(one.candidate) for one in over)
    pinned = look.intent.pinned or kept
    # Kept beside a stable version that has no pods: the routes are still to be given back.
    freed = last and not kept and not (pinned and len(look.endpoints.versions()) > 1)
    left = decision.memory
    memory = Memory() if freed else replace(left, capacity=0 if changed else left.capacity)
    return replace(
        decision,
        memory=memory,
        waiting=decision.waiting or not last or kept,
        new_stable=next(iter(changed), ""),
        freed=freed,
        pinned=pinned and not freed,
    )


def _left_pinned(look: Look, table: Table) -> Decision:
    """Keep the routes of an abandoned release pinned until one version only is an endpoint."""
    versions = sorted(look.endpoints.versions())
    if len(versions) != 1 or "" in versions:
        writes = table.routes() or table.rule()
        return Decision(writes, {}, look.memory, waiting=bool(writes), pinned=True)
    step = collapse(look, versions[0], "", None)
    if step is not None:
        return Decision(step.writes, {}, look.memory, waiting=True, pinned=True)
    return Decision((), {}, Memory(), waiting=False, new_stable=_other(look, versions[0]), freed=True)


def _other(look: Look, left: str) -> str:
    return left if left != look.stable else ""


def _course(one: One, table: Table, proofs: Proofs) -> Course:
    if one.asks:
        return Course(Phase.PREPARING, Step(base_changed(one)))
    return _COURSES[one.goal](one, table, proofs)


def _run(one: One, table: Table, proofs: Proofs) -> Course:
    step = table.step(one) or unverified(one, proofs)
    then = following(one) if step is None else None
    if step is None and one.wanted.exposure.everyone == ALL:
        return Course(Phase.TAKEN_OVER, None, then)
    return Course(_going(one), step, then)


def _going(one: One) -> Phase:
    """Return RUNNING from the first exposure on; where none is wanted, from when one could be given."""
    exposed = one.exposed
    met = exposed is not None and (exposed.share > 0 or exposed.before > 0 or exposed.key)
    wants = one.wanted.exposure.meets
    could = one.look.has_subset(one.candidate) if one.brings else one.look.pinned
    return Phase.RUNNING if met or one.release.held or (not wants and could) else Phase.PREPARING


def _take_over(one: One, table: Table, proofs: Proofs) -> Course:
    step = table.step(one) or unverified(one, proofs)
    return Course(_going(one) if step else Phase.TAKEN_OVER, step)


def _roll_back(one: One, table: Table, proofs: Proofs) -> Course:
    step = table.step(one) or unverified(one, proofs)
    return Course(Phase.ROLLING_BACK if step else Phase.ROLLED_BACK, step)


def _finish(one: One, table: Table, proofs: Proofs) -> Course:
    step = finish(one, table, proofs)
    return Course(Phase.FINISHING if step else Phase.FINISHED, step)


def _abandon(one: One, table: Table, proofs: Proofs) -> Course:
    step = abandon(one, table, proofs)
    return Course(Phase.ABANDONING if step else Phase.ABANDONED, step)


_COURSES: dict[Goal, Callable[[One, Table, Proofs], Course]] = {
    Goal.RUN: _run,
    Goal.TAKE_OVER: _take_over,
    Goal.ROLL_BACK: _roll_back,
    Goal.FINISH: _finish,
    Goal.ABANDON: _abandon,
}
