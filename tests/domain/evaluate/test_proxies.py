"""What isn't in the recordings: ports without HTTP, headers of the proxy's own, answers held back."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain import evaluate
from grayrelease.domain.evaluate import Answer, Caller, Request
from tests.domain.evaluate.cluster import (
    INGRESS,
    PRODUCTPAGE,
    REVIEWS,
    Manifest,
    ask,
    gateway,
    hit,
    routes,
    rule,
    server,
    service,
    to,
    versions,
)

PUBLIC = {"hosts": ["shop.example.com"], "gateways": ["gray"]}
STREAMS = [
    service("db") | {"spec": {"ports": [{"name": "tcp", "port": 5432}, {"name": "tls", "port": 443}]}},
    versions("db", "v1", "v2"),
]


def at_gateway(*rules: Manifest, path: str = "/", **headers: str) -> Answer:
    objects = (gateway("gray", server("*")), routes("shop", *rules, **PUBLIC))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = {"path": path, "authority": "shop.example.com", "port": 80, "headers": named}
    return ask(*objects, caller=INGRESS, **asked)


def stream(port: int, **spec: Any) -> Answer:
    request = Request("GET", f"db:{port}", "/", port)
    return evaluate.evaluate([*STREAMS, routes("db", **spec)], PRODUCTPAGE, request)


def test_shares_of_a_tcp_port_are_those_of_its_tcp_rules() -> None:
    answer = stream(5432, tcp=[rule(to("v1", "db", weight=90), to("v2", "db", weight=10))])
    assert [(each.subset, each.chance, each.port) for each in answer.destinations] == [
        ("v1", 0.9, 5432),
        ("v2", 0.1, 5432),
    ]


def test_http_rules_do_not_hold_for_a_tcp_port_nor_rules_for_another_port() -> None:
    other = rule(to("v2", "db"), match=[{"port": 443}])
    answer = stream(5432, http=[rule(to("v2", "db"))], tcp=[other])
    assert hit(answer) == [""]
    assert [each.failed.where for each in answer.looked if each.failed] == ["port"]


@pytest.mark.parametrize(("names", "subset"), [(["db"], "v2"), (["*.demo"], ""), (["*"], "v2")])
def test_tls_rules_look_at_the_server_name(names: list[str], subset: str) -> None:
    asked = {"sniHosts": names}
    assert hit(stream(443, tls=[rule(to("v2", "db"), match=[asked])])) == [subset]


def test_a_connection_to_nowhere_is_closed_without_a_status() -> None:
    answer = stream(5432, tcp=[rule(to("v9", "db"))])
    assert (answer.status, answer.reason, answer.retries) == (0, "NC", None)


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-envoy-external-address", "x-request-id"])
def test_a_gateway_writes_some_headers_before_it_looks(name: str) -> None:
    asked = {"headers": {name: {}}}
    answer = at_gateway(rule(to("v2", port=9080), match=[asked]), rule(to("v1", port=9080)))
    assert hit(answer) == ["v2"]


def test_a_client_outside_cannot_say_the_scheme() -> None:
    asked = {"scheme": {"exact": "https"}}
    rules = (rule(to("v2", port=9080), match=[asked]), rule(to("v1", port=9080)))
    assert hit(at_gateway(*rules, x_forwarded_proto="https")) == ["v1"]


def test_a_sidecar_finds_nothing_when_the_scheme_is_said_to_be_empty() -> None:
    assert ask(headers={"x-forwarded-proto": ""}).status == 404


def test_no_rule_sees_headers_of_the_connection() -> None:
    asked = {"headers": {"connection": {}}}
    table = routes("reviews", rule(to("v2"), match=[asked]), rule(to("v1")))
    assert hit(ask(table, headers={"Connection": "close"})) == ["v1"]


def test_a_missing_header_counts_as_empty_where_it_must_not_match() -> None:
    asked = {"withoutHeaders": {"x-user": {"regex": ".*"}}}
    assert hit(ask(routes("reviews", rule(to("v2"), match=[asked]), rule(to("v1"))))) == ["v1"]


@pytest.mark.parametrize(
    ("subset", "fault", "status", "reason"),
    [
        ("v1", {"delay": {"fixedDelay": "1s", "percentage": {"value": 100}}}, 200, "DI"),
        ("v9", {"delay": {"fixedDelay": "1s", "percentage": {"value": 100}}}, 503, "DI,NC"),
        ("v1", {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}, 418, "FI"),
        ("v1", {"abort": {"grpcStatus": "NOT_FOUND", "percentage": {"value": 100}}}, 200, "FI"),
        ("v1", {"abort": {"httpStatus": 418, "percentage": {"value": 50}}}, 200, ""),
    ],
)
def test_faults_come_before_the_versions(subset: str, fault: Manifest, status: int, reason: str) -> None:
    answer = ask(routes("reviews", rule(to(subset), fault=fault)))
    assert (answer.status, answer.reason) == (status, reason)


def test_a_redirect_of_a_prefix_to_the_root_doubles_the_slash_as_envoy_does() -> None:
    led = {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"prefixRewrite": "/"}}
    assert ask(routes("reviews", led), path="/old/a").location == "http://reviews:9080//a"


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/a/..;x=1/b", "/b"),
        ("/a/.;/b", "/a/b"),
        ("/%2e%2e;p/b", "/..;p/b"),
        ("/a|b^c", "/a%7Cb%5Ec"),
        ("/a/%2E%2E/b", "/b"),
        ("/a%zz", ""),
        ("/..", "/"),
        ("/a//../b", "/a/b"),
    ],
)
def test_paths_are_made_plain_as_envoy_does(path: str, seen: str) -> None:
    assert ask(path=path).path == seen


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ({"path": "/a%00"}, 400, "path_normalization_failed"),
        ({"path": "/ä"}, 400, "http1.codec_error"),
        ({"path": "a"}, 400, "http1.invalid_url"),
        ({"method": "get"}, 400, "http1.codec_error"),
        ({"path": "*", "method": "OPTIONS"}, 404, "absolute_path_rejected"),
    ],
)
def test_what_is_malformed_meets_no_rule(request_: dict[str, str], status: int, reason: str) -> None:
    answer = ask(**request_)
    assert (answer.status, answer.reason, answer.looked) == (status, reason, ())


def test_a_whole_url_as_target_names_the_host() -> None:
    assert hit(ask(routes("reviews", rule(to("v2"))), authority="other", path="http://reviews:9080/a")) == [
        "v2"
    ]


def test_a_service_of_another_namespace_is_not_called_by_its_short_name() -> None:
    away = Caller("sidecar", "shop", {})
    request = Request("GET", "reviews", "/", 9080)
    assert evaluate.evaluate(REVIEWS, away, request).destinations[0].host == "PassthroughCluster"


def test_a_name_that_stands_for_another_is_replaced_in_routes_and_copies() -> None:
    old = service("old", type="ExternalName", externalName="reviews.demo.svc.cluster.local")
    answer = ask(old, routes("reviews", rule(to("", "old"), mirror={"host": "old"})))
    told = {*((each.host, each.port) for each in (*answer.destinations, *answer.mirrors))}
    assert told == {("reviews.demo.svc.cluster.local", 9080)}
    assert answer.mirrors[0].reachable
