"""What runs store of several releases: steps that follow, the one that wins, routes that are users'."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from grayrelease import operations
from grayrelease.cluster.interface import Refused
from grayrelease.domain import revision, stand
from grayrelease.domain.plan import Exposure, Manifest, Plan, Step
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Release, Target, columns
from grayrelease.reconcile import Outcome, sweeping
from tests.world import World, attempts_and_outcomes, person


def begun(world: World, version: str, *steps: Step) -> Release:
    """Start a release of reviews that brings a version by these steps."""
    release = world.release(name=f"reviews-{version}")
    text = release.plan.replace("reviews-v2", f"reviews-{version}").replace('"v2"', f'"{version}"')
    plan = Plan.model_validate_json(text).model_copy(update={"steps": steps})
    Release.objects.filter(pk=release.pk).update(
        plan=revision.freeze(plan), candidate=version, **columns(stand.begin(plan))
    )
    release.refresh_from_db()
    return release


def of(share: int, seconds: int = 0) -> Step:
    return Step(exposure=Exposure(share=share), gate="time" if seconds else "person", seconds=seconds)


def later(target_id: int) -> None:
    """Let the step's time come: what was verified, was verified an hour before."""
    target = Target.objects.get(pk=target_id)
    for each in target.memory["exposed"].values():
        for name in ("at", "verified_at"):
            each[name] = (datetime.fromisoformat(each[name]) - timedelta(hours=1)).isoformat()
    target.save()
    Target.objects.filter(pk=target_id).update(due_at=Now() - timedelta(seconds=1))


def test_a_step_follows_by_itself_with_an_event_and_a_generation(world: World) -> None:
    release = begun(world, "v2", of(50, 3600), of(300))
    world.run_until(release, Phase.RUNNING)
    target = Target.objects.get(pk=release.target_id)
    assert (target.waiting, target.due_at is not None) == (False, True)
    assert sweeping.waiting_targets() == []
    later(target.pk)
    assert [due.id for due in sweeping.waiting_targets()] == [target.pk]
    world.run(release)
    assert (release.step, release.share) == (1, 300)
    event = Event.objects.get(release=release, kind="step")
    assert (event.actor, event.data["before"]["share"], event.data["after"]["share"]) == (None, 50, 300)
    assert Target.objects.get(pk=target.pk).generation == target.generation + 1
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 700, "gr-v2": 300}


def test_the_winner_is_the_targets_stable_and_the_other_release_is_held(world: World) -> None:
    first, second = begun(world, "v2", of(200)), begun(world, "v3", of(0))
    Release.objects.filter(pk=second.pk).update(drawn=[50, 200])  # it was sticky before
    world.run_until(first, Phase.RUNNING)
    who = person("operator")
    operations.take_over(who, first, "v2", generation(first))
    world.run_until(first, Phase.TAKEN_OVER)
    operations.finish(who, first, generation(first))
    world.run_until(first, Phase.FINISHED, quiet=False)
    second.refresh_from_db()
    target = Target.objects.get(pk=first.target_id)
    assert (target.stable, target.stable_workload) == ("v2", "reviews-v2")
    assert (second.stable, second.held) == (
        "v2",
        ["stable-changed", {"release": "reviews-v2", "version": "v2"}],
    )
    assert second.drawn == [0, 0], "cookies that name the former stable version must count for nobody"
    assert Event.objects.filter(release=second, kind="held").count() == 1
    world.run_until(second, Phase.RUNNING)
    assert world.weights() == {"gr-v2": 1000}
    operations.set_share(who, second, 400, generation(second))
    second.refresh_from_db()
    assert second.held is None
    world.run_until(second, Phase.RUNNING)
    assert world.weights() == {"gr-v2": 600, "gr-v3": 400}


def generation(release: Release) -> int:
    return Target.objects.values_list("generation", flat=True).get(pk=release.target_id)


def users_routes() -> Manifest:
    route: list[Any] = [{"route": [{"destination": {"host": "reviews"}}], "timeout": "3s"}]
    metadata = {"name": "reviews-by-hand", "namespace": "demo", "annotations": {"team": "reviews"}}
    spec = {"hosts": ["reviews"], "http": route}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": spec,
    }


def test_users_routes_are_split_and_given_back_as_they_were(world: World) -> None:
    [seeded] = world.cluster.seed(users_routes())
    before = deepcopy(seeded)
    release = begun(world, "v2", of(200))
    world.run_until(release, Phase.RUNNING)
    assert not [each for each in world.cluster.list("VirtualService", "demo") if _name(each) == "reviews"]
    assert world.weights("reviews-by-hand") == {"gr-v1": 800, "gr-v2": 200}
    operations.roll_back(person("operator"), release)
    world.run_until(release, Phase.ROLLED_BACK)
    operations.finish(person("operator"), release, generation(release))
    world.run_until(release, Phase.FINISHED, quiet=False)
    after = world.cluster.get("VirtualService", "demo", "reviews-by-hand")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == {"team": "reviews"}
    outcomes = attempts_and_outcomes(release.target_id)
    assert set(map(tuple, outcomes.values())) == {("attempt", "done")}


def test_both_may_run_on_pinned_and_the_sweep_gives_the_routes_back_later(world: World) -> None:
    release = begun(world, "v2", of(200))
    world.run_until(release, Phase.RUNNING)
    operations.abandon(person("operator"), release, generation(release), keep_both=True)
    world.run_until(release, Phase.ABANDONED, quiet=False)
    assert Target.objects.get(pk=release.target_id).pinned
    assert world.weights() == {"gr-v1": 1000}
    Target.objects.filter(pk=release.target_id).update(looked_at=Now() - timedelta(seconds=61))
    assert release.target_id in sweeping.due()
    world.cluster.remove("Deployment", "demo", "reviews-v2")
    world.let_pods_run()
    for _ in range(9):
        world.run(release)
    assert not Target.objects.get(pk=release.target_id).pinned
    names = [_name(each) for each in world.cluster.list("VirtualService", "demo")]
    assert "reviews" not in names


def test_where_gateways_or_other_namespaces_may_not_be_read_it_goes_without_them(world: World) -> None:
    release = begun(world, "v2", of(200))
    world.cluster.faults.fail_next(Refused("forbidden"), verb="list", kind="Gateway", times=2)
    world.cluster.faults.fail_next(Refused("forbidden"), verb="list", kind="VirtualService")
    assert world.run(release) == Outcome.DONE


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])
