"""The wizard's policy as it is typed: what is refused, rows without a script, the live sentence."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from grayrelease import metrics
from grayrelease.domain.handing import Source
from grayrelease.metrics.memory import Memory
from tests.views.drafting import JASON, LATER, Fields, Wizard, plain

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
        "符合条件（Cookie user = jason，且来自 Windows 或 iOS；"
        "或者路径以 /reviews/beta 开头且不区分大小写）的请求中有 30%" in said
    )


def test_what_is_typed_is_never_markup(author: Client) -> None:
    wizard = Wizard(author, "canary")
    wizard.until_policy()
    bold = {"c_group": "0", "c_on": "header", "c_name": "x-user", "c_how": "exact", "c_values": "<b>&"}
    wizard.answer("policy", {**bold, "first": "audience", "part": "100"})
    assert "<b>&lt;b&gt;&amp;</b>" in wizard.text("policy")


def test_a_caller_that_may_drop_cookies_is_named_and_vouched_for_at_the_field(author: Client) -> None:
    page = {"productpage": Source("productpage-v1", "demo", "productpage")}
    with metrics.use(Memory(workloads=page)) as seen:
        assert isinstance(seen, Memory)
        seen.scrape("demo", "reviews", timezone.now(), {"v1": 5}, caller="productpage")
        wizard = Wizard(author, "canary")
        wizard.until_policy()
        policy = {"first": "share", "share": "5", "sticky": "1"}
        answer = wizard.post("policy", policy)
        text = answer.content.decode()
        assert answer.status_code == 422
        assert re.search(r'id="e-sticky">.*productpage-v1, between browsers and reviews', text, re.DOTALL)
        assert '<input type="checkbox" name="vouched" value="productpage-v1">' in text
        plan = wizard.plan({**policy, "vouched": "productpage-v1"})
        assert plan.steps[0].exposure.sticky
        assert 'value="productpage-v1" checked>' in wizard.text("policy")
