"""A release from creation to its end: each object as it is written, compared whole."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.state import Create, Delete, Goal, Phase, Write
from tests.domain.conftest import Golden
from tests.domain.manifests import V1
from tests.domain.world import World


def document(write: Write) -> dict[str, Any]:
    head = {"write": type(write).__name__, "object": str(write.key)}
    if isinstance(write, Delete):
        return {**head, "uid": write.uid, "resourceVersion": write.resource_version}
    return {**head, "manifest": write.manifest}


def until_still(world: World) -> None:
    for _ in range(60):
        if not world.run().waiting:
            return
        world.tick(1)
    raise AssertionError("it never ends")


def compare(golden: Golden, story: str, world: World) -> None:
    for number, write in enumerate(world.log, 1):
        name = f"{story}-{number}-{type(write).__name__}-{write.key.kind}".lower()
        golden(name, document(write))


def test_a_canary_is_pinned_made_exposed_takes_over_and_finishes(golden: Golden) -> None:
    world = World()
    until_still(world)
    world.deed(Goal.RUN, 800)
    until_still(world)
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    until_still(world)
    compare(golden, "canary", world)
    assert (world.finished, world.stable, world.versions()) == (True, "v2", {"v2"})


def test_a_release_is_rolled_back_by_one_write_and_its_candidate_deleted(golden: Golden) -> None:
    world = World()
    until_still(world)
    made = len(world.log)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    assert len(world.log) == made + 1
    world.deed(Goal.FINISH)
    until_still(world)
    world.log = world.log[made:]
    compare(golden, "back", world)
    assert (world.finished, world.stable, world.versions()) == (True, "v1", {"v1"})


def test_a_share_of_everyone_is_a_take_over_by_whichever_button() -> None:
    world = World()
    world.deed(Goal.RUN, 1000)
    until_still(world)
    assert world.decide().statuses[7].phase == Phase.TAKEN_OVER
    world.deed(Goal.FINISH, 1000)
    until_still(world)
    assert (world.finished, world.stable, world.versions()) == (True, "v2", {"v2"})


def test_finishing_after_a_roll_back_keeps_stable_whatever_share_was_asked_for_before() -> None:
    world = World()
    until_still(world)
    world.deed(Goal.RUN, 1000)
    until_still(world)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    world.deed(Goal.FINISH, 0)
    until_still(world)
    assert (world.stable, world.versions()) == ("v1", {"v1"})


def test_pods_of_stable_that_become_ready_while_it_prepares_count_for_its_capacity() -> None:
    world = World(stable_pods=4)
    world.set_ready("reviews-v1-3", False)
    world.prompt = False
    world.run()
    assert world.memory.capacity == 3
    world.prompt = True
    world.tick(1)
    until_still(world)
    assert world.memory.capacity == 4


def test_a_losing_workload_of_somebody_else_is_deleted_if_the_person_chose_so() -> None:
    world = World()
    until_still(world)
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2", delete_loser=True)
    until_still(world)
    assert V1 not in world.objects


def test_a_stable_version_that_an_earlier_release_made_is_deleted_when_it_loses() -> None:
    world = World()
    until_still(world)
    world.objects[V1]["metadata"]["annotations"] = {
        "grayrelease/owner": f"{world.intent().installation}/1",
        "grayrelease/made-by": world.intent().installation,
    }
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    until_still(world)
    assert V1 not in world.objects


def test_rolling_back_before_anything_was_exposed_makes_nothing_more() -> None:
    world = World()
    for _ in range(3):
        world.run()
        world.tick(1)
    before = len(world.log)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    assert len(world.log) == before
    world.deed(Goal.FINISH)
    until_still(world)
    assert world.finished and world.stable == "v1" and list(world.objects) == [V1]


def test_what_somebody_else_added_to_a_workload_is_still_there_when_it_is_scaled_down() -> None:
    world = World()
    until_still(world)
    world.objects[V1]["metadata"]["annotations"] = {"team": "reviews"}
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    until_still(world)
    found = world.objects[V1]
    assert found["metadata"]["annotations"]["team"] == "reviews"
    assert found["spec"]["replicas"] == 0
    assert not any(isinstance(write, Create) and write.key == V1 for write in world.log)
