"""Where a release stands in its plan, and whether an exposure has room beside the others'."""

from __future__ import annotations

import pytest

from grayrelease.domain.plan import NOBODY, Audience, Condition, Exposure, Group, Mirror, Plan, Step
from grayrelease.domain.stand import Other, Stand, begin, moved, next_step, no_room
from tests.domain.manifests import plan

TESTERS = Audience(groups=(Group(conditions=(Condition(on="header", name="x-tester", how="present"),)),))


def of(*shares: int, sticky: bool = False) -> Plan:
    steps = tuple(Step(exposure=Exposure(share=share, sticky=sticky)) for share in shares)
    return plan().model_copy(update={"steps": steps})


def test_steps_follow_each_other_to_the_last() -> None:
    three = of(50, 200, 1000)
    first = begin(three)
    second = next_step(three, first)
    assert second is not None
    third = next_step(three, second)
    assert (first.exposure.share, second, third) == (
        50,
        Stand(Exposure(share=200), 1),
        Stand(Exposure(share=1000), 2),
    )
    assert third is not None and next_step(three, third) is None


@pytest.mark.parametrize(("share", "step"), [(300, 1), (1000, 2), (50, 0), (200, 1)])
def test_a_slider_keeps_the_step_unless_one_says_that_exposure(share: int, step: int) -> None:
    three = of(50, 200, 1000)
    at = Stand(Exposure(share=200), 1)
    assert moved(three, at, Exposure(share=share)).step == step


def test_who_was_drawn_is_written_down_once_per_share() -> None:
    three = of(50, 200, 1000, sticky=True)
    stand = begin(three)
    assert stand.drawn == (50,)
    again = moved(three, stand, Exposure(share=50, sticky=True))
    raised = moved(three, again, Exposure(share=300, sticky=True))
    gone = moved(three, raised, NOBODY)
    back = moved(three, gone, Exposure(share=50, sticky=True))
    assert (again.drawn, raised.drawn, gone.drawn, back.drawn) == ((50,), (50, 300), (50, 300), (50, 300, 50))


@pytest.mark.parametrize(
    ("wanted", "other", "room"),
    [
        (Exposure(share=500), Exposure(share=500), True),
        (Exposure(share=501), Exposure(share=500), False),
        (Exposure(share=1000), Exposure(share=1, audience=TESTERS), False),
        (Exposure(share=1000, audience=TESTERS), Exposure(share=900), True),
        (Exposure(share=500, audience=TESTERS), Exposure(share=1000), False),
        (Exposure(share=100, sticky=True), Exposure(share=100), False),
        (Exposure(share=100), Exposure(share=100, sticky=True), False),
        (Exposure(share=100, sticky=True), Exposure(mirror=Mirror()), True),
        (NOBODY, Exposure(share=1000), True),
    ],
)
def test_all_exposures_together_are_never_more_than_everyone(
    wanted: Exposure, other: Exposure, room: bool
) -> None:
    found = no_room(wanted, [Other("reviews-v3", other)])
    assert (found is None) == room
    assert found is None or dict(found.facts) == {"release": "reviews-v3", "share": other.share}
