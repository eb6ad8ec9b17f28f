from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grayrelease.domain.evaluate.validation import refusals
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Reason

ROUTE = [{"destination": {"host": "reviews", "subset": "v1"}}]


def whole(manifest: dict[str, Any]) -> dict[str, Any]:
    """Write out the one long text that the recordings abbreviate."""
    text = json.dumps(manifest).replace('"x * 1100000"', json.dumps("x" * 1_100_000))
    told: dict[str, Any] = json.loads(text)
    return told


def virtual_service(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "reviews", "namespace": "demo"}
    return {"kind": "VirtualService", "metadata": metadata, "spec": {"hosts": ["reviews"]} | spec}


def rule(**fields: Any) -> list[Reason]:
    return refusals(virtual_service(http=[{"route": ROUTE, **fields}]))


def said(reasons: list[Reason]) -> list[tuple[str, str]]:
    return [(reason.code, str(reason.facts.get("path", ""))) for reason in reasons]


def test_it_takes_and_refuses_what_istiod_does(recordings: Path) -> None:
    cases = json.loads((recordings / "istio-routing" / "validation.json").read_text())
    differing = [case["name"] for case in cases if (not refusals(whole(case["object"]))) != case["valid"]]
    assert differing == []
    assert len(cases) == 142


def test_each_reason_has_the_facts_that_its_sentence_names(recordings: Path) -> None:
    cases = json.loads((recordings / "istio-routing" / "validation.json").read_text())
    reasons = [reason for case in cases for reason in refusals(whole(case["object"]))]
    assert {reason.code: set(REASONS[reason.code]) for reason in reasons} == {
        reason.code: set(reason.facts) for reason in reasons
    }


def test_it_says_where() -> None:
    asked = [{"headers": {"x-a": {"exact": "b"}}}, {"uri": {"regex": "/(?=a)"}}]
    assert said(rule(match=asked)) == [("istio-regex", "http[0].match[1].uri.regex")]


def test_it_names_each_thing_that_is_wrong() -> None:
    wrong = rule(timeout="0s", mirror={"host": "reviews", "subset": "v1.2"}, retries={"attempts": -1})
    assert said(wrong) == [
        ("istio-name", "http[0].mirror.subset"),
        ("istio-range", "http[0].retries.attempts"),
        ("istio-duration", "http[0].timeout"),
    ]


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("50%%", True),
        ("%REQ(x-user)%", True),
        ('%DYNAMIC_METADATA(["a", "b"])%', True),
        ("a%DOWNSTREAM_REMOTE_ADDRESS%b%HOSTNAME%", True),
        ("%", False),
        ("a%b", False),
        ("%A%%", False),
        ("%REQ(x%", False),
        ("a\tb", True),
        ("a\nb", False),
    ],
)
def test_a_header_value_keeps_to_envoys_percent_signs(value: str, fits: bool) -> None:
    assert (rule(headers={"request": {"set": {"x-a": value}}}) == []) is fits


@pytest.mark.parametrize(
    ("hosts", "codes"),
    [
        (["*.example.com", "a.example.com"], ["istio-hosts-overlap"]),
        (["a.example.com", "b.example.com"], []),
        (["reviews.123"], ["istio-host"]),
        (["reviews.demo."], []),
        (["*-a.example.com"], []),
        (["a" * 64], ["istio-host"]),
        (["::1"], []),
    ],
)
def test_hosts_are_names_that_do_not_overlap(hosts: list[str], codes: list[str]) -> None:
    found = refusals(virtual_service(hosts=hosts, http=[{"route": ROUTE}]))
    assert [reason.code for reason in found] == codes


def test_rules_for_other_protocols_need_a_route() -> None:
    spec = {"tls": [{"match": [{"sniHosts": ["other"]}]}], "tcp": [{"match": [{"port": 70000}]}]}
    assert said(refusals(virtual_service(**spec))) == [
        ("istio-choice", "tls[0].match[0].sniHosts"),
        ("istio-missing", "tls[0].route"),
        ("istio-range", "tcp[0].match[0].port"),
        ("istio-missing", "tcp[0].route"),
    ]


def test_a_rule_of_other_kinds_of_objects_is_not_looked_at() -> None:
    assert refusals({"kind": "Service", "spec": {"ports": []}}) == []


def test_only_gateways_see_the_claims_of_a_token() -> None:
    asked = [{"headers": {"@request.auth.claims.group": {"exact": "beta"}}}]
    bound = {"hosts": ["shop.example.com"], "gateways": ["gray"]}
    assert said(rule(match=asked)) == [("istio-choice", "http[0].match[0].headers")]
    assert refusals(virtual_service(http=[{"route": ROUTE, "match": asked}], **bound)) == []


def test_headers_shown_to_other_origins_are_plain_names() -> None:
    shown = {"allowHeaders": ["*", "x-a", ":path"], "exposeHeaders": ["a b"]}
    assert said(rule(corsPolicy=shown)) == [
        ("istio-header-name", "http[0].corsPolicy.allowHeaders"),
        ("istio-header-name", "http[0].corsPolicy.exposeHeaders"),
    ]
