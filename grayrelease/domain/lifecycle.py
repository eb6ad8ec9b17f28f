"""`decide`: from what people want and what was seen to the next safe writes, and what to tell people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from grayrelease.domain.exposure import track, unverified
from grayrelease.domain.finish import finish, winner_of
from grayrelease.domain.guard import frozen
from grayrelease.domain.look import Look, refresh
from grayrelease.domain.order import Step, back, forward
from grayrelease.domain.plan import ALL
from grayrelease.domain.state import (
    Decision,
    Goal,
    Memory,
    Phase,
    Reason,
    ReleaseIntent,
    Seen,
    Status,
    TargetIntent,
)
from grayrelease.domain.tell import now_is, says_next
from grayrelease.domain.verify import Proof

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


@dataclass(frozen=True)
class Course:
    """Where one release is: its phase, and the step that is due; None where nothing is."""

    phase: Phase
    step: Step | None


def decide(intent: TargetIntent, seen: Seen, memory: Memory) -> Decision:
    """Return the writes that are safe now, what to remember and what to tell.

    One release at a time: the oldest; any other waits for it. Each run may be the first one after a
    crash: nothing is taken from `memory` but since when something has been as it is.
    """
    if not intent.releases:
        return Decision((), {}, Memory(), waiting=False)
    release, *others = intent.releases
    look, proof = track(refresh(Look(intent, release, seen, memory)))
    reason = frozen(look)
    decision = _stop(look, reason) if reason else _go(look, proof)
    return replace(decision, statuses={**decision.statuses, **{o.id: _behind(o, release) for o in others}})


def _behind(release: ReleaseIntent, first: ReleaseIntent) -> Status:
    plan = release.plan
    now = Reason("preparing", {"version": plan.candidate.version, "stable": plan.stable.version})
    return Status(Phase.PREPARING, now, Reason("release-exists", {"release": first.plan.name}))


def _stop(look: Look, reason: Reason) -> Decision:
    repair = Reason("person-repairs", {"object": str(reason.facts.get("object", look.service))})
    status = Status(Phase.FROZEN, reason, None, repair)
    return Decision((), {look.release.id: status}, look.memory, waiting=False)


def _go(look: Look, proof: Proof | None) -> Decision:
    course = _COURSES[look.release.goal](look, proof)
    status = Status(
        course.phase,
        now_is(look, course.phase),
        course.step.waits if course.step else None,
        says_next(look, course.phase, course.step is not None),
    )
    if course.phase == Phase.FINISHED:
        return _ended(look, status)
    return Decision(
        (course.step.write,) if course.step and course.step.write else (),
        {look.release.id: status},
        look.memory,
        waiting=course.step is not None,
        needs_traffic=course.step is not None and course.step.waits.code in OF_TRAFFIC,
    )


def _ended(look: Look, status: Status) -> Decision:
    winner = winner_of(look)
    return Decision(
        (),
        {look.release.id: status},
        Memory(),
        waiting=False,
        new_stable=winner if winner != look.intent.stable else "",
        freed=len(look.intent.releases) == 1,
    )


def _run(look: Look, proof: Proof | None) -> Course:
    step = forward(look, look.wanted) or unverified(look, proof)
    if step is None and look.wanted == ALL:
        return Course(Phase.TAKEN_OVER, None)
    return Course(_going(look), step)


def _going(look: Look) -> Phase:
    """Return RUNNING from the first share on; where none is wanted, from when one could be given."""
    exposed = look.exposed
    met = exposed is not None and (exposed.share > 0 or exposed.before > 0)
    could = look.wanted == 0 and look.has_subset(look.candidate)
    return Phase.RUNNING if met or could else Phase.PREPARING


def _take_over(look: Look, proof: Proof | None) -> Course:
    move = forward(look, ALL) if look.wanted == ALL else back(look)
    step = move or unverified(look, proof)
    return Course(_going(look) if step else Phase.TAKEN_OVER, step)


def _roll_back(look: Look, proof: Proof | None) -> Course:
    step = back(look) or unverified(look, proof)
    return Course(Phase.ROLLING_BACK if step else Phase.ROLLED_BACK, step)


def _finish(look: Look, proof: Proof | None) -> Course:
    step = finish(look, winner_of(look), proof)
    return Course(Phase.FINISHING if step else Phase.FINISHED, step)


_COURSES: dict[Goal, Callable[[Look, Proof | None], Course]] = {
    Goal.RUN: _run,
    Goal.TAKE_OVER: _take_over,
    Goal.ROLL_BACK: _roll_back,
    Goal.FINISH: _finish,
}
