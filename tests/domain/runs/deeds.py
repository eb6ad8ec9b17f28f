"""What people do with a release, as `operations` does it: what the lifecycle and the room allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from grayrelease.domain import stand
from grayrelease.domain.allowed import Deed, Steps, allowed
from grayrelease.domain.drift import CODES
from grayrelease.domain.leaving import LEFT
from grayrelease.domain.plan import ALL, NOBODY, Exposure, Mirror
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import OVER, Goal, Phase, ReleaseIntent
from tests.domain.runs.course import Course
from tests.domain.test_pair import TESTERS

SHARES = (0, 100, 300, 500, ALL)
EXPOSURES = (
    NOBODY,
    Exposure(share=400),
    Exposure(share=ALL, audience=TESTERS),
    Exposure(share=500, audience=TESTERS, mirror=Mirror(share=100)),
    Exposure(mirror=Mirror()),
    Exposure(share=200, sticky=True),
)
DEEDS: tuple[Deed, ...] = (
    "set-share",
    "set-exposure",
    "continue",
    "pause",
    "resume",
    "take-over",
    "roll-back",
    "finish",
    "abandon",
    "agree",
    "vouch",
    "reapply",
)


def phase(course: Course, pk: int) -> Phase:
    """Return where people see a release: as far as they asked for, where no run has come to it yet."""
    at, goal = course.statuses[pk].phase, course.live[pk].goal
    if goal == Goal.ROLL_BACK and at in (Phase.PREPARING, Phase.RUNNING, Phase.TAKEN_OVER):
        return Phase.ROLLING_BACK
    if goal == Goal.FINISH and at in (Phase.TAKEN_OVER, Phase.ROLLED_BACK):
        return Phase.FINISHING
    if goal == Goal.ABANDON and at not in OVER | {Phase.FROZEN}:
        return Phase.ABANDONING
    return at


def steps(course: Course, pk: int) -> Steps:
    each = course.live[pk]
    waits = course.statuses[pk].waits
    return Steps(
        more=each.step + 1 < len(each.plan.steps),
        paused=each.paused,
        brings=each.plan.brings,
        sticky=each.exposure.sticky or each.plan.sticky,
        asks=waits is not None and waits.code == "base-changed",
        left=waits is not None and waits.code in LEFT,
    )


def possible(course: Course, pk: int) -> list[Deed]:
    """Return what may be done with a release now, as `allowed` has it."""
    now = course.statuses[pk].now
    table = allowed(phase(course, pk), "operator", now, course.live[pk].goal, steps(course, pk))
    return [deed for deed in DEEDS if deed in table and table[deed] is None]


def do(course: Course, pk: int, deed: Deed, choice: int) -> bool:
    """Do a deed; `choice` says which share, exposure or version. False: no room, or nothing changes."""
    each = course.live[pk]
    moved = _DOING[deed](course, each, choice)
    raises = deed in ("set-share", "set-exposure", "continue", "take-over")
    leads_out = course.statuses[pk].phase == Phase.FROZEN or steps(course, pk).left
    same = moved == each and not leads_out
    if same or (raises and stand.no_room(moved.exposure, course.others(pk))):
        return False
    course.live[pk] = moved
    course.generation += 1
    if deed == "roll-back" or course.statuses[pk].now.code in CODES:
        course.decided = course.generation
    course.ending = course.ending or deed == "finish"
    return True


def _at(each: ReleaseIntent, here: Stand, goal: Goal = Goal.RUN, winner: str = "") -> ReleaseIntent:
    placed = replace(each, exposure=here.exposure, step=here.step, drawn=here.drawn)
    return replace(placed, goal=goal, winner=winner, held=None)


def _exposed(
    each: ReleaseIntent, exposure: Exposure, goal: Goal = Goal.RUN, winner: str = ""
) -> ReleaseIntent:
    here = Stand(each.exposure, each.step, each.drawn)
    return _at(each, stand.moved(each.plan, here, exposure), goal, winner)


def _set_share(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    return _exposed(each, each.exposure.model_copy(update={"share": SHARES[choice % len(SHARES)]}))


def _set_exposure(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    return _exposed(each, EXPOSURES[choice % len(EXPOSURES)]) if each.plan.brings else each


def _continue(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    then = stand.next_step(each.plan, course.stand(each.id))
    return _at(each, then) if then else each


def _take_over(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    new = choice % 3 > 0
    version = each.plan.candidate.version if new else course.stable[0]
    return _exposed(each, Exposure(share=ALL) if new else NOBODY, Goal.TAKE_OVER, version)


def _roll_back(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    return _exposed(each, NOBODY, Goal.ROLL_BACK, course.stable[0])


def _finish(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    chosen = {"delete_loser": bool(choice % 2), "scale_held": choice % 4 == 2}
    return replace(each, goal=Goal.FINISH, **chosen)


def _abandon(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    return replace(_exposed(each, NOBODY, Goal.ABANDON, course.stable[0]), keep_both=bool(choice % 2))


def _agree(course: Course, each: ReleaseIntent, choice: int) -> ReleaseIntent:
    waits = course.statuses[each.id].waits
    return replace(each, base=str(waits.facts["base"])) if waits and "base" in waits.facts else each


_DOING: dict[Deed, Callable[[Course, ReleaseIntent, int], ReleaseIntent]] = {
    "set-share": _set_share,
    "set-exposure": _set_exposure,
    "continue": _continue,
    "pause": lambda course, each, choice: replace(each, paused=True),
    "resume": lambda course, each, choice: replace(each, paused=False),
    "take-over": _take_over,
    "roll-back": _roll_back,
    "finish": _finish,
    "abandon": _abandon,
    "agree": _agree,
    "reapply": lambda course, each, choice: each,
    "vouch": lambda course, each, choice: replace(each, vouched=tuple(sorted({*each.vouched, "?"}))),
}
