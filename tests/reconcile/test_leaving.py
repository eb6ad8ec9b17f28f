"""Finishing where a tool keeps the loser: rows, deeds and runs together."""

from __future__ import annotations

from grayrelease import operations
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Phase
from grayrelease.models import Release
from tests.world import NAMESPACE, World, person

V1 = ("Deployment", NAMESPACE, "reviews-v1")
TRACKED = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:demo/reviews-v1"}


def generation(release: Release) -> int:
    release.target.refresh_from_db()
    return release.target.generation


def taken_over(world: World) -> Release:
    """A release that has taken over from a version that isn't ours."""
    release = world.release(1000)
    world.run_until(release, Phase.TAKEN_OVER)
    return release


def in_git(found: Manifest) -> None:
    found["metadata"]["annotations"] = dict(TRACKED)


def test_what_git_keeps_waits_without_polling_and_goes_on_once_it_is_removed(world: World) -> None:
    release = taken_over(world)
    world.cluster.edit(*V1, in_git)
    operations.finish(person("operator"), release, generation(release))
    world.run_until(release, Phase.FINISHING)
    assert release.status["waits"][0] == "remove-from-git" and release.target.due_at is not None
    assert world.cluster.get(*V1)["spec"]["replicas"] == 1
    assert [each["kept"] for each in workloads(release) if each["name"] == "reviews-v1"] == [
        ["Argo CD", "shop"]
    ]
    world.cluster.remove(*V1)
    world.run_until(release, Phase.FINISHED)
    assert release.target.stable == "v2"


def workloads(release: Release) -> list[dict[str, object]]:
    return [each for version in release.target.observed["versions"] for each in version["workloads"]]


def test_people_may_scale_it_all_the_same(world: World) -> None:
    release = taken_over(world)
    world.cluster.edit(*V1, in_git)
    operations.finish(person("operator"), release, generation(release))
    world.run_until(release, Phase.FINISHING)
    operations.finish(person("operator"), release, generation(release), scale_held=True)
    world.run_until(release, Phase.FINISHED)
    assert world.cluster.get(*V1)["spec"]["replicas"] == 0


def test_three_tries_are_remembered_between_runs(world: World) -> None:
    release = taken_over(world)
    world.cluster.edit(*V1, lambda found: found["metadata"].pop("annotations", None))
    operations.finish(person("operator"), release, generation(release))
    for _ in range(20):
        world.run(release)
        if release.phase == Phase.FINISHED or world.cluster.get(*V1)["spec"]["replicas"] == 0:
            world.cluster.edit(*V1, lambda found: found["spec"].update(replicas=1), manager="keda-operator")
            world.let_pods_run()
    emptied = [
        each for each in world.ours() if (each.kind, each.name, each.verb) == (V1[0], V1[2], "replace")
    ]
    assert len(emptied) == 3
    assert release.status["waits"][0] == "loser-comes-back"
