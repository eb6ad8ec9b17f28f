"""Who names a Service, and how: short, in full, by wildcard, as host, destination, mirror or backend."""

from __future__ import annotations

import pytest

from grayrelease.domain.named import (
    Name,
    host_in_http_route,
    host_in_ingress,
)
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import check
from tests.domain.manifests import US
from tests.domain.preflight.scenes import named, scene, to

HOST_IN = {
    "other_routes": host_in_http_route,
    "ingresses": host_in_ingress,
}
GATEWAY = {"gateways": ["istio-system/public"]}
MIRROR = {"requestMirror": {"backendRef": {"name": "reviews"}}}
NAMING: list[tuple[str, str, Manifest, str]] = [
    (
        "backend",
        "other_routes",
        named("HTTPRoute", {"rules": [{"backendRefs": [{"name": "reviews", "port": 9080}]}]}),
        "reviews",
    ),
    (
        "backend from elsewhere",
        "other_routes",
        named(
            "HTTPRoute",
            {"rules": [{"backendRefs": [{"name": "reviews", "namespace": "demo"}]}]},
            namespace="edge",
        ),
        "reviews",
    ),
    (
        "parent",
        "other_routes",
        named("HTTPRoute", {"parentRefs": [{"kind": "Service", "name": "reviews"}]}),
        "reviews",
    ),
    (
        "request mirror",
        "other_routes",
        named(
            "HTTPRoute", {"rules": [{"filters": [{"requestMirror": {"backendRef": {"name": "reviews"}}}]}]}
        ),
        "reviews",
    ),
    (
        "path",
        "ingresses",
        named(
            "Ingress",
            {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": "reviews"}}}]}}]},
        ),
        "reviews",
    ),
    (
        "default backend",
        "ingresses",
        named("Ingress", {"defaultBackend": {"service": {"name": "reviews"}}}),
        "reviews",
    ),
]


@pytest.mark.parametrize(
    ("kind", "manifest", "host"), [case[1:] for case in NAMING], ids=[c[0] for c in NAMING]
)
def test_it_finds_by_which_host_a_route_names_a_service(kind: str, manifest: Manifest, host: str) -> None:
    assert HOST_IN[kind](manifest, Name("reviews", "demo")) == host


def test_it_names_the_namespace_of_a_route_that_lives_elsewhere() -> None:
    rule = named("DestinationRule", {"host": "reviews.demo.svc.cluster.local"}, "default", "shop")
    [found] = check(scene(destination_rules=(rule,)))
    assert found.reason.facts["object"] == "DestinationRule/shop/default"


ELSE: list[tuple[str, Manifest]] = [
    ("virtual_services", named("VirtualService", {"hosts": ["reviews2"], **to("details")})),
    ("virtual_services", named("VirtualService", {"hosts": ["*"], **GATEWAY, **to("productpage")})),
    ("virtual_services", named("VirtualService", {"hosts": ["reviews"]}, namespace="other")),
    ("destination_rules", named("DestinationRule", {"host": "*.other.svc.cluster.local"})),
    ("other_routes", named("HTTPRoute", {"rules": [{"backendRefs": [{"name": "details"}]}]})),
    ("other_routes", named("HTTPRoute", {"parentRefs": [{"kind": "Gateway", "name": "reviews"}]})),
    ("ingresses", named("Ingress", {"rules": [{"host": "reviews"}]}, namespace="other")),
]


@pytest.mark.parametrize(("kind", "manifest"), ELSE)
def test_routes_to_other_services_do_not_matter(kind: str, manifest: Manifest) -> None:
    assert check(scene(**{kind: (manifest,)})) == []


def test_our_own_leftovers_of_a_finished_release_do_not_refuse() -> None:
    left = named("VirtualService", {"hosts": ["reviews"], **to("reviews")}, name="reviews")
    left["metadata"]["annotations"] = {"grayrelease/owner": f"{US}/4"}
    assert check(scene(virtual_services=(left,))) == []


def test_a_host_means_a_service_in_full_or_in_part_but_never_by_a_longer_name() -> None:
    reviews = Name("reviews", "demo")
    full = ["reviews", "reviews.demo", "reviews.demo.svc", "reviews.demo.svc.cluster.local.", "*"]
    assert all(reviews.is_called(host, "demo") for host in full)
    others = ["review", "reviews2", "reviews.demo2", "reviews.example.com", "*.demo2.svc.cluster.local"]
    assert not any(reviews.is_called(host, "demo") for host in others)
    assert not reviews.is_called("reviews", "other")
