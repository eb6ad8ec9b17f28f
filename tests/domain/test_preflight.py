"""Why a Service can't be released: each refusal with its remedy, and who names a Service how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import Scene, check, stable_workload
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Reason
from tests.domain.manifests import US, deployment, service


def pod(name: str = "reviews-v1-x", version: str = "v1", **metadata: Any) -> Manifest:
    notes = {"sidecar.istio.io/status": "{}"}
    labels = {"app": "reviews", "version": version}
    head = {"name": name, "namespace": "demo", "labels": labels, "annotations": notes}
    return {"metadata": {**head, **metadata}}


def scene(**changes: Any) -> Scene:
    plain = Scene(
        namespace="demo",
        name="reviews",
        installation=US,
        service=service(),
        deployments=(deployment("v1"),),
        pods=(pod(),),
    )
    return replace(plain, **changes)


def with_spec(**spec: Any) -> Manifest:
    found = service()
    return {**found, "spec": {**found["spec"], **spec}}


def named(kind: str, spec: dict[str, Any], name: str = "other", namespace: str = "demo") -> Manifest:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def refusals(given: Scene) -> list[tuple[Reason, Reason]]:
    found = [(refusal.reason, refusal.remedy) for refusal in check(given)]
    for reason in (one for pair in found for one in pair):
        assert set(reason.facts) == set(REASONS[reason.code])
    return found


def test_a_plain_service_with_one_version_and_sidecars_may_be_released() -> None:
    assert check(scene()) == []
    assert stable_workload(scene()) == deployment("v1")


def unlabelled() -> Manifest:
    made = deployment("v1")
    made["spec"]["template"]["metadata"]["labels"] = {"app": "reviews"}
    return made


STATEFUL: dict[str, Any] = {"ownerReferences": [{"kind": "StatefulSet", "name": "reviews-db"}]}
PORTS = [{"name": "http", "port": 80}, {"name": "http-admin", "port": 81}]
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"service": None}, "no-service", "create-workload"),
    ({"deployments": (), "pods": ()}, "no-workload", "create-workload"),
    ({"deployments": (deployment("v1", 0),), "pods": ()}, "no-workload", "create-workload"),
    ({"deployments": (), "pods": (pod(**STATEFUL),)}, "not-a-deployment", "use-deployment"),
    ({"deployments": (unlabelled(),)}, "no-version-label", "add-version-label"),
    ({"deployments": (deployment("v1"), deployment("v3"))}, "several-versions", "keep-one-version"),
    ({"pods": (pod(), pod("x", "v3"))}, "several-versions", "keep-one-version"),
    ({"pods": (pod(annotations={}),)}, "no-sidecar", "inject-sidecar"),
    ({"service": with_spec(clusterIP="None")}, "headless", "make-cluster-ip"),
    (
        {"service": with_spec(type="ExternalName", externalName="x.example", selector=None)},
        "external-name",
        "make-cluster-ip",
    ),
    ({"service": with_spec(selector=None)}, "no-selector", "add-selector"),
    ({"service": with_spec(ports=PORTS)}, "several-ports", "split-ports"),
    ({"service": with_spec(ports=[{"name": "tcp", "port": 80}])}, "not-http", "name-port-http"),
    ({"service": with_spec(ports=[{"port": 80}])}, "not-http", "name-port-http"),
    (
        {"service": with_spec(ports=[{"name": "http", "appProtocol": "tcp", "port": 80}])},
        "not-http",
        "name-port-http",
    ),
    ({"releases": ("reviews-v2",)}, "release-exists", "end-release"),
    (
        {"releases": ("reviews-v2",), "deployments": (deployment("v1"), deployment("v2"))},
        "release-exists",
        "end-release",
    ),
]


@pytest.mark.parametrize(("changes", "code", "remedy"), REFUSED, ids=[case[1] for case in REFUSED])
def test_it_refuses_with_a_reason_and_a_remedy(changes: dict[str, Any], code: str, remedy: str) -> None:
    found = refusals(scene(**changes))
    assert [(reason.code, help.code) for reason, help in found] == [(code, remedy)]


@pytest.mark.parametrize("port", ["http", "HTTP-web", "http2-x", "grpc", "grpc-web"])
def test_it_takes_ports_that_speak_http(port: str) -> None:
    assert check(scene(service=with_spec(ports=[{"name": port, "port": 80}]))) == []


def to(host: str, **more: Any) -> dict[str, Any]:
    return {"http": [{"route": [{"destination": {"host": host}}]}], **more}


GATEWAY = {"gateways": ["istio-system/public"]}
MIRROR = {"requestMirror": {"backendRef": {"name": "reviews"}}}
NAMING: list[tuple[str, str, Manifest, str]] = [
    ("mesh host", "virtual_services", named("VirtualService", {"hosts": ["reviews"]}), "reviews"),
    (
        "gateway's destination",
        "virtual_services",
        named(
            "VirtualService", {"hosts": ["shop.example"], **GATEWAY, **to("reviews.demo.svc.cluster.local")}
        ),
        "reviews.demo.svc.cluster.local",
    ),
    (
        "another namespace",
        "virtual_services",
        named("VirtualService", {"hosts": ["a"], **to("reviews.demo")}, namespace="edge"),
        "reviews.demo",
    ),
    (
        "mirror",
        "virtual_services",
        named("VirtualService", {"hosts": ["a"], "http": [{"mirror": {"host": "reviews"}}]}),
        "reviews",
    ),
    (
        "mirrors",
        "virtual_services",
        named(
            "VirtualService",
            {"hosts": ["a"], "http": [{"mirrors": [{"destination": {"host": "Reviews"}}]}]},
        ),
        "Reviews",
    ),
    (
        "tcp",
        "virtual_services",
        named("VirtualService", {"hosts": ["a"], "tcp": [{"route": [{"destination": {"host": "reviews"}}]}]}),
        "reviews",
    ),
    (
        "wildcard in the mesh",
        "virtual_services",
        named("VirtualService", {"hosts": ["*.demo.svc.cluster.local"]}),
        "*.demo.svc.cluster.local",
    ),
    ("our name", "virtual_services", named("VirtualService", {"hosts": ["a"]}, name="reviews"), "reviews"),
    ("rule", "destination_rules", named("DestinationRule", {"host": "reviews"}), "reviews"),
    (
        "rule by wildcard",
        "destination_rules",
        named("DestinationRule", {"host": "*.local"}, namespace="istio-system"),
        "*.local",
    ),
    (
        "backend",
        "http_routes",
        named("HTTPRoute", {"rules": [{"backendRefs": [{"name": "reviews", "port": 9080}]}]}),
        "reviews",
    ),
    (
        "backend from elsewhere",
        "http_routes",
        named(
            "HTTPRoute",
            {"rules": [{"backendRefs": [{"name": "reviews", "namespace": "demo"}]}]},
            namespace="edge",
        ),
        "reviews",
    ),
    (
        "parent",
        "http_routes",
        named("HTTPRoute", {"parentRefs": [{"kind": "Service", "name": "reviews"}]}),
        "reviews",
    ),
    (
        "request mirror",
        "http_routes",
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
def test_it_refuses_a_service_that_somebody_elses_route_names(
    kind: str, manifest: Manifest, host: str
) -> None:
    [(reason, remedy)] = refusals(scene(**{kind: (manifest,)}))
    assert (reason.code, reason.facts["host"], remedy.code) == ("named-by", host, "remove-or-wait")


def test_it_names_the_namespace_of_a_route_that_lives_elsewhere() -> None:
    rule = named("DestinationRule", {"host": "*.local"}, "default", "istio-system")
    [(reason, _)] = refusals(scene(destination_rules=(rule,)))
    assert reason.facts["object"] == "DestinationRule/istio-system/default"


ELSE: list[tuple[str, Manifest]] = [
    ("virtual_services", named("VirtualService", {"hosts": ["reviews2"], **to("details")})),
    ("virtual_services", named("VirtualService", {"hosts": ["*"], **GATEWAY, **to("productpage")})),
    ("virtual_services", named("VirtualService", {"hosts": ["reviews"]}, namespace="other")),
    ("destination_rules", named("DestinationRule", {"host": "*.other.svc.cluster.local"})),
    ("http_routes", named("HTTPRoute", {"rules": [{"backendRefs": [{"name": "details"}]}]})),
    ("http_routes", named("HTTPRoute", {"parentRefs": [{"kind": "Gateway", "name": "reviews"}]})),
    ("ingresses", named("Ingress", {"rules": [{"host": "reviews"}]}, namespace="other")),
]


@pytest.mark.parametrize(("kind", "manifest"), ELSE)
def test_routes_to_other_services_do_not_matter(kind: str, manifest: Manifest) -> None:
    assert check(scene(**{kind: (manifest,)})) == []


def test_our_own_leftovers_of_a_finished_release_do_not_refuse() -> None:
    left = named("VirtualService", {"hosts": ["reviews"]}, name="reviews")
    left["metadata"]["annotations"] = {"grayrelease/owner": f"{US}/4"}
    assert check(scene(virtual_services=(left,))) == []


def test_a_host_means_a_service_in_full_or_in_part_but_never_by_a_longer_name() -> None:
    reviews = Name("reviews", "demo")
    full = ["reviews", "reviews.demo", "reviews.demo.svc", "reviews.demo.svc.cluster.local.", "*"]
    assert all(reviews.is_called(host, "demo") for host in full)
    others = ["review", "reviews2", "reviews.demo2", "reviews.example.com", "*.demo2.svc.cluster.local"]
    assert not any(reviews.is_called(host, "demo") for host in others)
    assert not reviews.is_called("reviews", "other")
