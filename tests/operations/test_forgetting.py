"""A release that is forgotten: nothing is written, the target is free, and what is left can be cleaned up."""

from __future__ import annotations

import pytest

from grayrelease import operations
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release, Target
from grayrelease.operations.deed import raise_generation
from grayrelease.reconcile import sweeping
from tests.world import NAMESPACE, World, person

MADE = [("VirtualService", "reviews"), ("DestinationRule", "reviews"), ("Deployment", "reviews-v2")]


def running(world: World) -> Release:
    release = world.release(200)
    world.run_until(release, Phase.RUNNING)
    return release


def forget(release: Release, who: str = "lead", generation: int | None = None) -> operations.Deed:
    release.target.refresh_from_db()
    left = operations.what_is_left(release)
    drawn = release.target.generation if generation is None else generation
    return operations.forget(person(who), release, left, drawn)


def test_it_ends_here_alone_and_frees_the_target(world: World) -> None:
    release = running(world)
    Target.objects.update(error="no answer", waiting=True, pinned=True)
    writes = len(world.ours())
    forget(release)
    release.refresh_from_db(), release.target.refresh_from_db()
    target = release.target
    assert (release.phase, release.ended_at is not None) == (Phase.FORGOTTEN, True)
    assert (target.pinned, target.waiting, target.memory, target.error) == (False, False, {}, "")
    assert target.carried_generation == target.generation
    assert sweeping.waiting_targets() == [] == sweeping.due()
    world.run(release)
    assert len(world.ours()) == writes
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}


def test_what_is_left_is_read_from_the_cluster_and_kept_in_the_event(world: World) -> None:
    release = running(world)
    forget(release)
    event = Event.objects.get(kind="forget")
    assert (event.actor, event.release, event.data["error"]) == (person("lead"), release, "")
    assert [(each["kind"], each["name"]) for each in event.data["left"]] == MADE
    assert event.data["left"][2]["commands"] == [
        "kubectl -n demo delete deployments.apps reviews-v2",
    ]


def test_without_an_answer_of_the_cluster_it_is_what_was_written(world: World) -> None:
    release = running(world)
    world.cluster.faults.down = True
    left = operations.what_is_left(release)
    assert "cannot be reached" in left.error
    assert [(each.kind, each.name) for each in left.objects] == MADE
    assert {each.what for each in left.objects} <= {"all", "marks"}
    forget(release)
    release.refresh_from_db()
    assert release.phase == Phase.FORGOTTEN


def test_what_users_have_is_theirs_but_for_our_marks(world: World) -> None:
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
    theirs = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": NAMESPACE},
        "spec": spec,
    }
    world.cluster.seed(theirs)
    left = operations.what_is_left(running(world)).objects
    assert [(each.kind, each.what) for each in left][0] == ("VirtualService", "marks")
    assert left[0].commands[0].startswith("kubectl -n demo edit virtualservices.networking.istio.io reviews")
    assert "grayrelease/owner-" in left[0].commands[1]


@pytest.mark.parametrize(
    ("who", "refusal"),
    [("operator", operations.Forbidden), ("viewer", operations.Forbidden), ("stranger", operations.NotFound)],
)
def test_leads_and_admins_alone_forget(world: World, who: str, refusal: type[Exception]) -> None:
    release = running(world)
    with pytest.raises(refusal):
        forget(release, who)
    release.refresh_from_db()
    assert release.phase == Phase.RUNNING


def test_a_page_of_before_is_told_and_twice_is_once(world: World) -> None:
    release = running(world)
    with pytest.raises(operations.Moved):
        forget(release, generation=0)
    forget(release)
    with pytest.raises(operations.Refused):
        forget(release)
    assert Event.objects.filter(kind="forget").count() == 1


def test_beside_another_release_its_workload_alone_is_left_and_the_other_goes_on(world: World) -> None:
    first = running(world)
    second = beside(first)
    forget(first)
    event = Event.objects.get(kind="forget")
    assert [(each["kind"], each["name"]) for each in event.data["left"]] == [("Deployment", "reviews-v2")]
    second.target.refresh_from_db()
    assert second.target.generation != second.target.carried_generation, "the other's run comes"
    world.run_until(second, Phase.RUNNING, quiet=False)
    assert world.weights() == {"gr-v1": 1000}


def beside(first: Release) -> Release:
    """Start a second release of the same target, at nobody."""
    plan = first.plan.replace("reviews-v2", "reviews-v3").replace('"v2"', '"v3"')
    made = Release.objects.create(
        target=first.target,
        name="reviews-v3",
        plan=plan,
        revision="0" * 64,
        candidate="v3",
        stable="v1",
        mode="canary",
        share=0,
        goal=Goal.RUN,
        created_by=first.created_by,
    )
    raise_generation(first.target)
    return made


def released_again(world: World) -> Release:
    """Forget a release, clean up its workload alone, and release once more."""
    forgotten = running(world)
    forget(forgotten)
    world.cluster.remove("Deployment", NAMESPACE, "reviews-v2")
    for pod in world.cluster.list("Pod", NAMESPACE):
        if pod["metadata"]["labels"].get("version") == "v2":
            world.cluster.remove("Pod", NAMESPACE, pod["metadata"]["name"])
    world.let_pods_run()
    return world.release(300, name="reviews-again")


def test_released_again_it_starts_from_the_marks_that_are_left(world: World) -> None:
    release = released_again(world)
    world.run_until(release, Phase.RUNNING)
    assert world.weights() == {"gr-v1": 700, "gr-v2": 300}


def test_released_again_it_gives_routes_back_as_users_wrote_them(world: World) -> None:
    spec = {"hosts": ["reviews"], "http": [{"name": "all", "route": [{"destination": {"host": "reviews"}}]}]}
    metadata = {"name": "reviews", "namespace": NAMESPACE, "labels": {"team": "a"}}
    theirs = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
    world.cluster.seed({**theirs, "spec": spec})
    release = released_again(world)
    world.run_until(release, Phase.RUNNING)
    operations.roll_back(person("operator"), release)
    world.run_until(release, Phase.ROLLED_BACK)
    release.target.refresh_from_db()
    operations.finish(person("operator"), release, release.target.generation)
    world.run_until(release, Phase.FINISHED)
    found = world.cluster.get("VirtualService", NAMESPACE, "reviews")
    assert (found["spec"], found["metadata"].get("annotations")) == (spec, None)
    assert "reviews" not in [
        each["metadata"]["name"] for each in world.cluster.list("DestinationRule", NAMESPACE)
    ]
