from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from grayrelease import operations
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release, Target
from tests.world import World, person


def generation(release: Release) -> int:
    return Target.objects.values_list("generation", flat=True).get(pk=release.target_id)


def running(world: World, share: int = 200) -> Release:
    """A release that has come to its share, by columns alone."""
    release = world.release(share)
    Release.objects.filter(pk=release.pk).update(phase=Phase.RUNNING, share_in_effect=share)
    return release


def deeds(release: Release) -> list[str]:
    return list(Event.objects.filter(release=release).order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize("name", ["operator", "lead", "admin"])
def test_it_lets_who_may_act_move_traffic(world: World, name: str) -> None:
    release = running(world)
    before = generation(release)
    deed = operations.set_share(person(name), release, 500, before)
    release.refresh_from_db()
    assert (release.goal, release.share, generation(release)) == (Goal.RUN, 500, before + 1)
    assert deed.event is not None
    assert (deed.event.actor, deed.event.kind) == (person(name), "share")
    assert deed.event.data["before"]["share"] == 200


DEEDS: list[Callable[[str, Release], object]] = [
    lambda who, release: operations.set_share(person(who), release, 500, generation(release)),
    lambda who, release: operations.take_over(person(who), release, "v2", generation(release)),
    lambda who, release: operations.roll_back(person(who), release),
    lambda who, release: operations.finish(person(who), release, generation(release)),
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("name", "refusal"), [("viewer", operations.Forbidden), ("stranger", operations.NotFound)]
)
def test_it_refuses_who_may_not_act(
    world: World, deed: Callable[[str, Release], object], name: str, refusal: type[Exception]
) -> None:
    release = running(world)
    before = generation(release)
    with pytest.raises(refusal):
        deed(name, release)
    assert generation(release) == before
    assert deeds(release) == []


def test_a_double_click_is_done_once(world: World) -> None:
    release = running(world)
    drawn = generation(release)
    operations.set_share(person("operator"), release, 800, drawn)
    again = operations.set_share(person("operator"), release, 800, drawn)
    assert again.event is None
    assert generation(release) == drawn + 1
    assert deeds(release) == ["share"]


def test_an_old_page_is_told_who_did_what(world: World) -> None:
    release = running(world)
    drawn = generation(release)
    operations.set_share(person("operator"), release, 500, drawn)
    with pytest.raises(operations.Moved) as moved:
        operations.set_share(person("lead"), release, 800, drawn)
    last = moved.value.last
    assert last is not None
    assert (last.actor, last.kind) == (person("operator"), "share")
    assert (last.data["before"]["share"], last.data["after"]["share"]) == (200, 500)
    release.refresh_from_db()
    assert release.share == 500


def test_of_two_at_the_same_time_one_wins(world: World) -> None:
    release = running(world)
    drawn = generation(release)
    start = threading.Barrier(2)
    results: list[str] = []

    def move(name: str, share: int) -> None:
        start.wait()
        try:
            operations.set_share(person(name), release, share, drawn)
            results.append("done")
        except operations.Moved:
            results.append("moved")
        finally:
            connection.close()

    people = [threading.Thread(target=move, args=each) for each in (("operator", 500), ("lead", 800))]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(results) == ["done", "moved"]
    assert generation(release) == drawn + 1


def test_a_row_that_stays_locked_is_busy(world: World) -> None:
    release = running(world)
    errors: list[type[Exception]] = []

    def ask() -> None:
        try:
            operations.set_share(person("operator"), release, 500, generation(release))
        except operations.Busy as error:
            errors.append(type(error))
        finally:
            connection.close()

    with transaction.atomic():
        Target.objects.select_for_update().get(pk=release.target_id)
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    assert errors == [operations.Busy]


def test_rolling_back_ignores_what_others_did_meanwhile(world: World) -> None:
    release = running(world)
    operations.set_share(person("lead"), release, 500, generation(release))
    operations.roll_back(person("operator"), release)
    release.refresh_from_db()
    assert (release.goal, release.share, release.winner) == (Goal.ROLL_BACK, 0, "v1")


def test_a_roll_back_that_nobody_hears_runs_in_the_request(world: World) -> None:
    release = world.release(200)
    world.run_until(release, Phase.RUNNING, quiet=False)
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}
    deed = operations.roll_back(person("operator"), release)
    assert not deed.rung
    assert world.weights() == {"gr-v1": 1000}


def test_what_was_rolled_back_is_not_raised_again(world: World) -> None:
    release = running(world)
    operations.roll_back(person("operator"), release)
    Release.objects.filter(pk=release.pk).update(phase=Phase.RUNNING)
    with pytest.raises(operations.Refused) as refused:
        operations.set_share(person("operator"), release, 500, generation(release))
    assert [reason.code for reason in refused.value.reasons] == ["rolled-back-already"]


def test_nothing_is_finished_before_one_version_has_taken_over(world: World) -> None:
    release = running(world)
    with pytest.raises(operations.Refused) as refused:
        operations.finish(person("operator"), release, generation(release))
    assert [reason.code for reason in refused.value.reasons] == ["take-over-first"]
