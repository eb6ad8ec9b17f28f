"""What the watcher makes of changes in a cluster in memory: rings, and inventories."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import connection
from django.db.models.functions import Now

from grayrelease.cluster.interface import Refused
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Phase
from grayrelease.models import Inventory, Release, Target
from grayrelease.reconcile import inventory
from grayrelease.watcher import Watcher
from tests.watcher.conftest import Rung
from tests.watcher.waiting import until
from tests.world import World, project, start_release

Watch = Callable[[], AbstractContextManager[Watcher]]


def row(world: World) -> Inventory:
    return Inventory.objects.get_or_create(project=world.project)[0]


def vouched(world: World) -> bool:
    return world.project.pk not in inventory.unwatched() and row(world).watched_at is not None


def quiet(world: World, rung: Rung, release: Release, for_s: float = 0.3) -> None:
    """Wait until the watcher has begun, and nothing has rung for a while."""
    Target.objects.filter(pk=release.target_id).update(waiting=False)
    until(lambda: vouched(world) and rung.times and rung.times[-1][1] < time.monotonic() - for_s)
    rung.times.clear()


def relabelled(manifest: Manifest) -> None:
    manifest["metadata"].setdefault("labels", {})["seen"] = str(time.monotonic())


def pod_of(world: World, app: str) -> str:
    pods = world.cluster.list("Pod", "demo", f"app={app}")
    return str(pods[0]["metadata"]["name"])


def test_it_rings_when_it_begins_for_what_it_missed(world: World, rung: Rung, watch: Watch) -> None:
    release = world.release()
    with watch():
        until(lambda: rung.targets)
    assert set(rung.targets) == {release.target_id}


def test_it_rings_for_each_kind_that_concerns_a_live_target(world: World, rung: Rung, watch: Watch) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    with watch():
        quiet(world, rung, release)
        for kind, name in (
            ("Pod", pod_of(world, "reviews")),
            ("Deployment", "reviews-v1"),
            ("Service", "reviews"),
            ("EndpointSlice", world.cluster.list("EndpointSlice", "demo", _SLICE)[0]["metadata"]["name"]),
            ("VirtualService", "reviews"),
            ("DestinationRule", "reviews"),
        ):
            moment = time.monotonic()
            world.cluster.edit(kind, "demo", name, relabelled)
            until(lambda: rung.times)
            assert rung.after(moment) < 1, kind
            rung.times.clear()


_SLICE = "kubernetes.io/service-name=reviews"


def test_what_concerns_no_live_target_does_not_ring_but_is_on_the_page(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release)
        count = row(world).count
        world.cluster.edit("Deployment", "demo", "ratings-v1", lambda each: each["spec"].update(replicas=3))
        until(lambda: row(world).count > count)
    assert rung.targets == []
    ratings = next(each for each in row(world).data["workloads"] if each["name"] == "ratings-v1")
    assert ratings["replicas"] == 3


def test_our_own_write_does_not_ring_and_a_hand_edit_of_the_same_object_does(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    with watch():
        quiet(world, rung, release)
        Release.objects.filter(pk=release.pk).update(share=400)
        Target.objects.filter(pk=release.target_id).update(generation=2)
        before = len(world.ours())
        world.run(release)
        assert [each.kind for each in world.ours()[before:]] == ["VirtualService"]
        Target.objects.filter(pk=release.target_id).update(waiting=False)
        moment = time.monotonic()
        world.cluster.edit("VirtualService", "demo", "reviews", relabelled)
        until(lambda: rung.times)
    assert [at > moment for _, at in rung.times] == [True]


def test_a_burst_rings_a_few_times_and_once_after_its_end(world: World, rung: Rung, watch: Watch) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release)
        began = time.monotonic()
        for _ in range(100):
            world.cluster.edit("Deployment", "demo", "reviews-v1", relabelled)
            time.sleep(0.005)  # what is measured is a burst of half a second and more
        ended = time.monotonic()
        until(lambda: rung.times and rung.times[-1][1] > ended)
    assert len(rung.times) <= (ended - began) / 0.15 + 2


def test_a_target_that_waits_rings_at_once_and_then_once_a_second(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release, for_s=1.1)
        Target.objects.filter(pk=release.target_id).update(waiting=True)
        began = time.monotonic()
        world.cluster.edit("Deployment", "demo", "reviews-v1", relabelled)
        until(lambda: rung.times)
        world.cluster.edit("Deployment", "demo", "reviews-v1", relabelled)
        until(lambda: len(rung.times) > 1)
    assert rung.after(began) < 0.5
    assert rung.times[1][1] - rung.times[0][1] >= 0.99


def test_where_nobody_hears_the_bell_the_driver_finds_the_target_waiting(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release)
        rung.deaf = True
        for _ in range(2):
            world.cluster.edit("Deployment", "demo", "reviews-v1", relabelled)
            until(lambda: Target.objects.filter(pk=release.target_id, waiting=True).exists())
            Target.objects.filter(pk=release.target_id).update(waiting=False)
    assert len(rung.times) == 1  # a broker that hangs is left alone for a while


def test_a_project_of_another_namespace_is_kept_too_and_rings_for_its_own(
    world: World, rung: Rung, watch: Watch
) -> None:
    other = project(name="shop", namespace="shop", viewed_at=Now())
    world.cluster.seed({"kind": "Service", "metadata": {"name": "reviews", "namespace": "shop"}})
    release = world.release()
    with watch():
        quiet(world, rung, release)
        until(lambda: other.pk not in inventory.unwatched())
        world.cluster.edit("Service", "shop", "reviews", relabelled)
        world.cluster.edit("Service", "demo", "reviews", relabelled)
        until(lambda: rung.times)
    assert [each["name"] for each in Inventory.objects.get(project=other).data["services"]] == ["reviews"]
    assert rung.targets == [release.target_id]


def test_the_driver_lists_once_the_cluster_is_lost_and_no_more_once_it_is_back(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release)
        world.cluster.faults.down = True
        world.cluster.happened.cut()
        assert until(lambda: world.project.pk in inventory.unwatched()) < 2
        inventory.refresh(world.project.pk)
        assert "connection refused" in row(world).error
        world.cluster.faults.down = False
        until(lambda: vouched(world))
    assert row(world).error == ""


def test_where_watching_is_refused_it_lists_rings_and_says_why_until_it_may_watch(
    world: World, rung: Rung, watch: Watch
) -> None:
    release = world.release()
    refused = Refused('pods is forbidden: cannot watch resource "pods"')
    world.cluster.faults.fail_next(refused, kind="Pod", verb="watch", times=10_000)
    with watch():
        quiet(world, rung, release)
        until(lambda: row(world).data.get("by_lists") == {"kinds": ["Pod"], "why": str(refused)})
        world.cluster.edit("Pod", "demo", pod_of(world, "reviews"), relabelled)
        assert until(lambda: rung.times) < 4
        assert vouched(world)


def test_when_it_ends_the_driver_takes_over_at_once(world: World, rung: Rung, watch: Watch) -> None:
    release = world.release()
    with watch():
        quiet(world, rung, release)
    assert world.project.pk in inventory.unwatched()


def test_what_the_watcher_wrote_is_not_overwritten_by_older_lists(world: World) -> None:
    start_release(world.project, world.cluster)

    def meanwhile(kind: str) -> None:
        world.cluster.after_list = None
        world.cluster.edit("Deployment", "demo", "ratings-v1", lambda each: each["spec"].update(replicas=5))
        inventory.keep(world.project.pk, world.cluster)
        connection.close()  # of the thread in which lists are read

    world.cluster.after_list = lambda kind: meanwhile(kind) if kind == "Deployment" else None
    inventory.refresh(world.project.pk)
    ratings = next(each for each in row(world).data["workloads"] if each["name"] == "ratings-v1")
    assert ratings["replicas"] == 5
