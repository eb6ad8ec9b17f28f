"""The route tester where visitors come through the Gateway API."""

from __future__ import annotations

import pytest

from grayrelease.cluster.memory import ROUTED_BY_API, SERVED
from grayrelease.reconcile import inventory
from tests.views.test_tester import asked
from tests.world import World


@pytest.fixture
def bookinfo(world: World) -> World:
    inventory.refresh(world.project.pk)
    return world


GATEWAY_API = "gateway.networking.k8s.io/v1"


def by_http_route(world: World, namespace: str = "demo", host: str = "shop.example") -> None:
    """Lead visitors of a host to reviews by the Gateway API: a Gateway of `edge`, a route of a namespace."""
    world.cluster.served = SERVED | ROUTED_BY_API
    spec = {
        "gatewayClassName": "istio",
        "listeners": [
            {"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
        ],
    }
    route = {
        "parentRefs": [{"name": "public", "namespace": "edge"}],
        "hostnames": [host],
        "rules": [{"backendRefs": [{"name": "reviews", "namespace": "demo", "port": 9080}]}],
    }
    for kind, home, name, said in (
        ("Gateway", "edge", "public", spec),
        ("HTTPRoute", namespace, "shop", route),
    ):
        head = {"name": name, "namespace": home}
        world.cluster.seed({"apiVersion": GATEWAY_API, "kind": kind, "metadata": head, "spec": said})


def test_a_visitor_comes_through_a_gateway_of_the_gateway_api(bookinfo: World) -> None:
    by_http_route(bookinfo)
    text = asked(pasted="http://shop.example/reviews/0", caller="gateway")
    assert "<b>reviews</b>" in text
    assert "HTTPRoute demo/shop</span>" in text
    assert "answers, whichever pod of it" in text
    assert "backendRefs:" in text
    there = asked(pasted="http://productpage.bookinfo.localhost/productpage", caller="gateway")
    assert "VirtualService demo/bookinfo" in there


def test_a_route_of_another_namespace_needs_a_grant(bookinfo: World) -> None:
    by_http_route(bookinfo, namespace="other")
    asking = {"pasted": "http://shop.example/", "caller": "gateway"}
    assert "answers, whichever pod of it" not in asked(**asking)
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "other"}],
        "to": [{"group": "", "kind": "Service"}],
    }
    head = {"name": "shop", "namespace": "demo"}
    kind = {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant"}
    bookinfo.cluster.seed({**kind, "metadata": head, "spec": spec})
    text = asked(**asking)
    assert "answers, whichever pod of it" in text
    assert "backendRefs:" not in text, "what other namespaces wrote is theirs to show"
