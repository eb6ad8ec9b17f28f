"""What istiod's webhook refuses, the sandbox's API server refuses, in the same words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.istio_admission import check, problems

JSON = dict[str, Any]
PLACEHOLDER = "x * 1100000"


def recorded(recordings: Path) -> list[JSON]:
    text = (recordings / "istio-routing" / "validation.json").read_text()
    found: list[JSON] = json.loads(text.replace(PLACEHOLDER, "x" * 1_100_000))
    return found


def test_it_says_what_istiod_was_recorded_saying(recordings: Path) -> None:
    differing = {
        entry["name"]: (entry["message"], found)
        for entry in recorded(recordings)
        if (found := list(problems(entry["object"]))) != [] or not entry["valid"]
        if not same(entry["message"], found)
    }
    assert differing == {} and len(recorded(recordings)) > 100


def same(message: str, found: list[str]) -> bool:
    # The recording writes ` | ` where the message has a new line.
    return " | ".join(found).replace("\n", " | ") == message


def test_the_answer_is_the_webhooks() -> None:
    rule = {"route": [{"destination": {"host": "reviews"}, "weight": -1}]}
    item = {"kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["reviews"], "http": [rule]}}
    with pytest.raises(errors.ApiError) as caught:
        check("networking.istio.io", item)
    assert caught.value.code == 400
    assert str(caught.value) == (
        'admission webhook "validation.istio.io" denied the request: configuration is invalid: weight -1 < 0'
    )


@pytest.mark.parametrize(
    ("field", "rule", "told"),
    [
        ("tcp", {"route": []}, "TCP route is required"),
        (
            "tls",
            {"route": [{"destination": {"host": "a"}}]},
            "TLS route must have at least one match condition",
        ),
        (
            "tls",
            {"match": [{"sniHosts": ["b.com"]}], "route": [{"destination": {"host": "a"}}]},
            'SNI host "b.com" is not a compatible subset of any of the virtual service hosts: [a.com]',
        ),
    ],
)
def test_tcp_and_tls_rules_are_looked_at_too(field: str, rule: JSON, told: str) -> None:
    item = {"kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["a.com"], field: [rule]}}
    assert list(problems(item)) == [told]


def of_rule(**rule: Any) -> list[str]:
    item = {"kind": "VirtualService", "metadata": {}, "spec": {"hosts": ["reviews"], "http": [rule]}}
    return list(problems(item))


def of_policy(**policy: Any) -> list[str]:
    spec = {"host": "reviews", "trafficPolicy": policy}
    return list(problems({"kind": "DestinationRule", "metadata": {}, "spec": spec}))


ROUTE = [{"destination": {"host": "reviews"}}]
ANYWHERE = {"host": "*"}


@pytest.mark.parametrize(
    "rule",
    [
        {"route": [{"destination": ANYWHERE}]},
        {"route": ROUTE, "mirror": ANYWHERE},
        {"route": ROUTE, "mirrors": [{"destination": ANYWHERE}]},
    ],
    ids=["route", "mirror", "mirrors"],
)
def test_requests_and_copies_have_one_destination(rule: JSON) -> None:
    assert of_rule(**rule) == ["invalid destination host *"]


def test_a_cors_policy_names_methods_there_are() -> None:
    assert of_rule(route=ROUTE, corsPolicy={"allowMethods": ["GET", "TRACE", "*"]}) == []
    told = ['"get" is not a supported HTTP method', '"FETCH" is not a supported HTTP method']
    assert of_rule(route=ROUTE, corsPolicy={"allowMethods": ["get", "FETCH"]}) == told


def test_a_cors_policy_names_headers_of_all_characters_that_http_has() -> None:
    assert of_rule(route=ROUTE, corsPolicy={"allowHeaders": ["x.y", "~", "a%b", "*"]}) == []
    told = ["header name :path is not a valid header name", "header name cannot be empty"]
    assert of_rule(route=ROUTE, corsPolicy={"exposeHeaders": [":path", ""]}) == told


def test_a_route_beside_a_delegate_may_be_there_if_empty() -> None:
    delegate = {"name": "other"}
    assert of_rule(name="r", delegate=delegate, route=[]) == []
    assert of_rule(name="r", delegate=delegate, route=ROUTE) == ["root HTTP route r must not specify route"]


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (65537, []),
        (1, []),
        (9, ["tableSize must be a prime number for maglev"]),
        (0, ["tableSize must be set for maglev", "tableSize must be a prime number for maglev"]),
        (5000011, ["tableSize must be less than 5000011 for maglev"]),
    ],
)
def test_maglevs_table_is_prime(size: int, told: list[str]) -> None:
    hashed = {"useSourceIp": True, "maglev": {"tableSize": size}}
    assert of_policy(loadBalancer={"consistentHash": hashed}) == told


def test_connections_but_not_requests_may_be_idle_for_ever() -> None:
    assert of_policy(connectionPool={"tcp": {"idleTimeout": "0s"}}) == []
    assert of_policy(connectionPool={"tcp": {"idleTimeout": "1s"}}) == []
    told = ["duration must be greater than 1ms"]
    assert of_policy(connectionPool={"tcp": {"connectTimeout": "0s"}}) == told
    assert of_policy(connectionPool={"http": {"idleTimeout": "0s"}}) == told
