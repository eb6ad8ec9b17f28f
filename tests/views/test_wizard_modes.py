"""The wizard by mode: what is typed, the sentence that it means, and the plan that is frozen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from grayrelease.domain import preflight, revision
from grayrelease.domain.plan import Plan
from grayrelease.domain.state import Phase
from grayrelease.models import Draft, Release
from grayrelease.reconcile import inventory
from tests.world import World, person

GOLDEN = Path(__file__).parent / "golden"
Fields = Mapping[str, str | list[str]]
VERSION: Fields = {"version": "v2", "image": "istio/examples-bookinfo-reviews-v2:1.16.2", "replicas": "2"}
LATER: Fields = {
    "then": "steps",
    "s_who": ["everyone", "everyone"],
    "s_share": ["50", "100"],
    "s_gate": ["time", "person"],
    "s_minutes": ["15", ""],
}
JASON: Fields = {
    "c_group": ["0", "0", "1"],
    "c_on": ["cookie", "system", "url"],
    "c_name": ["user", "", ""],
    "c_how": ["exact", "exact", "prefix"],
    "c_values": ["jason", "", "/reviews/beta"],
    "c_system": ["1:windows", "1:ios"],
    "c_case": ["2"],
}


def look(world: World) -> None:
    """Let all pods have sidecars, and the driver look at them."""
    for pod in world.cluster.list("Pod", "demo"):
        pod["metadata"].setdefault("annotations", {})[preflight.SIDECAR] = "{}"
        world.cluster.replace(pod)
    inventory.refresh(world.project.pk)


@pytest.fixture
def author(world: World) -> Client:
    """The operator's browser; Bookinfo's pods have sidecars, and the driver has looked at them."""
    look(world)
    client = Client(raise_request_exception=False)
    client.force_login(person("operator"))
    return client


class Wizard:
    """A draft, answered step by step."""

    def __init__(self, author: Client, mode: str, service: str = "reviews", **more: str) -> None:
        answer = author.post("/p/demo/releases/new/", {"mode": mode, "service": service, **more})
        self.author, self.address = author, answer["Location"].rsplit("/", 2)[0]
        self.service = service

    @property
    def draft(self) -> Draft:
        return Draft.objects.get(pk=UUID(self.address.rsplit("/", 1)[1]))

    def post(self, step: str, fields: Fields, go: str = "next", **headers: str) -> Any:
        return self.author.post(f"{self.address}/{step}/", {**fields, "go": go}, headers=headers)

    def text(self, step: str) -> str:
        return str(self.author.get(f"{self.address}/{step}/").content.decode())

    def answer(self, step: str, fields: Fields) -> None:
        answer = self.post(step, fields)
        assert answer.status_code == 302, answer.content.decode()

    def until_policy(self, service: Fields | None = None, *, brings: bool = True) -> None:
        self.answer("basic", {"name": f"{self.service}-v2"})
        self.answer("service", {"service": self.service, **(service or {})})
        if brings:
            self.answer("version", VERSION)

    def plan(self, policy: Fields) -> Plan:
        """Answer the policy and freeze the plan."""
        self.answer("policy", policy)
        review = self.author.get(f"{self.address}/review/")
        assert review.status_code == 200, review.content.decode()
        return revision.parse(self.draft.frozen)

    def create(self) -> Release:
        found = re.search(r'name="revision" value="(\w+)"', self.text("review"))
        assert found
        self.author.post(f"{self.address}/review/", {"revision": found.group(1)})
        return Release.objects.latest("pk")


def steps_of(plan: Plan) -> list[dict[str, Any]]:
    return [step.model_dump(mode="json", exclude_defaults=True) for step in plan.steps]


def plain(text: str) -> str:
    """Return what a reader sees of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("&#x27;", "'")


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
        "or to paths beginning with /reviews/beta meet v2; everyone else stays on v1.",
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
        "/reviews/beta meet v2; everyone else stays on v1.",
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


# --- what is wrong


@pytest.mark.parametrize(
    ("mode", "policy", "sentence"),
    [
        ("canary", {"first": "audience", "part": "100"}, "Say whom you mean"),
        ("canary", {**JASON, "first": "audience", "part": "0"}, "A whole number from 1 to 100"),
        ("canary", {"first": "share", "share": "5", "then": "steps"}, "Give it a step"),
        ("canary", {**LATER, "first": "share", "share": "60"}, "More than the step before, which has 60"),
        ("canary", {**LATER, "first": "share", "share": "5", "s_minutes": ["soon", ""]}, "Minutes to wait"),
        ("blue-green", {"preview": "1", "gate": "person"}, "Say whom you mean"),
        ("blue-green", {"gate": "time", "minutes": "0"}, "Minutes to wait"),
        ("mirror", {"share": "0"}, "A whole number from 1 to 100"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_at_the_field(
    author: Client, mode: str, policy: Fields, sentence: str
) -> None:
    wizard = Wizard(author, mode)
    wizard.until_policy()
    answer = wizard.post("policy", policy)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert author.get(f"{wizard.address}/review/")["Location"] == f"{wizard.address}/policy/"


def test_sticky_is_refused_at_the_field_where_only_services_call(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    answer = wizard.post("policy", {"first": "share", "share": "5", "sticky": "1"})
    assert answer.status_code == 422
    assert re.search(r'id="e-sticky">.*which keep no cookies', answer.content.decode(), re.DOTALL)


def test_an_audience_that_is_everyone_is_refused(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    everyone = {"c_group": "0", "c_on": "url", "c_name": "", "c_how": "prefix", "c_values": "/"}
    answer = wizard.post("policy", {**everyone, "first": "audience", "part": "100"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Every visitor meets this." in text
    assert 'href="#c-0-value"' in text and 'id="c-0-value"' in text


def test_a_draft_that_was_tampered_with_is_refused_at_the_review(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    wizard.answer("policy", {"first": "share", "share": "20"})
    draft = wizard.draft
    everyone = {"groups": [{"conditions": [{"on": "url", "how": "prefix", "values": ["/"]}]}]}
    draft.data["steps"] = [{"exposure": {"share": 1000, "audience": everyone}}]
    draft.save()
    answer = author.get(f"{wizard.address}/review/")
    assert answer.status_code == 409
    assert "Every visitor meets this." in answer.content.decode()


# --- rows, without a script


def test_rows_are_added_and_taken_away_and_keep_what_was_typed(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    fields = {**JASON, **LATER, "first": "audience", "part": "30", "sticky": "1"}
    for go, conditions, steps in (
        ("and:0", 4, 2),
        ("or", 4, 2),
        ("drop:1", 2, 2),
        ("step", 3, 3),
        ("unstep:0", 3, 1),
    ):
        answer = wizard.post("policy", fields, go)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert (text.count('name="c_on"'), text.count('name="s_share"')) == (conditions, steps), go
        assert ">jason</textarea>" in text and ">/reviews/beta</textarea>" in text
        assert 'value="30"' in text and 'aria-invalid="true"' not in text
        assert wizard.text("policy").count('name="s_share"') == steps


def test_ticks_stay_with_their_row_when_one_above_goes(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    text = wizard.post("policy", {**JASON, **LATER, "first": "audience"}, "drop:0").content.decode()
    assert re.search(r'name="c_system" value="0:windows" checked', text)
    assert re.search(r'name="c_case" value="1" checked', text)


def test_the_usual_steps_are_filled_in_at_a_press(author: Client) -> None:
    wizard = Wizard(author, "canary", by="steps")
    wizard.until_policy()
    text = wizard.text("policy")
    assert re.findall(r'name="s_share"[^>]* value="(\d+)"', text) == ["20", "50", "100"]
    assert 'value="5"' in text
    other = Wizard(author, "canary")
    other.until_policy()
    filled = other.post(
        "policy", {"first": "share", "share": "33", "s_share": ["7"]}, "preset"
    ).content.decode()
    assert re.findall(r'name="s_share"[^>]* value="(\d+)"', filled) == ["20", "50", "100"]


# --- the live sentence, and what is kept by itself


def test_the_sentence_follows_what_is_typed_and_keeps_it(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    seen = wizard.draft.data["n"]
    look = {"HX-Request": "true", "HX-Target": "means"}
    answer = wizard.post("policy", {"first": "share", "share": "35", "n": str(seen)}, "look", **look)
    assert (
        plain(answer.content.decode())
        .replace("\u00a0", " ")
        .strip()
        .startswith("35 % of all visitors meet v2")
    )
    assert "<html" not in answer.content.decode()
    assert 'value="35"' in wizard.text("policy")


def test_an_older_pages_look_does_not_overwrite_a_later_answer(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    seen = str(wizard.draft.data["n"])
    wizard.answer("policy", {"first": "share", "share": "40"})
    late = wizard.post("policy", {"first": "share", "share": "35", "n": seen}, "look")
    assert late.status_code == 200
    assert wizard.draft.data["steps"][0]["exposure"]["share"] == 400


def test_what_is_not_complete_is_said_instead_of_a_sentence(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    look = {"HX-Request": "true", "HX-Target": "means"}
    answer = wizard.post("policy", {"first": "share", "share": "half"}, "look", **look)
    assert "Not complete yet: A whole number from 0 to 100" in plain(answer.content.decode())


def test_where_copies_go_may_be_changed_after_the_policy_was_answered(author: Client) -> None:
    wizard = Wizard(author, "mirror")
    wizard.until_policy()
    wizard.answer("policy", {"share": "100", "then": "end"})
    wizard.answer("service", {"service": "reviews", "to": "service", "to_service": "ratings"})
    assert "ratings.demo.svc.cluster.local:9080 gets a copy of each request" in plain(wizard.text("review"))


def test_the_sentence_is_chinese_for_those_who_read_it(author: Client) -> None:
    author.cookies["django_language"] = "zh-hans"
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    wizard.answer("policy", {**JASON, "first": "audience", "part": "30"})
    said = plain(wizard.text("policy"))
    assert (
        "符合条件（Cookie user = jason，且来自 Windows 或 iOS；或者路径以 /reviews/beta 开头）的请求中有 30%"
        in said
    )


def test_what_is_typed_is_never_markup(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    bold = {"c_group": "0", "c_on": "header", "c_name": "x-user", "c_how": "exact", "c_values": "<b>&"}
    wizard.answer("policy", {**bold, "first": "audience", "part": "100"})
    assert "<b>&lt;b&gt;&amp;</b>" in wizard.text("policy")


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
