"""The wizard by mode: what is typed, the sentence that it means, and the plan that is frozen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from grayrelease.domain.state import Phase
from tests.views.drafting import JASON, LATER, VERSION, Fields, Wizard, look, plain, steps_of
from tests.world import World

GOLDEN = Path(__file__).parent / "golden"

# --- each mode, by deed

POLICIES: dict[str, tuple[str, Fields, str]] = {
    "canary-by-hand": (
        "canary",
        {"first": "share", "share": "20", "then": "hand"},
        "20 % of all visitors meet v2; everyone else stays on v1.",
    ),
    "canary-by-steps": (
        "canary",
        {**LATER, "first": "share", "share": "5"},
        "5 % of all visitors meet v2; everyone else stays on v1.",
    ),
    "canary-by-request": (
        "canary",
        {**JASON, **LATER, "first": "audience", "part": "30"},
        "30 % of the requests with cookie user = jason and from Windows or iOS, "
        "or to paths beginning with /reviews/beta (upper or lower case) meet v2; everyone else stays on v1.",
    ),
    "blue-green": (
        "blue-green",
        {"gate": "person", "minutes": "15"},
        "All visitors stay on v1; v2 runs without visitors.",
    ),
    "blue-green-with-preview": (
        "blue-green",
        {**JASON, "preview": "1", "gate": "time", "minutes": "90"},
        "Requests with cookie user = jason and from Windows or iOS, or to paths beginning with "
        "/reviews/beta (upper or lower case) meet v2; everyone else stays on v1.",
    ),
    "mirror": (
        "mirror",
        {"share": "100", "then": "end"},
        "v1 answers all visitors. v2 gets a copy of each request; its answers are thrown away.",
    ),
    "mirror-then-canary": (
        "mirror",
        {**LATER, "share": "30", "get_only": "1"},
        "v2 gets a copy of 30 % of the GET and HEAD requests; its answers are thrown away.",
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_said_in_words_and_frozen_as_steps(author: Client, name: str) -> None:
    mode, policy, sentence = POLICIES[name]
    wizard = Wizard(author, mode)
    wizard.until_policy()
    plan = wizard.plan(policy)
    assert sentence in plain(wizard.text("policy")).replace("\u00a0", " ")
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    assert {"mode": plan.mode, "steps": steps_of(plan)} == golden
    release = wizard.create()
    assert (release.mode, release.candidate) == (mode, "v2")
    assert release.exposed == plan.steps[0].exposure


def test_copies_to_another_service_bring_no_version(author: Client) -> None:
    wizard = Wizard(author, "mirror")
    wizard.until_policy({"to": "service", "to_service": "ratings"}, brings=False)
    plan = wizard.plan({"share": "50"})
    assert not plan.brings
    [step] = plan.steps
    assert step.exposure.mirror is not None and step.exposure.mirror.to is not None
    assert (step.exposure.mirror.to.host, step.exposure.mirror.to.port) == (
        "ratings.demo.svc.cluster.local",
        9080,
    )
    assert author.get(f"{wizard.address}/version/").status_code == 404
    assert "kind: Deployment" not in wizard.text("review")
    assert wizard.create().candidate == ""


def test_copies_to_a_host_outside_need_a_service_entry(author: Client, world: World) -> None:
    wizard = Wizard(author, "mirror")
    to = {"to": "outside", "to_host": "audit.example.com", "to_port": "443"}
    wizard.until_policy(to, brings=False)
    wizard.answer("policy", {"share": "100"})
    answer = author.get(f"{wizard.address}/review/")
    assert answer.status_code == 409
    assert "No ServiceEntry makes audit.example.com known" in answer.content.decode()
    entry = {"hosts": ["audit.example.com"], "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]}
    world.cluster.seed(
        {"kind": "ServiceEntry", "metadata": {"name": "audit", "namespace": "demo"}, "spec": entry}
    )
    assert "audit.example.com:443 gets a copy of each request" in plain(wizard.text("review"))


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ({"to": "service", "to_service": "reviews"}, "The copies would go back to the same service."),
        ({"to": "service", "to_service": "nobody", "to_port": "80"}, "There is no service nobody"),
        ({"to": "service", "to_service": "ratings", "to_port": "80"}, "it has 9080"),
        ({"to": "service", "to_service": "audit", "to_namespace": "other"}, "A port’s number"),
        ({"to": "outside", "to_host": "not a host", "to_port": "80"}, "The whole name of a host outside"),
        ({"to": "outside", "to_host": "a.b.svc.cluster.local", "to_port": "80"}, "outside the cluster"),
    ],
)
def test_a_place_that_copies_can_not_go_to_is_refused(
    author: Client, to: dict[str, str], sentence: str
) -> None:
    wizard = Wizard(author, "mirror")
    wizard.answer("basic", {"name": "copies"})
    answer = wizard.post("service", {"service": "reviews", **to})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


# --- several releases of a service


def test_a_service_with_a_live_release_takes_another(author: Client, world: World) -> None:
    world.run_until(world.release(share=200), Phase.RUNNING)
    look(world)
    wizard = Wizard(author, "canary")
    wizard.answer("basic", {"name": "reviews-v3"})
    assert "Release reviews-v2 is under way: v2 has 20" in plain(wizard.text("service"))
    wizard.answer("service", {"service": "reviews"})
    assert 'value="v3"' in wizard.text("version")
    assert wizard.post("version", VERSION).status_code == 422
    wizard.answer("version", {**VERSION, "version": "v3"})
    plan = wizard.plan({"first": "share", "share": "10"})
    assert (plan.stable.version, plan.candidate.workload) == ("v1", "reviews-v3")
    assert wizard.create().target.releases.live().count() == 2


def test_a_second_release_without_room_is_refused_at_the_review(author: Client, world: World) -> None:
    world.run_until(world.release(share=800), Phase.RUNNING)
    look(world)
    wizard = Wizard(author, "canary")
    wizard.answer("basic", {"name": "reviews-v3"})
    wizard.answer("service", {"service": "reviews"})
    wizard.answer("version", {**VERSION, "version": "v3"})
    wizard.answer("policy", {"first": "share", "share": "30"})
    answer = author.get(f"{wizard.address}/review/")
    assert answer.status_code == 409
    assert "No room: the release reviews-v2 has 80" in plain(answer.content.decode())


def test_a_mirror_says_what_both_versions_use(author: Client, world: World) -> None:
    def keys(deployment: dict[str, Any]) -> None:
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        container["envFrom"] = [{"secretRef": {"name": "database"}}]

    world.cluster.edit("Deployment", "demo", "reviews-v1", keys)
    wizard = Wizard(author, "mirror")
    wizard.answer("basic", {"name": "copies"})
    wizard.answer("service", {"service": "reviews"})
    wizard.answer("version", {**VERSION, "env_name": ["DATABASE_URL"], "env_value": ["postgresql://copy/"]})
    wizard.answer("policy", {"share": "100"})
    text = plain(wizard.text("review"))
    assert "Set differently for the new version: DATABASE_URL." in text
    assert "Both use: Secret/database" in text
