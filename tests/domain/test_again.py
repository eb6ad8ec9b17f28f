"""A version whose workload stands at 0 pods is brought again under its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grayrelease.domain import again, marks
from grayrelease.domain.plan import Candidate, Exposure, Manifest, Stable
from grayrelease.domain.state import Goal, Key, Phase, ReleaseIntent, Replace
from tests.domain.manifests import US, V1, V2, deployment, plan
from tests.domain.world import World

LONG_ENOUGH = 80


def until(world: World, phase: Phase) -> None:
    for _ in range(LONG_ENOUGH):
        status = world.run().statuses.get(world.release.id)
        if status and status.phase == phase and not world.decide().waiting:
            return
        if world.finished:
            return
        world.tick()
    raise AssertionError(status)


def ended(world: World, goal: Goal, **deed: object) -> None:
    world.deed(goal, **deed)  # type: ignore[arg-type]
    until(world, Phase.FINISHED)
    assert world.finished


def newer(version: str) -> Manifest:
    made = deployment(version)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = f"istio/reviews:{version}-newer"
    return made


def begin(world: World, version: str, stable: str) -> None:
    """Start another release, of a version whose workload may be there."""
    workload = f"reviews-{version}"
    candidate = Candidate(version=version, workload=workload, replicas=1, manifest=newer(version))
    wanted = plan().model_copy(
        update={
            "candidate": candidate,
            "stable": Stable(version=stable, workload=f"reviews-{stable}"),
            "name": f"{workload}-again",
        }
    )
    world.finished, world.stable = False, stable
    world.generation += 1
    world.release = ReleaseIntent(world.release.id + 1, wanted, Goal.RUN, Exposure(share=200))
    world.memory = replace(world.memory, capacity=0)


def abandoned() -> World:
    world = World()
    until(world, Phase.RUNNING)
    ended(world, Goal.ABANDON)
    assert world.objects[V2]["spec"]["replicas"] == 0
    return world


def image(world: World, key: Key) -> str:
    return str(world.objects[key]["spec"]["template"]["spec"]["containers"][0]["image"])


def test_an_abandoned_version_is_brought_again_with_its_new_template() -> None:
    world = abandoned()
    uid = world.objects[V2]["metadata"]["uid"]
    begin(world, "v2", "v1")
    until(world, Phase.RUNNING)
    assert world.objects[V2]["metadata"]["uid"] == uid
    assert (world.objects[V2]["spec"]["replicas"], image(world, V2)) == (1, "istio/reviews:v2-newer")
    assert marks.made_by(world.objects[V2], US)


def test_it_is_brought_again_only_once_all_traffic_is_pinned_and_that_is_settled() -> None:
    world = abandoned()
    begin(world, "v2", "v1")
    before = len(world.log)
    until(world, Phase.RUNNING)
    kinds = [write.key.kind for write in world.log[before:]]
    assert kinds[:3] == ["DestinationRule", "VirtualService", "Deployment"]
    assert isinstance(world.log[before + 2], Replace)


def test_it_says_that_it_brings_it_again() -> None:
    world = abandoned()
    begin(world, "v2", "v1")
    world.run()
    world.tick()
    told = set()
    for _ in range(6):
        status = world.run().statuses[world.release.id]
        told.add(status.next.code if status.next else "")
        world.tick()
    assert "will-bring-again" in told and "will-create" not in told


def test_a_users_version_that_a_finish_scaled_to_0_comes_back_and_goes_to_0_once_more() -> None:
    world = World()
    until(world, Phase.RUNNING)
    world.deed(Goal.TAKE_OVER, share=1000, winner="v2")
    until(world, Phase.TAKEN_OVER)
    ended(world, Goal.FINISH, share=1000, winner="v2")
    assert (world.stable, world.objects[V1]["spec"]["replicas"]) == ("v2", 0)
    begin(world, "v1", "v2")
    until(world, Phase.RUNNING)
    assert (world.objects[V1]["spec"]["replicas"], image(world, V1)) == (1, "istio/reviews:v1-newer")
    assert not marks.made_by(world.objects[V1], US)
    ended(world, Goal.ABANDON)
    assert world.objects[V1]["spec"]["replicas"] == 0


@pytest.mark.parametrize("goal", [Goal.FINISH, Goal.ABANDON])
def test_a_users_version_that_loses_again_is_scaled_and_never_deleted_unasked(goal: Goal) -> None:
    world = World()
    until(world, Phase.RUNNING)
    world.deed(Goal.TAKE_OVER, share=1000, winner="v2")
    until(world, Phase.TAKEN_OVER)
    ended(world, Goal.FINISH, share=1000, winner="v2")
    begin(world, "v1", "v2")
    until(world, Phase.RUNNING)
    world.deed(Goal.ROLL_BACK, winner="v2")
    until(world, Phase.ROLLED_BACK)
    ended(world, goal, winner="v2")
    assert world.objects[V1]["spec"]["replicas"] == 0


def test_what_somebody_changed_since_is_left_alone() -> None:
    world = abandoned()
    found = world.objects[V2]
    world.put(V2, {**found, "spec": {**found["spec"], "minReadySeconds": 5}})
    begin(world, "v2", "v1")
    for _ in range(LONG_ENOUGH):
        world.run()
        world.tick()
    assert world.objects[V2]["spec"]["replicas"] == 0


def left() -> Manifest:
    return marks.marked(deployment("v2", replicas=0), US, 3, made=True)


def held(workload: Manifest) -> None:
    workload["metadata"]["annotations"]["meta.helm.sh/release-name"] = "shop"


def selecting(workload: Manifest) -> None:
    workload["spec"]["selector"]["matchLabels"] = {"app": "reviews"}
    workload["metadata"]["annotations"][marks.HASH] = marks.digest(workload["spec"])


def running(workload: Manifest) -> None:
    workload["spec"]["replicas"] = 1


def others(workload: Manifest) -> None:
    workload["metadata"]["annotations"][marks.OWNER] = "another/3"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (held, "workload-held"),
        (selecting, "workload-selects"),
        (running, "workload-taken"),
        (others, "workload-taken"),
        (lambda workload: workload["metadata"].pop("annotations"), "workload-taken"),
    ],
)
def test_it_says_why_a_name_can_not_be_had(change: object, code: str) -> None:
    assert again.why_not(left(), US, newer("v2")) is None
    there = left()
    change(there)  # type: ignore[operator]
    reason = again.why_not(there, US, newer("v2"))
    assert reason is not None and reason.code == code
