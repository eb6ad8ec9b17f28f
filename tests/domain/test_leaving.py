"""Losers that aren't ours to take: kept by Helm or from Git, or brought back by somebody's controller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grayrelease.domain import candidate
from grayrelease.domain.holders import Held, held
from grayrelease.domain.state import Decision, Goal, Phase, Reason
from tests.domain.manifests import ROUTES, SUBSETS, V1, V2, deployment
from tests.domain.rules import shares
from tests.domain.test_status import status
from tests.domain.test_writes import until_still
from tests.domain.world import World

ARGO = {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:demo/reviews-v1"}}
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}
HELM = {
    "annotations": {"meta.helm.sh/release-name": "shop"},
    "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "shop-1.4.0"},
}
GIT = [(ARGO, "Argo CD", "shop"), (FLUX, "Flux", "apps")]


def kept(world: World, by: dict[str, Any], key: Any = V1) -> None:
    """A tool notes that it keeps a workload."""
    metadata = world.objects[key]["metadata"]
    for field, values in by.items():
        metadata[field] = {**metadata.get(field, {}), **values}


def taken_over(by: dict[str, Any] | None = None) -> World:
    world = World()
    until_still(world)
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    if by:
        kept(world, by)
    return world


def finish_and_wait(world: World) -> Decision:
    """Finish, and let 30 s pass: nobody takes the loser away."""
    world.deed(Goal.FINISH, 1000, "v2")
    for _ in range(30):
        decision = world.run()
        world.tick(1)
    return decision


@pytest.mark.parametrize(("by", "tool", "part"), [*GIT, (HELM, "Helm", "shop-1.4.0")])
def test_it_knows_who_keeps_an_object_and_of_what_it_is_a_part(
    by: dict[str, Any], tool: str, part: str
) -> None:
    manifest = deployment("v1")
    manifest["metadata"] = {**manifest["metadata"], **by}
    assert held(manifest) == Held(tool, part)
    assert held(deployment("v1")) is None


def test_a_field_manager_alone_tells_the_tool_and_the_object_stands_for_its_part() -> None:
    manifest = deployment("v1")
    manifest["metadata"]["managedFields"] = [{"manager": "kustomize-controller"}]
    assert held(manifest) == Held("Flux", "reviews-v1")


@pytest.mark.parametrize(("by", "tool", "part"), GIT)
def test_what_git_keeps_is_left_with_the_routes_pinned_to_the_winner(
    by: dict[str, Any], tool: str, part: str
) -> None:
    world = taken_over(by)
    decision = finish_and_wait(world)
    facts = {"workload": "reviews-v1", "holder": tool, "part": part}
    assert status(decision).waits == Reason("remove-from-git", facts)
    assert status(decision).next == Reason("person-prunes", facts)
    assert world.objects[V1]["spec"]["replicas"] == 1
    assert shares(world) == {"v2": 1000}
    assert not decision.waiting and decision.due is not None, "the cluster is looked at now and then"


def test_what_helm_keeps_names_the_chart() -> None:
    decision = finish_and_wait(taken_over(HELM))
    facts = {"workload": "reviews-v1", "part": "shop-1.4.0"}
    assert status(decision).waits == Reason("remove-from-chart", facts)
    assert status(decision).next == Reason("person-upgrades", facts)


@pytest.mark.parametrize("removed", [True, False])
def test_once_the_loser_is_gone_the_finish_goes_on_by_itself(removed: bool) -> None:
    world = taken_over(ARGO)
    finish_and_wait(world)
    if removed:
        world.drop(V1)
    else:
        world.scale(V1, 0)
    until_still(world)
    assert (world.finished, world.stable) == (True, "v2")
    assert ROUTES not in world.objects and SUBSETS not in world.objects


def test_people_may_choose_to_delete_it_all_the_same() -> None:
    world = taken_over(ARGO)
    finish_and_wait(world)
    world.deed(Goal.FINISH, 1000, "v2", delete_loser=True)
    until_still(world)
    assert world.finished and V1 not in world.objects


def test_people_may_choose_to_scale_it_all_the_same() -> None:
    world = taken_over(ARGO)
    finish_and_wait(world)
    world.release = replace(world.release, scale_held=True)
    until_still(world)
    assert world.finished and world.objects[V1]["spec"]["replicas"] == 0


def test_a_candidate_of_ours_that_somebody_put_into_git_is_left_when_it_loses() -> None:
    world = World()
    until_still(world)
    kept(world, ARGO, V2)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    world.deed(Goal.FINISH)
    for _ in range(20):
        decision = world.run()
        world.tick(1)
    assert status(decision).waits == Reason(
        "remove-from-git", {"workload": "reviews-v2", "holder": "Argo CD", "part": "shop"}
    )
    world.deed(Goal.ABANDON)
    for _ in range(20):
        decision = world.run()
        world.tick(1)
    assert (status(decision).phase, world.objects[V2]["spec"]["replicas"]) == (Phase.ABANDONING, 1)
    after = status(decision).next
    assert after is not None and after.code == "person-prunes"


def restored(world: World, times: int = 20) -> list[int]:
    """Let somebody's controller bring the loser's pods back each time; return when they were taken."""
    taken = []
    for second in range(times * 10):
        before = len(world.log)
        world.run()
        taken += [second for write in world.log[before:] if write.key == V1]
        if world.objects[V1]["spec"]["replicas"] == 0:
            world.scale(V1, 1)
            fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
            entry = {"manager": "keda-operator", "time": "2026-11-24T12:40:00Z", "fieldsV1": fields}
            world.objects[V1]["metadata"]["managedFields"] = [entry]
        world.tick(1)
    return taken


def test_a_loser_that_comes_back_is_taken_three_times_and_then_its_restorer_is_named() -> None:
    world = taken_over()
    world.deed(Goal.FINISH, 1000, "v2")
    assert len(restored(world)) == 3
    told = status(world.decide())
    facts = {"workload": "reviews-v1", "manager": "keda-operator"}
    assert told.waits == Reason("loser-comes-back", {**facts, "times": 3})
    assert told.next == Reason("person-stops", facts)
    assert shares(world) == {"v2": 1000}


def test_finishing_once_more_takes_it_again() -> None:
    world = taken_over()
    world.deed(Goal.FINISH, 1000, "v2")
    restored(world)
    world.deed(Goal.FINISH, 1000, "v2")
    until_still(world)
    assert world.finished and world.objects[V1]["spec"]["replicas"] == 0


def test_pods_that_come_back_once_in_a_long_while_are_taken_each_time() -> None:
    world = taken_over()
    world.deed(Goal.FINISH, 1000, "v2")
    for _ in range(5):
        for _ in range(10):
            world.run()
            if world.objects[V1]["spec"]["replicas"] == 0:
                break
            world.tick(1)
        assert world.objects[V1]["spec"]["replicas"] == 0
        world.scale(V1, 1)
        world.tick(700)


def test_a_candidate_does_not_look_as_if_the_tool_of_stable_kept_it() -> None:
    stable = deployment("v1")
    labels = {**FLUX["labels"], **HELM["labels"], "argocd.argoproj.io/instance": "shop", "team": "a"}
    stable["metadata"]["labels"] |= labels
    made = candidate.make(stable, service="reviews", version="v2", image="i:2", replicas=1)
    assert held(made) is None
    assert made["metadata"]["labels"]["team"] == "a"
