"""What becomes of others' edits: what breaks a rule is put right, three times; the rest waits for people."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Decision, Goal, Key, Phase, Reason
from tests.domain.manifests import ROUTES, SUBSETS, V2
from tests.domain.rules import shares
from tests.domain.test_status import status
from tests.domain.test_writes import until_still
from tests.domain.world import World

Change = Callable[[Manifest], None]
WANTED = {"v1": 800, "v2": 200}


def exposed(share: int = 200) -> World:
    world = World()
    world.deed(Goal.RUN, share)
    until_still(world)
    return world


def edit(world: World, key: Key, change: Change, manager: str = "kubectl-edit") -> None:
    """Let another field manager change an object."""
    found = deepcopy(world.objects[key])
    change(found)
    fields = [{"manager": manager, "operation": "Update", "time": "2026-11-24T12:30:00Z"}]
    found["metadata"]["managedFields"] = fields
    world.put(key, found)


def ways(manifest: Manifest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manifest["spec"]["http"][0]["route"]
    return found


def weighted(*weights: int) -> Change:
    def change(manifest: Manifest) -> None:
        for to, weight in zip(ways(manifest), weights, strict=True):
            to["weight"] = weight

    return change


def unpinned(manifest: Manifest) -> None:
    manifest["spec"]["http"] = [{"route": [{"destination": {"host": "reviews"}}]}]


def as_in_git(manifest: Manifest) -> None:
    """As `kubectl replace`, or a tool that keeps a repository's state, leaves it."""
    unpinned(manifest)
    manifest["metadata"]["annotations"] = {}


def to_nowhere(manifest: Manifest) -> None:
    ways(manifest)[1]["destination"]["subset"] = "gr-v9"


def without_subset(manifest: Manifest) -> None:
    manifest["spec"]["subsets"] = [each for each in manifest["spec"]["subsets"] if each["name"] != "gr-v2"]


def other_pods(manifest: Manifest) -> None:
    manifest["spec"]["subsets"][1]["labels"] = {"version": "v9"}


def one_more(manifest: Manifest) -> None:
    ways(manifest).append({"destination": {"host": "legacy"}, "weight": 100})


def unnoted(manifest: Manifest) -> None:
    manifest["metadata"]["annotations"] = {}


BREAKING: dict[str, tuple[Key, Change]] = {
    "a route without a subset": (ROUTES, unpinned),
    "routes as they are in a repository": (ROUTES, as_in_git),
    "a subset that is not there": (ROUTES, to_nowhere),
    "a negative weight": (ROUTES, weighted(-100, 1100)),
    "no weight at all": (ROUTES, weighted(0, 0)),
    "a subset taken away": (SUBSETS, without_subset),
    "a subset of other pods": (SUBSETS, other_pods),
}
OTHER: dict[str, tuple[Key, Change]] = {
    "another share": (ROUTES, weighted(650, 350)),
    "a share that its pods can't carry": (ROUTES, weighted(1, 999)),
    "a destination more": (ROUTES, one_more),
    "our note taken away": (SUBSETS, unnoted),
}


@pytest.mark.parametrize("words", BREAKING)
def test_what_breaks_a_rule_is_put_right_at_once_by_what_is_wanted(words: str) -> None:
    world = exposed()
    before = deepcopy(world.objects)
    edit(world, *BREAKING[words])
    first = world.run()
    assert [write.key for write in first.writes] == [BREAKING[words][0]]
    assert {key: each["spec"] for key, each in world.objects.items()} == {
        key: each["spec"] for key, each in before.items()
    }, "nobody is moved to stable and back"
    until_still(world)
    assert (status(world.decide()).phase, shares(world)) == (Phase.RUNNING, WANTED)


@pytest.mark.parametrize("words", OTHER)
def test_anything_else_is_left_as_it_is_until_a_person_chooses(words: str) -> None:
    world = exposed()
    key, change = OTHER[words]
    edit(world, key, change)
    made = deepcopy(world.objects)
    decision = status(world.run())
    assert decision.now == Reason("edited-by-other", {"object": str(key), "manager": "kubectl-edit"})
    assert decision.phase == Phase.FROZEN
    world.tick(600)
    world.run()
    assert world.objects == made


@pytest.mark.parametrize("words", [*OTHER, *BREAKING])
def test_a_deed_that_knows_nothing_of_an_edit_does_not_decide_what_becomes_of_it(words: str) -> None:
    """Somebody starts another release, or pauses this one, just as it happens."""
    world = exposed()
    edit(world, *{**OTHER, **BREAKING}[words])
    world.deed(Goal.RUN, 200)
    decision = status(world.run())
    assert decision.phase == (Phase.FROZEN if words in OTHER else Phase.RUNNING)


@pytest.mark.parametrize("words", [each for each in OTHER if OTHER[each][0] == ROUTES])
def test_written_again_what_was_edited_is_as_people_want_it(words: str) -> None:
    world = exposed()
    before = deepcopy(world.objects[ROUTES]["spec"])
    edit(world, *OTHER[words])
    world.deed(Goal.RUN, 200, decides=True)
    until_still(world)
    assert world.objects[ROUTES]["spec"] == before


def test_what_people_decide_is_written_at_once_and_counts_for_this_edit_alone() -> None:
    world = exposed()
    edit(world, ROUTES, weighted(650, 350))
    world.deed(Goal.RUN, 200, decides=True)
    assert len(world.run().writes) == 1 and shares(world) == WANTED
    edit(world, ROUTES, weighted(650, 350))
    assert status(world.run()).phase == Phase.FROZEN


def seconds(world: World, count: int, change: Callable[[World], None]) -> list[Decision]:
    """Let a controller change something each second, after each of our runs."""
    decisions = []
    for _ in range(count):
        change(world)
        decisions.append(world.run())
        world.tick(1)
    return decisions


def reverts(world: World) -> None:
    edit(world, ROUTES, unpinned, "argocd-controller")


def test_a_controller_that_writes_back_each_second_ends_frozen_and_not_in_a_write_war() -> None:
    world = exposed()
    decisions = seconds(world, 60, reverts)
    assert [len(each.writes) for each in decisions] == [1, 1, 1] + [0] * 57
    told = {"object": "VirtualService/reviews", "manager": "argocd-controller"}
    assert status(decisions[-1]).now == Reason("repaired-in-vain", told)
    assert not decisions[-1].waiting


def test_it_stays_frozen_for_as_long_as_nobody_decides() -> None:
    world = exposed()
    seconds(world, 4, reverts)
    world.tick(3600)
    assert status(world.run()).now.code == "repaired-in-vain"


def test_once_somebody_decided_it_is_written_and_given_up_at_once_if_it_is_undone_again() -> None:
    world = exposed()
    seconds(world, 4, reverts)
    world.deed(Goal.RUN, 200, decides=True)
    assert len(world.run().writes) == 1 and shares(world) == WANTED
    reverts(world)
    assert status(world.run()).now.code == "repaired-in-vain"


def test_what_was_put_right_long_ago_does_not_count() -> None:
    world = exposed()
    for _ in range(12):
        reverts(world)
        assert len(world.run().writes) == 1
        world.tick(301)
        until_still(world)
    assert shares(world) == WANTED


@pytest.mark.parametrize("key", [ROUTES, SUBSETS])
def test_objects_that_are_deleted_again_and_again_are_not_made_again_for_ever(key: Key) -> None:
    world = exposed()
    made = len(world.log)
    for _ in range(8):
        if key in world.objects:
            world.drop(key)
        for _ in range(5):
            world.run()
            world.tick(1)
    assert status(world.run()).now == Reason("repaired-in-vain", {"object": str(key), "manager": ""})
    assert sum(each.key == key for each in world.log[made:]) <= 6


def test_rolling_back_is_written_over_any_edit_and_then_has_the_same_limit() -> None:
    world = exposed()
    edit(world, ROUTES, weighted(650, 350))
    world.deed(Goal.ROLL_BACK)
    assert len(world.run().writes) == 1 and shares(world) == {"v1": 1000}
    until_still(world)

    def raises(world: World) -> None:
        both = [{"destination": {"host": "reviews", "subset": s}, "weight": 500} for s in ("gr-v1", "gr-v2")]
        edit(world, ROUTES, lambda found: found["spec"].update(http=[{"route": both}]))

    decisions = seconds(world, 20, raises)
    assert sum(len(each.writes) for each in decisions) == 3
    assert status(decisions[-1]).now.code == "repaired-in-vain"
    world.deed(Goal.ROLL_BACK)
    world.run()
    assert shares(world) == {"v1": 1000}


def test_what_is_put_right_gives_the_candidate_nothing_while_its_pods_are_not_ready() -> None:
    world = exposed()
    world.prompt = False
    world.set_ready("reviews-v2-0", False)
    edit(world, ROUTES, unpinned)
    world.run()
    assert shares(world) == {"v1": 1000}


def test_a_broken_rule_is_put_right_and_another_edit_beside_it_stays() -> None:
    world = exposed()
    edit(world, ROUTES, weighted(650, 350))
    edit(world, SUBSETS, without_subset)
    decision = world.run()
    assert [write.key for write in decision.writes] == [SUBSETS]
    assert shares(world) == {"v1": 650, "v2": 350}
    assert status(world.run()).now.code == "edited-by-other"


def test_the_candidates_workload_is_not_made_before_routes_are_put_right() -> None:
    world = exposed()
    world.drop(V2)
    edit(world, ROUTES, unpinned)
    assert [write.key for write in world.run().writes] == [ROUTES]
    assert shares(world) == {"v1": 1000}
