"""Two targets with releases at the same time in one VirtualService: each with writes of its own."""

from __future__ import annotations

import json
import threading
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection

from grayrelease import operations
from grayrelease.domain import marks
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.expand import Place, expand
from grayrelease.domain.routing.notes import carried
from grayrelease.domain.routing.writers import OTHERS
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Installation, Release, Target
from grayrelease.reconcile import Outcome, reconcile
from tests.world import World, attempts_and_outcomes, person

SPEC: Manifest = {
    "hosts": ["shop.example.com"],
    "gateways": ["shop"],
    "http": [
        {
            "name": "reviews",
            "match": [{"uri": {"prefix": "/reviews"}}],
            "route": [{"destination": {"host": "reviews"}}],
            "timeout": "3s",
        },
        {
            "match": [{"uri": {"prefix": "/mixed"}}],
            "route": [
                {"destination": {"host": "reviews"}, "weight": 90},
                {"destination": {"host": "details"}, "weight": 10},
            ],
        },
        {"route": [{"destination": {"host": "details"}}]},
    ],
}
ENDS = ("finish", "roll back", "abandon")


def with_a_shop(world: World) -> Manifest:
    """Give Bookinfo an entrance of its users that leads to two services."""
    metadata = {"name": "shop", "namespace": "demo", "annotations": {"team": "shop"}}
    shop: Manifest = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService"}
    world.cluster.seed({**shop, "metadata": metadata, "spec": deepcopy(SPEC)})
    return found(world)


def found(world: World) -> Manifest:
    return world.cluster.get("VirtualService", "demo", "shop")


def become(world: World, manifest: Manifest) -> None:
    """Let somebody write the shop by hand."""
    world.cluster.edit("VirtualService", "demo", "shop", lambda present: present.update(manifest))


def content(manifest: Manifest) -> Any:
    return manifest["spec"], marks.notes(manifest), marks.labels(manifest)


def weights(world: World, at: int) -> list[int]:
    """Return the weights of the user's `at`-th route."""
    routes = [each for each in found(world)["spec"]["http"] if not each.get("name", "").startswith("gr~")]
    return [each["weight"] for each in routes[at]["route"]]


def both(world: World) -> tuple[Release, Release]:
    """Have two releases in effect: reviews v2 at 20 %, details v2 at 50 %."""
    reviews = world.release()
    details = world.release(share=500, service="details", name="details-v2")
    for each in (reviews, details):
        world.run_until(each, Phase.RUNNING)
    return reviews, details


def ended(world: World, release: Release, how: str) -> None:
    """End a release as its users do, and run until it is over."""
    lead, generation = person("lead"), Target.objects.get(pk=release.target_id).generation
    match how:
        case "finish":
            operations.take_over(lead, release, "v2", generation)
            world.run_until(release, Phase.TAKEN_OVER)
        case "roll back":
            operations.roll_back(lead, release)
            world.run_until(release, Phase.ROLLED_BACK)
        case "abandon":
            operations.abandon(lead, release, generation, keep_both=False)
            return world.run_until(release, Phase.ABANDONED)
    generation = Target.objects.get(pk=release.target_id).generation
    operations.finish(lead, release, generation)
    return world.run_until(release, Phase.FINISHED)


def test_shares_of_both_are_in_one_object(world: World) -> None:
    with_a_shop(world)
    both(world)
    assert weights(world, 0) == [800, 200]
    assert weights(world, 1) == [72_000_000, 18_000_000, 5_000_000, 5_000_000]
    assert weights(world, 2) == [500, 500]
    generations = json.loads(marks.notes(found(world))[OTHERS])
    assert list(generations) == ["demo/reviews"], "the last writer's is in the owner's mark"


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("how", ENDS)
def test_one_ends_while_the_other_goes_on_and_the_routes_are_given_back(
    world: World, first: int, how: str
) -> None:
    before = content(with_a_shop(world))
    releases = both(world)
    ending, other = releases[first], releases[1 - first]
    ended(world, ending, how)
    world.run(other)
    assert (other.phase, other.status["waits"]) == (Phase.RUNNING, None)
    assert weights(world, 2 if first == 0 else 0) == ([500, 500] if first == 0 else [800, 200])
    assert carried(found(world), Name(ending.target.service, "demo")) is None
    assert OTHERS not in marks.notes(found(world))
    lead, target = person("lead"), Target.objects.get(pk=other.target_id)
    operations.set_share(lead, other, 300, target.generation)
    world.run_until(other, Phase.RUNNING)
    ended(world, other, "roll back")
    assert content(found(world)) == before
    for each in releases:
        outcomes = attempts_and_outcomes(each.target_id).values()
        assert all(told == ["attempt", "done"] for told in outcomes)


def test_the_other_s_generations_and_writes_disturb_nobody(world: World) -> None:
    with_a_shop(world)
    reviews, details = both(world)
    Target.objects.filter(pk=reviews.target_id).update(generation=50)
    operations.set_share(person("lead"), reviews, 400, 50)
    world.run_until(reviews, Phase.RUNNING)
    target = Target.objects.get(pk=details.target_id)
    before = deepcopy(target.memory["exposed"])
    world.run(details)
    assert (details.phase, details.status["waits"]) == (Phase.RUNNING, None)
    assert Target.objects.get(pk=details.target_id).memory["exposed"] == before
    operations.set_share(person("lead"), details, 600, target.generation)
    world.run_until(details, Phase.RUNNING)
    assert weights(world, 2) == [400, 600]
    assert weights(world, 0) == [600, 400]


def test_a_hand_edit_of_one_s_marks_stops_that_one_alone(world: World) -> None:
    with_a_shop(world)
    reviews, details = both(world)
    edited = found(world)
    edited["spec"]["http"][0]["route"][0]["weight"] = 799
    become(world, edited)
    operations.set_share(person("lead"), details, 600, Target.objects.get(pk=details.target_id).generation)
    world.run_until(details, Phase.RUNNING)
    assert weights(world, 2) == [400, 600]
    assert weights(world, 0) == [799, 200], "what somebody did to the other's is not undone by this one"
    world.run(reviews)
    assert reviews.phase == Phase.FROZEN and reviews.status["now"][0] == "edited-by-other"


def test_two_runs_at_once_on_one_object_end_with_both_in_it(world: World) -> None:
    """One of them meets a 409, and runs anew on what the other wrote."""
    with_a_shop(world)
    reviews, details = both(world)
    generation = {each: Target.objects.get(pk=each.target_id).generation for each in (reviews, details)}
    operations.set_share(person("lead"), reviews, 700, generation[reviews])
    operations.set_share(person("lead"), details, 900, generation[details])
    meet, outcomes, told = threading.Barrier(2), [], []

    def before_write(verb: str, manifest: Manifest) -> None:
        if manifest["metadata"]["name"] == "shop" and len(told) < 2:
            told.append(verb)
            meet.wait(20)

    def run(release: Release) -> None:
        outcomes.append(reconcile(release.target_id))
        connection.close()

    world.cluster.before_write = before_write
    runs = [threading.Thread(target=run, args=[each]) for each in (reviews, details)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    world.cluster.before_write = None
    assert outcomes == [Outcome.DONE, Outcome.DONE]
    assert weights(world, 0) == [300, 700]
    assert weights(world, 2) == [100, 900]
    failed = [
        each for release in (reviews, details) for each in attempts_and_outcomes(release.target_id).values()
    ]
    assert failed.count(["attempt", "failed"]) == 1


def test_a_release_in_the_first_form_goes_on_and_another_starts_beside_it(world: World) -> None:
    """As it was written when an object could carry one service's exposures alone."""
    before = content(with_a_shop(world))
    reviews = world.release()
    world.run_until(reviews, Phase.RUNNING)
    now = found(world)
    stored = json.loads(marks.notes(now)["grayrelease/exposures"])["demo/reviews"]
    notes = json.loads(marks.notes(now)["grayrelease/before"])["demo/reviews"]
    former = {
        "grayrelease/exposures": json.dumps({**stored, "service": "demo/reviews"}),
        "grayrelease/before": json.dumps(notes),
    }
    now["metadata"]["annotations"] |= former
    become(world, now)
    world.run(reviews)
    assert (reviews.phase, reviews.status["waits"]) == (Phase.RUNNING, None)
    details = world.release(share=500, service="details", name="details-v2")
    world.run_until(details, Phase.RUNNING)
    world.run(reviews)
    assert (reviews.phase, weights(world, 0), weights(world, 2)) == (Phase.RUNNING, [800, 200], [500, 500])
    ended(world, reviews, "finish")
    ended(world, details, "finish")
    assert content(found(world)) == before


def test_another_installation_s_release_of_another_service_keeps_ours_away(world: World) -> None:
    """An object has one owner: two databases can't agree on it."""
    shop = with_a_shop(world)
    there = expand(shop, Name("details", "demo"), "v1", [Exposing(7, "v2", Exposure(share=200))], Place())
    become(world, marks.marked(there, "another", 1, made=False))
    release = world.release()
    world.run(release)
    assert (release.phase, release.status["now"][0]) == (Phase.FROZEN, "other-installation")
    assert Installation.current().uid and Release.objects.get(pk=release.pk).goal == Goal.RUN
