"""Why: which rules were looked at, what the first condition was that did not hold, what doesn't count."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.evaluate import Caller, Failed, Ignored, Ref, Rule
from grayrelease.domain.evaluate.texts import Text
from tests.domain.evaluate.cluster import ask, gateway, hit, routes, rule, server, service, to


def failures(match: dict[str, Any], **request: Any) -> list[Failed | None]:
    answer = ask(routes("reviews", rule(to("v2"), match=[match]), rule(to("v1"))), **request)
    return [looked.failed for looked in answer.looked]


@pytest.mark.parametrize(
    ("match", "request_", "failed"),
    [
        ({"uri": {"prefix": "/api"}}, {}, Failed("uri", "", Text("prefix", "/api"), ("/",))),
        (
            {"uri": {"exact": "/A"}, "ignoreUriCase": True},
            {},
            Failed("uri", "", Text("exact", "/A", True), ("/",)),
        ),
        (
            {"headers": {"x-user": {"exact": "jason"}}},
            {"headers": {"X-User": "eve"}},
            Failed("header", "x-user", Text("exact", "jason"), ("eve",)),
        ),
        ({"headers": {"cookie": {"regex": "a"}}}, {}, Failed("header", "cookie", Text("regex", "a"), ())),
        ({"headers": {"x-user": {}}}, {}, Failed("header", "x-user", Text("present"), ())),
        (
            {"withoutHeaders": {"x-user": {"prefix": "ja"}}},
            {"headers": {"x-user": "jason"}},
            Failed("no-header", "x-user", Text("prefix", "ja"), ("jason",)),
        ),
        (
            {"queryParams": {"v": {"exact": "2"}}},
            {"path": "/?v=1"},
            Failed("query", "v", Text("exact", "2"), ("1",)),
        ),
        ({"method": {"exact": "POST"}}, {}, Failed("method", "", Text("exact", "POST"), ("GET",))),
        (
            {"authority": {"exact": "reviews"}},
            {},
            Failed("authority", "", Text("exact", "reviews"), ("reviews:9080",)),
        ),
        ({"scheme": {"exact": "https"}}, {}, Failed("scheme", "", Text("exact", "https"), ("http",))),
        ({"port": 8080}, {}, Failed("port", "", Text("exact", "8080"), ("9080",))),
        ({"gateways": ["gray"]}, {}, Failed("gateways", "", Text("exact", "demo/gray"), ("mesh",))),
        (
            {"sourceLabels": {"app": "web"}},
            {},
            Failed("sourceLabels", "app", Text("exact", "web"), ("productpage",)),
        ),
        ({"sourceNamespace": "shop"}, {}, Failed("sourceNamespace", "", Text("exact", "shop"), ("demo",))),
    ],
)
def test_it_tells_the_first_condition_that_did_not_hold(
    match: dict[str, Any], request_: dict[str, Any], failed: Failed
) -> None:
    assert failures(match, **request_) == [failed, None]


def test_the_first_of_several_conditions_is_told_and_each_alternative() -> None:
    both = {"uri": {"prefix": "/api"}, "headers": {"x-user": {"exact": "jason"}}}
    answer = ask(
        routes(
            "reviews",
            rule(to("v2"), name="beta", match=[both, {"name": "qa", "method": {"exact": "POST"}}]),
            rule(to("v1"), name="rest"),
        ),
        path="/api/1",
    )
    told = [(each.rule.route, each.rule.index, each.rule.match, each.taken) for each in answer.looked]
    assert told == [("beta", 0, 0, False), ("beta.qa", 0, 1, False), ("rest", 1, None, True)]
    assert answer.looked[0].failed == Failed("header", "x-user", Text("exact", "jason"), ())
    assert answer.taken == answer.looked[-1].rule
    assert answer.taken.object == Ref("VirtualService", "demo", "reviews")


def test_shares_are_chances() -> None:
    answer = ask(routes("reviews", rule(to("v1", weight=3), to("v2", weight=1))))
    assert [(each.subset, each.chance, each.status) for each in answer.destinations] == [
        ("v1", 0.75, 200),
        ("v2", 0.25, 200),
    ]


def test_all_rules_are_told_when_none_fits() -> None:
    answer = ask(routes("reviews", rule(to("v2"), match=[{"uri": {"prefix": "/api"}}])))
    assert (answer.status, answer.reason, answer.taken, len(answer.looked)) == (404, "NR", None, 1)


def test_a_delegated_rule_names_the_object_it_stands_in() -> None:
    lent = routes("lent", rule(to("v2")), hosts=[])
    answer = ask(routes("reviews", {"delegate": {"name": "lent"}}), lent)
    assert answer.taken is not None
    assert answer.taken.delegate == Ref("VirtualService", "demo", "lent")
    assert hit(answer) == ["v2"]


def test_the_older_virtual_service_is_named_as_the_one_that_counts() -> None:
    old = routes("reviews", rule(to("v1")), created="2026-01-01T00:00:00Z")
    young = routes("reviews.demo.svc.cluster.local", rule(to("v2")), created="2026-02-01T00:00:00Z")
    answer = ask(young, old)
    assert answer.ignored == (
        Ignored(
            Ref("VirtualService", "demo", "reviews.demo.svc.cluster.local"),
            "older-counts",
            Ref("VirtualService", "demo", "reviews"),
        ),
    )


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"exportTo": ["shop"]}, "not-visible"),
        ({"gateways": ["gray"]}, "not-bound"),
        ({"hosts": ["reviews.demo"]}, "host-unknown"),
        ({"http": [rule(to("v2"), match=[{"port": 8080}])]}, "not-for-caller"),
    ],
)
def test_it_tells_why_a_virtual_service_does_not_count(spec: dict[str, Any], cause: str) -> None:
    answer = ask(routes("reviews", rule(to("v2")), **spec))
    assert [(each.object.name, each.cause) for each in answer.ignored] == [("reviews", cause)]
    assert hit(answer) == [""]
    assert answer.taken is not None
    assert answer.taken.object == Ref("Service", "demo", "reviews")


def test_a_gateway_tells_the_rules_of_all_virtual_services_of_the_host() -> None:
    ingress = Caller("gateway", "istio-system", {"istio": "ingressgateway"})
    public = {"hosts": ["shop.example.com"], "gateways": ["gray"]}
    answer = ask(
        gateway("gray", server("*")),
        routes("old", rule(to("v1", port=9080)), created="2026-01-01T00:00:00Z", **public),
        routes("young", rule(to("v2", port=9080), match=[{"uri": {"prefix": "/new"}}]), **public)
        | {"metadata": {"name": "young", "namespace": "demo", "creationTimestamp": "2026-02-01T00:00:00Z"}},
        authority="shop.example.com",
        port=80,
        caller=ingress,
    )
    assert [(each.rule.object.name, each.taken) for each in answer.looked] == [
        ("young", False),
        ("old", True),
    ]
    assert answer.host == "shop.example.com"


def test_an_unknown_host_goes_out_of_the_mesh() -> None:
    answer = ask(authority="elsewhere.example.com")
    assert (answer.host, answer.destinations[0].host) == ("*", "PassthroughCluster")


def test_pods_that_are_told_are_all_there_are() -> None:
    pod = service("reviews-v1") | {
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "demo", "labels": {"app": "reviews", "version": "v1"}},
    }
    answer = ask(routes("reviews", rule(to("v1", weight=1), to("v2", weight=1))), pod)
    assert [(each.subset, each.status, each.reason) for each in answer.destinations] == [
        ("v1", 200, ""),
        ("v2", 503, "UH"),
    ]
    assert answer.status is None


def test_rules_behind_the_one_taken_are_told_also_where_nothing_reaches_them() -> None:
    beta = rule(to("v2"), name="beta", match=[{"uri": {"prefix": "/b"}}, {"uri": {"prefix": "/beta"}}])
    rules = (rule(to("v1"), name="a", match=[{"uri": {"exact": "/a"}}]), beta, rule(to("v1"), name="rest"))
    never = rule(to("v2"), name="never", match=[{"uri": {"prefix": "/n"}}])
    answer = ask(routes("reviews", *rules, never), path="/b")
    assert [each.rule.route for each in answer.looked] == ["a", "beta"]
    assert [each.route for each in answer.later] == ["rest", "never"]
    assert ask(routes("reviews", *rules), path="/x").later == ()


def test_no_rule_is_behind_when_none_was_taken() -> None:
    answer = ask(routes("reviews", rule(to("v2"), match=[{"uri": {"prefix": "/api"}}])))
    assert answer.later == ()


def test_a_gateway_tells_the_rules_behind_of_all_objects_that_share_a_host() -> None:
    share = {"hosts": ["x.example"], "gateways": ["gray"]}
    one = routes("one", rule(to("v1"), name="all"), **share)
    two = routes("two", rule(to("v2"), name="two", match=[{"uri": {"prefix": "/two"}}]), **share)
    by = Caller("gateway", "istio-system", {"istio": "ingressgateway"})
    asked: dict[str, Any] = {"authority": "x.example", "port": 80, "caller": by}
    answer = ask(gateway("gray", server("*")), one, two, path="/two", **asked)
    assert answer.taken == Rule(Ref("VirtualService", "demo", "two"), "two", 0, 0)
    assert answer.later == (Rule(Ref("VirtualService", "demo", "one"), "all", 0),)
