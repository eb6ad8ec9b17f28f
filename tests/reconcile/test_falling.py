"""What a run stores and writes of pods that fail: it falls in one go, and stays until a person raises it."""

from __future__ import annotations

from grayrelease import operations
from grayrelease.cluster.runs import run_pods
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Release, Target
from grayrelease.operations import Moved
from grayrelease.reconcile import reconcile, sweeping
from tests.world import World, person


def failing(world: World) -> Release:
    """Return a release at 20 % of which the only pod fails now."""
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    world.pods_run = False
    run_pods(world.cluster, "demo", "reviews-v2", ready=False, reason="CrashLoopBackOff")
    return release


def test_one_call_stores_what_it_falls_to_and_writes_it(world: World) -> None:
    release = failing(world)
    before = Target.objects.get(pk=release.target_id)
    reconcile(release.target_id)
    assert world.weights() == {"gr-v1": 1000}
    release.refresh_from_db()
    facts = {"version": "v2", "share": 0, "workload": "reviews-v2", "ready": 0, "pods": 1}
    reason = ["held-trouble", {**facts, "reason": "CrashLoopBackOff"}]
    assert (release.share, release.held, release.phase) == (0, reason, Phase.RUNNING)
    assert release.status["now"] == reason
    after = Target.objects.get(pk=release.target_id)
    assert (after.generation, after.carried_generation) == (before.generation + 1, before.generation + 1)
    event = Event.objects.get(release=release, kind="fall")
    assert (event.actor, event.data["before"]["share"], event.data["after"]["share"]) == (None, 200, 0)


def test_the_sweep_sees_pods_that_failed_while_nobody_heard(world: World) -> None:
    release = failing(world)
    Target.objects.update(looked_at=None)
    assert sweeping.due() == [release.target_id]


def test_recovered_it_waits_for_a_person_whose_deed_lets_go(world: World) -> None:
    release = failing(world)
    before = release.target.generation
    reconcile(release.target_id)
    world.pods_run = True
    world.let_pods_run()
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 1000}
    assert release.status["now"][0] == "held-recovered"
    who = person("operator")
    try:
        operations.set_share(who, release, 300, before)
    except Moved as moved:
        assert moved.last is not None and moved.last.kind == "fall", "a page from before says what happened"
    release.target.refresh_from_db()
    operations.set_share(who, release, 300, release.target.generation)
    world.run_until(release, Phase.RUNNING)
    assert (release.held, world.weights()) == (None, {"gr-v1": 700, "gr-v2": 300})


def test_stable_without_pods_is_an_alarm_on_the_release_and_nothing_else(world: World) -> None:
    release = failing(world)
    run_pods(world.cluster, "demo", "reviews-v1", ready=False, reason="ImagePullBackOff")
    world.run(release)
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}
    assert release.status["alarm"][0] == "stable-trouble"
    assert not Event.objects.filter(kind="fall").exists()
