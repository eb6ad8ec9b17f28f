from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client

from grayrelease import operations
from grayrelease.domain import preflight
from grayrelease.domain.state import Phase
from grayrelease.models import Draft, Release
from grayrelease.reconcile import inventory
from tests.world import World, ingress, person

STEPS = {
    "basic": {"name": "reviews-v2"},
    "service": {"service": "reviews"},
    "version": {"version": "v2", "image": "istio/examples-bookinfo-reviews-v2:1.16.2", "replicas": "2"},
    "policy": {"first": "share", "share": "20", "then": "hand"},
}


@pytest.fixture
def author(world: World) -> Client:
    """The operator's browser; Bookinfo's pods have sidecars, and the driver has looked at them."""
    for pod in world.cluster.list("Pod", "demo"):
        pod["metadata"].setdefault("annotations", {})[preflight.SIDECAR] = "{}"
        world.cluster.replace(pod)
    inventory.refresh(world.project.pk)
    client = Client(raise_request_exception=False)
    client.force_login(person("operator"))
    return client


@pytest.fixture
def draft(author: Client) -> UUID:
    answer = author.post("/p/demo/releases/new/", {"application": "bookinfo", "service": "reviews"})
    assert answer.status_code == 302
    return Draft.objects.get().pk


def address(draft: UUID, step: str) -> str:
    return f"/p/demo/releases/new/{draft}/{step}/"


def go(author: Client, draft: UUID, *steps: str, **typed: str) -> None:
    """Answer the steps rightly, with other answers where they are given."""
    for step in steps:
        fields = {name: typed.get(name, value) for name, value in STEPS[step].items()}
        answer = author.post(address(draft, step), {**fields, "go": "next"})
        assert answer.status_code == 302, answer.content.decode()


def text_of(author: Client, draft: UUID, step: str) -> str:
    answer = author.get(address(draft, step))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_whole_wizard_makes_a_release(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service", "version", "policy")
    text = text_of(author, draft, "review")
    for kind in ("DestinationRule", "Deployment", "VirtualService"):
        assert f"kind: {kind}" in text
    assert "<b>20\u00a0%</b> of all visitors meet <b>reviews v2</b>; everyone else stays on" in text
    found = re.search(r'name="revision" value="(\w+)"', text)
    assert found
    answer = author.post(address(draft, "review"), {"revision": found.group(1)})
    release = Release.objects.get()
    assert answer["Location"] == f"/p/demo/releases/{release.pk}/"
    assert (release.name, release.candidate, release.share) == ("reviews-v2", "v2", 200)
    again = author.post(address(draft, "review"), {"revision": found.group(1)})
    assert again["Location"] == f"/p/demo/releases/{release.pk}/"
    assert Release.objects.count() == 1


def test_it_proposes_what_it_can(author: Client, draft: UUID) -> None:
    assert 'value="reviews-v2"' in text_of(author, draft, "basic")
    go(author, draft, "basic", "service")
    text = text_of(author, draft, "version")
    assert 'value="v2"' in text
    assert 'value="istio/examples-bookinfo-reviews-v1:1.10.1"' in text
    go(author, draft, "version")
    assert 'value="20"' in text_of(author, draft, "policy")


def test_a_service_that_can_not_be_split_is_refused_with_reason_and_remedy(
    world: World, author: Client, draft: UUID
) -> None:
    world.cluster.seed(ingress("details"))
    inventory.refresh(world.project.pk)
    go(author, draft, "basic")
    text = text_of(author, draft, "service")
    assert "Ingress/edge leads to it (details), past every share" in text
    assert "Write its routes as a VirtualService" in text
    assert 'value="details"' not in text
    answer = author.post(address(draft, "service"), {"service": "details", "go": "next"})
    assert answer.status_code == 422


def test_what_should_be_known_is_said_at_the_service_and_at_the_review_and_stops_nothing(
    world: World, author: Client, draft: UUID
) -> None:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "reviews-v1"}}
    head = {"name": "many", "namespace": "demo"}
    world.cluster.seed({"kind": "HorizontalPodAutoscaler", "metadata": head, "spec": target})
    inventory.refresh(world.project.pk)
    go(author, draft, "basic")
    text = text_of(author, draft, "service")
    assert text.count("reviews-v1 is scaled by HorizontalPodAutoscaler many") == 1
    assert "Raise the minReplicas of many" in text
    go(author, draft, "service", "version", "policy")
    assert "reviews-v1 is scaled by HorizontalPodAutoscaler many" in text_of(author, draft, "review")


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("basic", {"name": "Reviews v2"}, "Small letters, digits and dashes"),
        ("basic", {"name": ""}, "This is needed."),
        ("version", {"version": "v1"}, "v1 is there already. Choose another version."),
        ("version", {"version": "v_2"}, "Small letters, digits, dots and dashes"),
        ("version", {"image": "two words"}, "That is no image name."),
        ("version", {"replicas": "0"}, "At least 1."),
        ("policy", {"share": "120"}, "A whole number from 0 to 100"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    step: str, typed: dict[str, str], sentence: str, author: Client, draft: UUID
) -> None:
    steps = list(STEPS)
    go(author, draft, *steps[: steps.index(step)])
    answer = author.post(address(draft, step), {**STEPS[step], **typed, "go": "next"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert "1 field to fix" in text
    for value in typed.values():
        assert f'value="{value}"' in text
        assert f'value="{value}"' in text_of(author, draft, step)


def test_going_back_keeps_what_was_typed_even_if_it_is_wrong(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service")
    wrong = {**STEPS["version"], "image": "half an", "go": "back"}
    answer = author.post(address(draft, "version"), wrong)
    assert answer["Location"] == address(draft, "service")
    assert 'value="half an"' in text_of(author, draft, "version")


def test_a_later_step_waits_for_the_earlier_ones(author: Client, draft: UUID) -> None:
    for step in ("service", "version", "policy", "review"):
        assert author.get(address(draft, step))["Location"] == address(draft, "basic")


def test_capital_letters_are_taken_with_a_word(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service")
    go(author, draft, "version", version="V2")
    assert "You typed V2; it is written v2" in text_of(author, draft, "version")
    assert Draft.objects.get().data["version"] == "v2"


def test_variables_are_set_and_taken_away(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service")
    rows = {"env_name": ["LOG_LEVEL", "OLD"], "env_value": ["debug", ""], "env_gone": ["1"]}
    author.post(address(draft, "version"), {**STEPS["version"], **rows, "go": "next"})
    assert Draft.objects.get().data["env"] == {"LOG_LEVEL": "debug", "OLD": None}
    assert 'value="LOG_LEVEL"' in text_of(author, draft, "version")


def test_a_wrong_variable_is_said_at_its_row(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service")
    rows = {"env_name": ["1BAD"], "env_value": ["x"]}
    answer = author.post(address(draft, "version"), {**STEPS["version"], **rows, "go": "next"})
    assert answer.status_code == 422
    assert "1BAD can’t be the name of a variable" in answer.content.decode()
    assert "1 field to fix" in answer.content.decode()


def test_another_service_drops_the_image_of_the_first(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service", "version")
    go(author, draft, "service", service="ratings")
    assert 'value="istio/examples-bookinfo-ratings-v1:1.10.1"' in text_of(author, draft, "version")


def test_a_draft_that_changed_in_another_tab_is_shown_again(author: Client, draft: UUID) -> None:
    go(author, draft, "basic", "service", "version", "policy")
    found = re.search(r'name="revision" value="(\w+)"', text_of(author, draft, "review"))
    assert found
    go(author, draft, "policy", share="50")
    answer = author.post(address(draft, "review"), {"revision": found.group(1)})
    assert answer.status_code == 409
    assert "The draft changed since your page was drawn" in answer.content.decode()
    assert Release.objects.count() == 0


def test_a_silent_cluster_is_named_at_the_review_and_the_draft_stays(
    author: Client, draft: UUID, world: World
) -> None:
    go(author, draft, "basic", "service", "version", "policy")
    world.cluster.faults.down = True
    answer = author.get(address(draft, "review"))
    assert answer.status_code == 503
    assert "API server: no answer" in answer.content.decode()
    world.cluster.faults.down = False
    assert "What will happen in demo" in text_of(author, draft, "review")


def test_a_release_that_brings_the_same_version_meanwhile_is_named_at_the_field(
    author: Client, draft: UUID, world: World
) -> None:
    go(author, draft, "basic", "service", "version", "policy")
    text = text_of(author, draft, "review")
    world.release(name="faster")
    found = re.search(r'name="revision" value="(\w+)"', text)
    assert found
    answer = author.post(address(draft, "review"), {"revision": found.group(1)})
    assert answer["Location"] == address(draft, "version")
    assert "v2 is there already. Choose another version." in text_of(author, draft, "version")


def test_a_version_that_stands_at_0_pods_is_brought_again_and_both_pages_say_so(
    author: Client, draft: UUID, world: World
) -> None:
    former = world.release()
    world.run_until(former, Phase.RUNNING)
    operations.abandon(person("operator"), former, former.target.generation, keep_both=False)
    world.run_until(former, Phase.ABANDONED)
    inventory.refresh(world.project.pk)
    assert 'value="reviews-v2-2"' in text_of(author, draft, "basic")
    go(author, draft, "basic", "service", "version", "policy", name="reviews-v2-2")
    assert "reviews-v2 is there and stands at 0 pods" in text_of(author, draft, "version")
    review = text_of(author, draft, "review")
    assert "Deployment reviews-v2 is brought again." in review
    assert "reviews-v2 is created" not in review
