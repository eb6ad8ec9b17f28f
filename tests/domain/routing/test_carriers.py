"""Which objects carry a service's traffic, what stands around them, and what can't be written there."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.carriers import Carriers, carriers
from grayrelease.domain.routing.effect import in_effect, own
from grayrelease.domain.routing.expand import Place, expand
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.rules import rules_of
from tests.domain.routing.shapes import (
    CORPUS,
    REVIEWS,
    SELECTOR,
    STRATEGIES,
    audience,
    carriers_of,
    condition,
    objects,
)

TO_REVIEWS = {"route": [{"destination": {"host": "reviews"}}]}
AUDIENCE = STRATEGIES["audience"]


def routes(name: str, *http: Any, namespace: str = "demo", created: str = "", **spec: Any) -> Any:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": created}
    said = {"hosts": ["reviews"], "http": list(http), **spec}
    return {"kind": "VirtualService", "metadata": metadata, "spec": said}


def gateway(name: str, *servers: Any) -> Any:
    return {
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"servers": list(servers)},
    }


def found(*virtual_services: Any, gateways: Any = (), rules: Any = ()) -> Carriers:
    return carriers(REVIEWS, "v1", virtual_services, gateways, rules_of(REVIEWS, rules), SELECTOR)


def names(carried: Carriers) -> list[str]:
    return [each.manifest["metadata"]["name"] for each in carried.objects]


def corpus(name: str) -> Carriers:
    return carriers_of(objects(next(path for path in CORPUS if path.stem == name)))


def test_all_that_route_to_the_service_carry_it_the_oldest_first() -> None:
    other = routes("other", {"route": [{"destination": {"host": "ratings"}}]})
    young, old = routes("young", TO_REVIEWS, created="2026-02"), routes("old", TO_REVIEWS, created="2026-01")
    assert names(found(other, young, old)) == ["old", "young"]


@pytest.mark.parametrize(
    "spec, served",
    [
        ({}, True),
        ({"hosts": ["reviews.demo.svc.cluster.local"]}, True),
        ({"hosts": ["*.demo.svc.cluster.local"]}, True),
        ({"hosts": ["reviews.demo"]}, False),
        ({"gateways": ["gray"]}, False),
        ({"gateways": ["gray", "mesh"]}, True),
        ({"exportTo": ["."]}, False),
    ],
)
def test_ours_is_needed_where_none_answers_for_the_host_in_the_mesh(spec: Any, served: bool) -> None:
    assert found(routes("r", TO_REVIEWS, **spec)).served is served


def test_a_route_from_another_namespace_is_refused() -> None:
    far = routes(
        "far", {"route": [{"destination": {"host": "reviews.demo.svc.cluster.local"}}]}, namespace="x"
    )
    assert [each.code for each in found(far).refusals] == ["route-elsewhere"]


def test_a_cookie_is_secure_where_browsers_come_by_https_alone() -> None:
    assert [each.place.secure for each in corpus("gateway-https").objects] == [True]
    assert [each.place.secure for each in corpus("gateway").objects] == [False]
    redirecting = gateway("gray", {"port": {"protocol": "HTTP"}, "tls": {"httpsRedirect": True}})
    bound = found(routes("r", TO_REVIEWS, gateways=["demo/gray"]), gateways=[redirecting])
    assert bound.objects[0].place.secure


def test_an_audience_is_refused_where_a_gateway_would_put_its_copies_first() -> None:
    spec = {"gateways": ["gray"], "hosts": ["shop.example.com"]}
    old = routes("old", TO_REVIEWS, created="2026-01", **spec)
    young = routes("young", {"match": [{"uri": {"prefix": "/b"}}], **TO_REVIEWS}, created="2026-02", **spec)
    first, second = found(old, young).objects
    with pytest.raises(CannotSay, match="merged-gateway"):
        expand(first.manifest, REVIEWS, "v1", AUDIENCE, first.place)
    assert expand(second.manifest, REVIEWS, "v1", AUDIENCE, second.place)
    assert expand(first.manifest, REVIEWS, "v1", STRATEGIES["canary"], first.place)


def test_what_is_left_alone_is_named() -> None:
    assert [each.facts for each in corpus("other-subset-left-alone").known] == [
        {"object": "VirtualService/reviews", "subset": "canary"}
    ]
    assert [(each.code, each.facts["count"]) for each in corpus("http-and-tcp").known] == [("no-audience", 1)]


def test_a_match_that_istio_has_not_is_refused_with_the_route() -> None:
    theirs = routes(
        "r", {"match": [{"uri": {"prefix": "/a"}, "headers": {"x": {"regex": "q.*a"}}}], **TO_REVIEWS}
    )
    wanted = audience((condition("header", "x", "a.*q", how="regex"),))
    with pytest.raises(CannotSay) as refused:
        expand(theirs, REVIEWS, "v1", [Exposing(7, "v2", Exposure(share=10, audience=wanted))])
    assert refused.value.reason.facts == {"object": "r", "route": "/a", "field": "x"}


def test_weights_beyond_istio_s_numbers_are_refused() -> None:
    to = [{"destination": {"host": host}, "weight": 2_000_000_000} for host in ("reviews", "a")]
    with pytest.raises(CannotSay, match="weights-too-large"):
        expand(routes("r", {"route": to}), REVIEWS, "v1", [])


def test_a_delegate_s_copies_keep_to_istio_s_rule() -> None:
    cookie = {"headers": {"cookie": {"regex": ".*x.*"}}}
    for match in (cookie, {"uri": {"regex": "/a.c"}}):
        wanted = audience((condition("cookie", "user", "a"), condition("url", "", "/a", how="prefix")))
        exposing = [Exposing(7, "v2", Exposure(share=1000, audience=wanted))]
        with pytest.raises(CannotSay, match="cannot-intersect"):
            expand(routes("d", TO_REVIEWS), REVIEWS, "v1", exposing, Place(roots=({"match": [match]},)))


def test_an_edit_of_our_marks_or_a_route_without_a_subset_is_seen() -> None:
    place, releases = Place(), STRATEGIES["canary"]
    there = expand(own("demo", "reviews"), REVIEWS, "v1", releases)
    assert in_effect(there, REVIEWS, place) == ("v1", tuple(releases))
    there["spec"]["http"][0]["timeout"] = "1s"
    assert in_effect(there, REVIEWS, place) is not None
    there["spec"]["http"][0]["route"][0]["weight"] = 500
    assert in_effect(there, REVIEWS, place) is None
    there["spec"]["http"][0]["route"][0]["weight"] = 800
    there["spec"]["http"].insert(0, {"match": [{"uri": {"prefix": "/x"}}], **TO_REVIEWS})
    assert in_effect(there, REVIEWS, place) is None
