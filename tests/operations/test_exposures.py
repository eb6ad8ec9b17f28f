"""Exposures, steps, pauses and giving up, and what is refused beside other releases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grayrelease import operations
from grayrelease.domain import revision, stand
from grayrelease.domain.handing import UNSEEN
from grayrelease.domain.plan import Audience, Condition, Exposure, Group, Mirror, Plan, Step
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release, Target, columns
from tests.world import World, person

OPERATOR = "operator"
ANYBODY = Audience(groups=(Group(conditions=(Condition(on="url", how="prefix", values=("/",)),)),))
TESTERS = Audience(groups=(Group(conditions=(Condition(on="header", name="x-tester", how="present"),)),))
THREE = (Exposure(share=50), Exposure(share=200, sticky=True), Exposure(share=1000))


def generation(release: Release) -> int:
    return Target.objects.values_list("generation", flat=True).get(pk=release.target_id)


def running(world: World, *exposures: Exposure, name: str = "reviews-v2") -> Release:
    """A release of these steps that runs at its first one, by columns alone."""
    release = world.release(name=name)
    plan = Plan.model_validate_json(release.plan)
    plan = plan.model_copy(update={"steps": tuple(Step(exposure=each) for each in exposures)})
    Release.objects.filter(pk=release.pk).update(
        plan=revision.freeze(plan), phase=Phase.RUNNING, vouched=[UNSEEN], **columns(stand.begin(plan))
    )
    release.refresh_from_db()
    return release


def paused(release: Release) -> bool:
    return Release.objects.values_list("paused", flat=True).get(pk=release.pk)


def codes(refused: pytest.ExceptionInfo[operations.Refused]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def test_continue_goes_to_the_next_step_once_however_often_it_is_clicked(world: World) -> None:
    release = running(world, *THREE)
    drawn = generation(release)
    operations.carry_on(person(OPERATOR), release, drawn)
    again = operations.carry_on(person(OPERATOR), release, drawn)
    release.refresh_from_db()
    assert (release.step, release.exposed, release.drawn) == (1, THREE[1], [200])
    assert (again.event, generation(release)) == (None, drawn + 1)


def test_somebody_elses_step_is_no_double_click(world: World) -> None:
    release = running(world, *THREE)
    drawn = generation(release)
    operations.carry_on(person(OPERATOR), release, drawn)
    with pytest.raises(operations.Moved):
        operations.carry_on(person("lead"), release, drawn)


def test_after_the_last_step_there_is_none(world: World) -> None:
    release = running(world, Exposure(share=50))
    with pytest.raises(operations.Refused) as refused:
        operations.carry_on(person(OPERATOR), release, generation(release))
    assert codes(refused) == ["no-more-steps"]


def test_pausing_and_resuming_are_deeds_with_events(world: World) -> None:
    release = running(world, *THREE)
    operations.pause(person(OPERATOR), release, generation(release))
    assert paused(release)
    operations.resume(person(OPERATOR), release, generation(release))
    assert not paused(release)
    kinds = Event.objects.filter(release=release).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["pause", "resume"]


def test_a_whole_exposure_is_set_and_the_share_of_its_audience_moves(world: World) -> None:
    release = running(world, *THREE)
    exposure = Exposure(share=1000, audience=TESTERS, mirror=Mirror(share=100))
    operations.set_exposure(person(OPERATOR), release, exposure, generation(release))
    operations.set_share(person(OPERATOR), release, 500, generation(release))
    release.refresh_from_db()
    assert release.exposed == exposure.model_copy(update={"share": 500})
    assert (release.share, release.step) == (0, 0)


def test_an_audience_of_everybody_is_refused(world: World) -> None:
    release = running(world, *THREE)
    with pytest.raises(operations.Refused):
        exposure = Exposure(share=1000, audience=ANYBODY)
        operations.set_exposure(person(OPERATOR), release, exposure, generation(release))


MORE: list[Callable[[Release], object]] = [
    lambda release: operations.set_share(person(OPERATOR), release, 401, generation(release)),
    lambda release: operations.set_exposure(
        person(OPERATOR), release, Exposure(share=401), generation(release)
    ),
    lambda release: operations.carry_on(person(OPERATOR), release, generation(release)),
    lambda release: operations.take_over(person(OPERATOR), release, "v2", generation(release)),
]


@pytest.mark.parametrize("deed", MORE)
def test_what_leaves_others_no_room_is_refused_and_names_them(
    world: World, deed: Callable[[Release], object]
) -> None:
    running(world, Exposure(share=600), name="other")
    release = running(world, Exposure(share=100), Exposure(share=401))
    with pytest.raises(operations.Refused) as refused:
        deed(release)
    assert [(each.code, dict(each.facts)) for each in refused.value.reasons] == [
        ("no-room", {"release": "other", "share": 600})
    ]


def test_giving_up_takes_the_exposure_out_and_keeps_what_was_chosen(world: World) -> None:
    release = running(world, *THREE)
    operations.abandon(person(OPERATOR), release, generation(release), keep_both=True)
    release.refresh_from_db()
    assert (release.goal, release.share, release.keep_both) == (Goal.ABANDON, 0, True)
    with pytest.raises(operations.Refused) as refused:
        operations.set_share(person(OPERATOR), release, 100, generation(release))
    assert codes(refused) == ["abandoning-already"]


@pytest.mark.parametrize(
    ("name", "refusal"), [("viewer", operations.Forbidden), ("stranger", operations.NotFound)]
)
def test_who_may_not_act_may_not_do_any_of_these(world: World, name: str, refusal: type[Exception]) -> None:
    release, who = running(world, *THREE), person(name)
    now = generation(release)
    deeds: list[Callable[[], object]] = [
        lambda: operations.set_exposure(who, release, Exposure(share=1), now),
        lambda: operations.carry_on(who, release, now),
        lambda: operations.pause(who, release, now),
        lambda: operations.resume(who, release, now),
        lambda: operations.abandon(who, release, now, keep_both=False),
    ]
    for deed in deeds:
        with pytest.raises(refusal):
            deed()
