from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models.functions import Now

from grayrelease import operations
from grayrelease.domain.state import Phase
from grayrelease.driver import Driver
from grayrelease.models import Inventory, Release, Target
from grayrelease.reconcile import inventory, sweeping
from tests.world import World, ingress, person


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver(threads=2)
    yield made
    # Its threads' connections must be gone before the database is emptied.
    for _ in range(made.threads):
        made._pool.submit(lambda: (time.sleep(0.05), connections.close_all()))
    made._pool.shutdown(wait=True)


def look_until(driver: Driver, condition: Callable[[], object], within_s: float = 20) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the driver did not get there"
        driver.look()
        time.sleep(0.01)


def target_of(release: Release) -> Target:
    return Target.objects.get(pk=release.target_id)


def heard_long_ago(release: Release) -> None:
    Target.objects.filter(pk=release.target_id).update(raised_at=Now() - timedelta(seconds=3))


def test_it_carries_out_what_no_worker_heard(world: World, driver: Driver) -> None:
    release = world.release()
    heard_long_ago(release)
    look_until(driver, lambda: target_of(release).carried_generation == 1)
    look_until(driver, driver.idle)


def test_it_leaves_a_fresh_deed_to_the_workers(world: World) -> None:
    release = world.release()
    Target.objects.filter(pk=release.target_id).update(raised_at=Now())
    assert sweeping.waiting_targets() == []


def test_it_leaves_a_target_that_a_run_has(world: World) -> None:
    release = world.release()
    heard_long_ago(release)
    Target.objects.filter(pk=release.target_id).update(lease_until=Now() + timedelta(seconds=9))
    assert sweeping.waiting_targets() == []


def test_a_late_roll_back_does_not_wait_for_a_run_that_hangs(world: World) -> None:
    release = world.release()
    Release.objects.filter(pk=release.pk).update(goal="roll-back")
    Target.objects.filter(pk=release.target_id).update(
        lease_until=Now() + timedelta(seconds=9), raised_at=Now() - timedelta(seconds=3)
    )
    assert [each.rolling_back for each in sweeping.waiting_targets()] == [True]


def test_targets_that_wait_are_looked_at_more_often_after_a_deed_and_no_longer(world: World) -> None:
    release = world.release()
    row = Target.objects.filter(pk=release.target_id)
    row.update(waiting=True, raised_at=Now())
    assert [each.fresh for each in sweeping.waiting_targets()] == [True]
    row.update(raised_at=Now() - timedelta(seconds=6))
    assert [each.fresh for each in sweeping.waiting_targets()] == [False]


def test_it_creates_applications_that_wait(world: World, driver: Driver) -> None:
    sample = operations.deploy_sample(person("operator"), world.project)

    def created() -> bool:
        sample.refresh_from_db()
        return sample.created_in_cluster_at is not None

    look_until(driver, created)
    look_until(driver, driver.idle)
    assert not sample.waiting


def test_it_keeps_an_inventory_that_says_what_cannot_be_released(world: World, driver: Driver) -> None:
    world.release()
    world.cluster.seed(ingress("productpage"))
    look_until(driver, lambda: Inventory.objects.filter(project=world.project, count__gt=0).exists())
    look_until(driver, driver.idle)
    services = {each["name"]: each for each in Inventory.objects.get(project=world.project).data["services"]}
    assert sorted(services) == ["details", "productpage", "ratings", "reviews"]
    codes = [each["reason"][0] for each in services["productpage"]["refusals"]]
    assert "other-entrance" in codes
    assert "other-entrance" not in [each["reason"][0] for each in services["reviews"]["refusals"]]


def test_an_inventory_of_a_cluster_that_is_away_says_since_when(world: World) -> None:
    inventory.refresh(world.project.pk)
    before = Inventory.objects.get(project=world.project)
    world.cluster.faults.down = True
    inventory.refresh(world.project.pk)
    after = Inventory.objects.get(project=world.project)
    assert (after.data, after.taken_at) == (before.data, before.taken_at)
    assert "connection refused" in after.error
    assert after.failing_since is not None


def test_it_pauses_after_a_failure_but_not_for_a_new_deed(world: World, driver: Driver) -> None:
    release = world.release()
    heard_long_ago(release)
    world.cluster.faults.down = True
    key = ("target", release.target_id)
    look_until(driver, lambda: key in driver.pauses)
    look_until(driver, driver.idle)
    asked = driver.pauses[key].until
    driver.look()
    assert driver.pauses[key].until == asked
    world.cluster.faults.down = False
    Target.objects.filter(pk=release.target_id).update(generation=2)
    look_until(driver, lambda: target_of(release).carried_generation == 2)
    look_until(driver, driver.idle)


def test_the_sweep_finds_what_differs_or_waits(world: World) -> None:
    release = world.release()
    quiet = {"waiting": False, "carried_generation": 1, "generation": 1, "looked_at": Now()}
    for columns, found in (({}, False), ({"generation": 2}, True), ({"waiting": True}, True)):
        Target.objects.filter(pk=release.target_id).update(**{**quiet, **columns})
        assert bool(sweeping.due()) is found


def unseen(release: Release) -> None:
    Target.objects.filter(pk=release.target_id).update(looked_at=Now() - timedelta(seconds=61))


def test_a_target_that_nobody_looked_at_is_compared_and_rung_for_only_if_something_is_to_be_done(
    world: World,
) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    unseen(release)
    assert sweeping.due() == []
    release.target.refresh_from_db()
    assert not Target.objects.filter(looked_at__lt=Now() - timedelta(seconds=60)).exists()
    unseen(release)
    world.cluster.remove("VirtualService", "demo", "reviews")
    assert sweeping.due() == [release.target_id]


def test_the_sweep_rings_for_pods_that_are_others_so_that_pages_show_them(world: World) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    unseen(release)
    pod = world.cluster.list("Pod", "demo", "app=reviews,version=v2")[0]
    world.cluster.remove("Pod", "demo", pod["metadata"]["name"])
    assert sweeping.due() == [release.target_id]


def test_the_sweep_asks_a_cluster_as_often_for_many_targets_as_for_one(world: World) -> None:
    calls: list[str] = []
    world.cluster.after_list = calls.append
    counts = []
    for service in ("reviews", "ratings"):
        release = world.release(service=service, name=f"{service}-v2")
        world.run_until(release, Phase.RUNNING)
        for each in Release.objects.all():
            unseen(each)
        calls.clear()
        assert sweeping.due() == []
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_the_sweep_rings_for_all_of_a_cluster_that_is_away(world: World) -> None:
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    unseen(release)
    world.cluster.faults.down = True
    assert sweeping.due() == [release.target_id]
