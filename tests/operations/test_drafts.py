from __future__ import annotations

from typing import Any

import pytest

from grayrelease import operations
from grayrelease.domain import revision
from grayrelease.domain.state import Phase
from grayrelease.models import Application, Draft, Event, Release
from grayrelease.reconcile import Outcome
from grayrelease.reconcile.applications import create
from tests.world import World, ingress, person

TYPED: dict[str, Any] = {
    "mode": "canary",
    "name": "reviews-v2",
    "application": "bookinfo",
    "service": "reviews",
    "version": "V2",
    "image": "istio/examples-bookinfo-reviews-v2:1.16.2",
    "replicas": 2,
    "env": {"STARS": "black"},
    "steps": [{"exposure": {"share": 200}}],
}


def draft(world: World, **typed: Any) -> Draft:
    ready(world)
    data = {**TYPED, **typed}
    return Draft.objects.create(project=world.project, created_by=person("operator"), data=data)


def ready(world: World) -> None:
    """Let the pods have sidecars, as the sandbox does."""
    for pod in world.cluster.list("Pod", "demo"):
        world.cluster.edit("Pod", "demo", pod["metadata"]["name"], _with_sidecar)


def _with_sidecar(pod: dict[str, Any]) -> None:
    pod["metadata"].setdefault("annotations", {})["sidecar.istio.io/status"] = "{}"


def codes(refused: pytest.ExceptionInfo[operations.Refused]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def test_it_freezes_the_whole_candidate(world: World) -> None:
    typed = draft(world)
    plan = operations.freeze(person("operator"), typed)
    typed.refresh_from_db()
    assert typed.frozen == revision.freeze(plan)
    assert (plan.candidate.version, plan.candidate.workload) == ("v2", "reviews-v2")
    assert plan.candidate.manifest["spec"]["replicas"] == 2
    assert plan.steps[0].exposure.share == 200


def test_it_starts_a_plan_once(world: World) -> None:
    typed = draft(world)
    operations.freeze(person("operator"), typed)
    release = operations.create_release(person("operator"), typed)
    assert operations.create_release(person("operator"), typed) == release
    assert Release.objects.count() == 1
    assert (release.phase, release.share, release.target.generation) == (Phase.PREPARING, 200, 1)
    assert release.revision == revision.revision(release.plan)
    assert list(Event.objects.filter(kind="created").values_list("release", flat=True)) == [release.pk]


def two(world: World, **second: Any) -> tuple[Draft, Draft]:
    """Freeze two drafts for one service, and start the first."""
    drafts = draft(world), draft(world, **{"name": "reviews-v3", "version": "v3", **second})
    for each in drafts:
        operations.freeze(person("operator"), each)
    operations.create_release(person("operator"), drafts[0])
    return drafts


def test_a_second_release_of_a_service_joins_the_first(world: World) -> None:
    _, second = two(world)
    release = operations.create_release(person("operator"), second)
    assert Release.objects.live().filter(target=release.target).count() == 2
    assert release.target.generation == 2


def test_it_refuses_a_second_release_without_room(world: World) -> None:
    _, second = two(world, steps=[{"exposure": {"share": 900}}])
    with pytest.raises(operations.Refused) as refused:
        operations.create_release(person("operator"), second)
    assert codes(refused) == ["no-room"]


def test_it_refuses_the_version_that_another_release_brings(world: World) -> None:
    _, second = two(world, version="v2")
    with pytest.raises(operations.Refused) as refused:
        operations.create_release(person("operator"), second)
    assert codes(refused) == ["version-taken"]


def test_it_refuses_a_plan_that_another_tab_replaced(world: World) -> None:
    typed = draft(world)
    operations.freeze(person("operator"), typed)
    Draft.objects.filter(pk=typed.pk).update(frozen="another")
    with pytest.raises(operations.Busy):
        operations.create_release(person("operator"), typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"service": "details"}, "other-entrance"),
        ({"service": "nobody"}, "no-service"),
        ({"version": "v1"}, "version-taken"),
        ({"image": "no image"}, "bad-image"),
        ({"replicas": 0}, "too-small-number"),
        ({"name": "Reviews 2"}, "bad-name"),
        ({"container": "sidecar"}, "no-container"),
    ],
)
def test_it_says_what_is_wrong(world: World, typed: dict[str, Any], code: str) -> None:
    world.cluster.seed(ingress("details"))
    with pytest.raises(operations.Refused) as refused:
        operations.freeze(person("operator"), draft(world, **typed))
    assert code in codes(refused)


@pytest.mark.parametrize(
    ("name", "refusal"), [("viewer", operations.Forbidden), ("stranger", operations.NotFound)]
)
def test_it_refuses_who_may_not_start(world: World, name: str, refusal: type[Exception]) -> None:
    typed = draft(world)
    for deed in (operations.freeze, operations.create_release):
        with pytest.raises(refusal):
            deed(person(name), typed)
    with pytest.raises(refusal):
        operations.deploy_sample(person(name), world.project)


def test_the_sample_is_asked_for_once(world: World) -> None:
    sample = operations.deploy_sample(person("operator"), world.project)
    assert operations.deploy_sample(person("lead"), world.project) == sample
    assert Event.objects.filter(kind="application").count() == 1


def test_an_application_of_others_is_left_alone(world: World) -> None:
    """Its objects are there and aren't ours: it stops and says which."""
    world.cluster.edit("Service", "demo", "details", lambda item: item["metadata"].pop("annotations"))
    sample = operations.deploy_sample(person("operator"), world.project)
    assert create(sample.pk) == Outcome.DONE
    sample.refresh_from_db()
    assert (sample.waiting, sample.created_in_cluster_at) == (False, None)
    assert sample.reason == ["not-ours", {"object": "Service/details"}]


def test_what_is_missing_of_an_application_is_created(world: World) -> None:
    world.cluster.remove("Deployment", "demo", "ratings-v1", manager="kubectl")
    sample = operations.deploy_sample(person("operator"), world.project)
    create(sample.pk)
    assert [(each.verb, each.name) for each in world.ours()] == [("create", "ratings-v1")]
    told = Event.objects.filter(application=sample, kind="write").order_by("id")
    assert list(told.values_list("outcome", "subject")) == [
        ("attempt", "Deployment/ratings-v1"),
        ("done", "Deployment/ratings-v1"),
    ]
    assert Application.objects.get(pk=sample.pk).created_in_cluster_at is not None


def abandoned(world: World) -> Release:
    """Bring v2, and give it up: its workload stands at 0 pods."""
    release = world.release()
    world.run_until(release, Phase.RUNNING)
    operations.abandon(person("operator"), release, release.target.generation, keep_both=False)
    world.run_until(release, Phase.ABANDONED)
    return release


def test_a_version_that_was_abandoned_is_brought_again_under_its_name(world: World) -> None:
    abandoned(world)
    typed = draft(world, name="reviews-v2-again", image="istio/examples-bookinfo-reviews-v2:1.17")
    operations.freeze(person("operator"), typed)
    written = next(each for each in typed.data["written"] if each["kind"] == "Deployment")
    there = world.cluster.get("Deployment", "demo", "reviews-v2")
    assert written["metadata"]["uid"] == there["metadata"]["uid"]
    release = operations.create_release(person("operator"), typed)
    world.run_until(release, Phase.RUNNING)
    again = world.cluster.get("Deployment", "demo", "reviews-v2")
    assert again["metadata"]["uid"] == there["metadata"]["uid"]
    assert again["spec"]["replicas"] == 2
    assert again["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.17")
    assert world.weights() == {"gr-v1": 800, "gr-v2": 200}


def test_a_workload_that_somebody_changed_since_is_refused(world: World) -> None:
    abandoned(world)
    world.cluster.edit("Deployment", "demo", "reviews-v2", lambda item: item["spec"].update(paused=True))
    with pytest.raises(operations.Refused) as refused:
        operations.freeze(person("operator"), draft(world, name="reviews-v2-again"))
    assert codes(refused) == ["workload-taken"]
