"""A release starts with the routes that were reviewed, or asks: SAFETY §5."""

from __future__ import annotations

from dataclasses import replace

from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.state import Decision, Goal, Key, Phase
from tests.domain.pair import Pair, pair, planned
from tests.domain.test_pair import USERS, istio_object, to

PLANS = {7: planned("v2", Exposure(share=200)), 8: planned("v3", Exposure(share=300))}
EDGE = ("VirtualService", "demo", "edge")


def begun(*releases: int, objects: tuple[Manifest, ...] = USERS) -> Pair:
    """Let releases be reviewed with the routes that are there, and start."""
    world = pair(PLANS, *objects)
    reviewed = world.base()
    for each in releases:
        world.start(each, reviewed)
    return world


def quiet(world: Pair, seconds: int = 40) -> None:
    """Let runs and seconds follow each other."""
    for _ in range(seconds):
        run(world)


def run(world: Pair) -> Decision:
    decision = world.decide()
    for write in decision.writes:
        world.apply(write)
    world.remember(decision)
    world.tick()
    return decision


def edited(world: Pair, timeout: str = "9s") -> None:
    """Somebody changes a route that leads to the service."""
    world.cluster.edit(*EDGE, lambda edge: edge["spec"]["http"][0].update(timeout=timeout))


def agree(world: Pair, release: int) -> None:
    world.live[release] = replace(world.live[release], base=world.base())
    world.generation += 1


def waits(world: Pair, release: int) -> str:
    found = world.statuses[release].waits
    return found.code if found else ""


def routes(world: Pair) -> list[Manifest]:
    kinds = ("VirtualService", "DestinationRule")
    return [each for kind in kinds for each in world.cluster.list(kind, "demo")]


def test_it_starts_with_the_routes_that_were_reviewed() -> None:
    world = begun(7)
    quiet(world)
    assert world.statuses[7].phase == Phase.RUNNING


def test_routes_that_changed_before_the_start_stop_it_and_nothing_is_written() -> None:
    world = begun(7)
    edited(world)
    before = routes(world)
    decision = world.decide()
    quiet(world)
    assert world.statuses[7].phase == Phase.PREPARING
    assert (waits(world, 7), world.statuses[7].next and world.statuses[7].next.code) == (
        "base-changed",
        "person-agrees",
    )
    assert routes(world) == before
    assert [each for each in world.cluster.list("Deployment", "demo") if "v2" in str(each["metadata"])] == []
    assert (decision.waiting, bool(decision.due)) == (False, True)
    assert [each["spec"]["http"][0].get("timeout") for each in decision.base if "http" in each["spec"]] == [
        "9s",
        None,
    ]


def test_a_route_or_a_rule_that_came_or_went_counts_too() -> None:
    world = begun(7)
    world.cluster.seed(
        istio_object("VirtualService", "late", {"hosts": ["late"], "http": [{"route": [to("reviews")]}]})
    )
    quiet(world)
    assert waits(world, 7) == "base-changed"
    world = begun(7)
    world.cluster.remove("DestinationRule", "demo", "reviews")
    quiet(world)
    assert waits(world, 7) == "base-changed"


def test_what_leads_elsewhere_and_what_does_not_route_counts_not() -> None:
    world = begun(7)
    world.cluster.seed(
        istio_object("VirtualService", "late", {"hosts": ["late"], "http": [{"route": [to("ratings")]}]})
    )
    world.cluster.edit(*EDGE, lambda edge: edge["metadata"].update(labels={"team": "edge"}))
    quiet(world)
    assert world.statuses[7].phase == Phase.RUNNING


def test_once_a_person_agrees_to_the_routes_it_starts() -> None:
    world = begun(7)
    edited(world)
    quiet(world)
    agree(world, 7)
    quiet(world)
    assert world.statuses[7].phase == Phase.RUNNING


def test_routes_that_are_put_back_let_it_start_by_itself() -> None:
    world = begun(7)
    edited(world)
    quiet(world)
    edited(world, "3s")
    quiet(world)
    assert world.statuses[7].phase == Phase.RUNNING


def test_after_the_start_a_change_is_no_reason_to_ask() -> None:
    world = begun(7)
    run(world)
    edited(world)
    quiet(world)
    assert world.statuses[7].phase == Phase.RUNNING
    assert world.cluster.get(*EDGE)["spec"]["http"][0]["timeout"] == "9s"


def test_what_another_release_made_of_the_routes_is_no_change() -> None:
    world = begun(7, 8)
    quiet(world)
    assert {each.phase for each in world.statuses.values()} == {Phase.RUNNING}


def test_objects_that_another_release_made_are_no_change() -> None:
    world = begun(7, 8, objects=())
    quiet(world)
    assert {each.phase for each in world.statuses.values()} == {Phase.RUNNING}


def test_a_second_release_asks_while_the_first_one_runs_on() -> None:
    world = pair(PLANS, *USERS)
    reviewed = world.base()
    world.start(7, reviewed)
    quiet(world)
    edited(world)
    world.start(8, reviewed)
    quiet(world)
    assert (world.statuses[7].phase, waits(world, 7)) == (Phase.RUNNING, "")
    assert (world.statuses[8].phase, waits(world, 8)) == (Phase.PREPARING, "base-changed")
    assert "gr-v3" not in world.subsets()


def test_what_changes_while_its_pods_start_is_asked_about_before_its_own_first_write() -> None:
    world = begun(7)
    quiet(world)
    world.start(8)
    run(world)
    assert Key("Deployment", "reviews-v3") in world.written
    assert 8 not in world.memory.started
    edited(world)
    quiet(world)
    assert waits(world, 8) == "base-changed"
    assert "gr-v3" not in world.subsets()


def test_what_asks_may_be_given_up() -> None:
    world = begun(7)
    edited(world)
    before = routes(world)
    quiet(world)
    world.end(7, Goal.ABANDON)
    quiet(world)
    assert world.over[7] == Phase.ABANDONED
    assert routes(world) == before
