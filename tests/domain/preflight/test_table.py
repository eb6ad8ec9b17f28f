"""The table of what can't be split: each line found, with its remedy, and what it stops."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import check, known_versions, stable_workload, warnings
from grayrelease.domain.preflight.table import TABLE
from tests.domain.manifests import deployment, service
from tests.domain.preflight.scenes import (
    found_codes,
    named,
    pod,
    scene,
    slice_of,
    with_metadata,
    with_spec,
)


def unlabelled() -> Manifest:
    made = deployment("v1")
    made["spec"]["template"]["metadata"]["labels"] = {"app": "reviews"}
    return made


def owned(kind: str, api: str = "apps/v1", name: str = "reviews-db") -> dict[str, Any]:
    return {"ownerReferences": [{"apiVersion": api, "kind": kind, "name": name}]}


def labels(**more: str) -> dict[str, Any]:
    return {"labels": {"app": "reviews", "version": "v1", **more}}


def one_port(port: int = 80, **more: Any) -> dict[str, Any]:
    return with_spec(ports=[{"port": port, **more}])


def gateway(host: str, mode: str = "AUTO_PASSTHROUGH") -> Manifest:
    return named("Gateway", {"servers": [{"hosts": [host], "tls": {"mode": mode}}]}, "east", "istio-system")


def sidecar(*hosts: str, namespace: str = "demo") -> Manifest:
    return named("Sidecar", {"egress": [{"hosts": list(hosts)}]}, "default", namespace)


def autoscaler(workload: str = "reviews-v1") -> Manifest:
    target = {"kind": "Deployment", "name": workload}
    return named("HorizontalPodAutoscaler", {"scaleTargetRef": target}, "reviews")


BARE: dict[str, Any] = {"annotations": {}}
NO_PODS: dict[str, Any] = {"deployments": (), "pods": ()}
PORTS = [{"name": "http", "port": 80}, {"name": "http-admin", "port": 81}]
PRIMARY = with_metadata(deployment("v1"), **owned("Canary", "flagger.app/v1beta1"))
TWIN = with_metadata(deployment("v1"), name="reviews-too")
KUBESPHERE = frozenset({"VirtualService", "DestinationRule", "Strategy"})
GOVERNED = with_metadata(service(), annotations={"servicemesh.kubesphere.io/enabled": "true"})
ROUTE = named("HTTPRoute", {"rules": [{"backendRefs": [{"name": "reviews", "port": 9080}]}]})
INGRESS = named("Ingress", {"defaultBackend": {"service": {"name": "reviews"}}})
ENTRY = named("ServiceEntry", {"hosts": ["reviews.demo.svc.cluster.local"]}, namespace="edge")
IN_HELM = with_metadata(deployment("v1"), labels={"app.kubernetes.io/managed-by": "Helm"})
IN_ARGO = with_metadata(deployment("v1"), annotations={"argocd.argoproj.io/tracking-id": "shop:apps"})
IN_FLUX = with_metadata(deployment("v1"), managedFields=[{"manager": "kustomize-controller"}])
AMBIENT_HOME = {"metadata": {"name": "demo", "labels": {"istio.io/dataplane-mode": "ambient"}}}
OUTSIDE = {"addresses": ["10.9.9.9"]}
OF_POD = {"addresses": ["10.0.0.9"], "targetRef": {"kind": "Pod", "name": "reviews-v1-x"}}

Case = tuple[dict[str, Any], str, str]
REFUSED: list[Case] = [
    ({"service": None}, "no-service", "create-workload"),
    ({"served": frozenset()}, "no-mesh", "install-istio"),
    (NO_PODS, "no-workload", "create-workload"),
    ({"deployments": (deployment("v1", 0),), "pods": ()}, "no-workload", "create-workload"),
    ({"deployments": (), "pods": (pod(**owned("StatefulSet")),)}, "not-a-deployment", "use-deployment"),
    ({"deployments": (), "pods": (pod(**owned("DaemonSet")),)}, "not-a-deployment", "use-deployment"),
    ({"pods": (pod(), pod("db-0", **owned("StatefulSet")))}, "other-pods", "deployment-alone"),
    ({"deployments": (PRIMARY,)}, "driven-by", "let-it-release"),
    (
        {"deployments": (), "pods": (pod(**labels(**{"rollouts-pod-template-hash": "5f7"})),)},
        "driven-by",
        "let-it-release",
    ),
    ({"pods": (pod(**labels(**{"serving.knative.dev/revision": "r"})),)}, "driven-by", "let-it-release"),
    ({"deployments": (unlabelled(),)}, "no-version-label", "add-version-label"),
    ({"deployments": (deployment("v1"), deployment("v3"))}, "several-versions", "keep-one-version"),
    ({"pods": (pod(), pod("x", "v3"))}, "several-versions", "keep-one-version"),
    ({"deployments": (deployment("v1"), TWIN)}, "several-workloads", "keep-one-workload"),
    ({"pods": (pod(**BARE),)}, "no-sidecar", "inject-sidecar"),
    ({"pods": (pod(spec={"hostNetwork": True}, **BARE),)}, "host-network", "leave-host-network"),
    ({"pods": (pod(**BARE),), "home": AMBIENT_HOME}, "ambient", "use-sidecars"),
    (
        {"pods": (pod(**BARE | labels(**{"istio.io/dataplane-mode": "ambient"})),)},
        "ambient",
        "use-sidecars",
    ),
    (
        {"pods": (pod(annotations={"ambient.istio.io/redirection": "enabled"}),)},
        "ambient",
        "use-sidecars",
    ),
    ({"service": with_spec(clusterIP="None")}, "headless", "make-cluster-ip"),
    (
        {"service": with_spec(type="ExternalName", externalName="x.example", selector=None)},
        "external-name",
        "make-cluster-ip",
    ),
    ({"service": with_spec(selector=None)}, "no-selector", "add-selector"),
    (
        {"service": with_spec(selector={"app": "reviews", "version": "v1"})},
        "selects-version",
        "select-all-versions",
    ),
    ({"service": with_spec(internalTrafficPolicy="Local")}, "local-policy", "allow-all-nodes"),
    ({"service": one_port(name="dns", protocol="UDP")}, "udp", "leave-udp"),
    ({"service": GOVERNED, "served": KUBESPHERE}, "governed", "stop-governing"),
    (
        {"slices": (slice_of("reviews", OUTSIDE, source="west"),)},
        "several-clusters",
        "one-cluster",
    ),
    ({"exports": (named("ServiceExport", {}, "reviews"),)}, "several-clusters", "one-cluster"),
    ({"slices": (slice_of("reviews", OF_POD, OUTSIDE),)}, "other-endpoints", "pods-alone"),
    ({"service_entries": (ENTRY,)}, "service-entry", "remove-entry"),
    ({"other_routes": (ROUTE,)}, "other-entrance", "use-virtual-service"),
    ({"ingresses": (INGRESS,)}, "other-entrance", "use-virtual-service"),
]
WARNED: list[Case] = [
    ({"autoscalers": (autoscaler(),)}, "autoscaled", "raise-minimum"),
    ({"deployments": (IN_HELM,)}, "held-by", "finish-there-too"),
    ({"deployments": (IN_ARGO,)}, "held-by", "finish-there-too"),
    ({"deployments": (IN_FLUX,)}, "held-by", "finish-there-too"),
    ({"service": with_spec(type="NodePort")}, "open-to-outside", "use-gateway"),
    ({"service": with_spec(type="LoadBalancer")}, "open-to-outside", "use-gateway"),
    ({"gateways": (gateway("*.local"),)}, "open-to-clusters", "release-there-too"),
    ({"gateways": (gateway("demo/*"),)}, "open-to-clusters", "release-there-too"),
    ({"sidecars": (sidecar("istio-system/*"),)}, "hidden-by-sidecar", "add-to-egress"),
    ({"sidecars": (sidecar("./*", namespace="shop"),)}, "hidden-by-sidecar", "add-to-egress"),
    ({"unseen_here": ("Sidecar",)}, "unseen-here", "bind-role"),
    ({"unseen_elsewhere": ("VirtualService",)}, "unseen-elsewhere", "bind-role"),
]
HARMLESS: list[dict[str, Any]] = [
    {"autoscalers": (autoscaler("details-v1"),)},
    {"gateways": (gateway("*.local", mode="SIMPLE"), gateway("shop/*"), gateway("*.example.com"))},
    {"sidecars": (sidecar("./*"), sidecar("demo/*", "./*", namespace="shop"))},
    {"sidecars": (sidecar("*/reviews.demo.svc.cluster.local", namespace="shop"),)},
    {"sidecars": (named("Sidecar", {"ingress": []}),)},
    {"home": {"metadata": {"name": "demo", "labels": {"istio-injection": "enabled"}}}},
    {"home": AMBIENT_HOME},
    {"slices": (slice_of("reviews", OF_POD), slice_of("details", OUTSIDE))},
    {"exports": (named("ServiceExport", {}, "details"),)},
    {"service": GOVERNED},
    {"served": KUBESPHERE},
    {"service_entries": (named("ServiceEntry", {"hosts": ["reviews.example.com"]}),)},
    {"pods": (pod(), pod("x", "v3", deletionTimestamp="2026-11-24T12:00:00Z"))},
]


def test_a_plain_service_with_one_version_and_sidecars_may_be_released() -> None:
    assert found_codes(scene()) == []
    assert stable_workload(scene()) == deployment("v1")


@pytest.mark.parametrize(("changes", "code", "remedy"), REFUSED, ids=[case[1] for case in REFUSED])
def test_it_refuses_with_a_reason_and_a_remedy(changes: dict[str, Any], code: str, remedy: str) -> None:
    assert found_codes(scene(**changes)) == [(code, remedy)]
    assert len(check(scene(**changes))) == 1
    assert warnings(scene(**changes)) == []


@pytest.mark.parametrize(("changes", "code", "remedy"), WARNED, ids=[case[1] for case in WARNED])
def test_it_warns_and_stops_nothing(changes: dict[str, Any], code: str, remedy: str) -> None:
    assert found_codes(scene(**changes)) == [(code, remedy)]
    assert check(scene(**changes)) == []
    assert len(warnings(scene(**changes))) == 1


@pytest.mark.parametrize("changes", HARMLESS)
def test_what_does_not_concern_the_service_is_not_said(changes: dict[str, Any]) -> None:
    assert found_codes(scene(**changes)) == []


def test_no_line_waits_for_a_code_that_comes_after_it() -> None:
    before, codes = set[str](), {line.code for line in TABLE}
    for line in TABLE:
        assert line.unless & codes <= before
        before.add(line.code)


@pytest.mark.parametrize("name", ["http", "HTTP-web", "http2-x", "grpc", "grpc-web"])
def test_it_takes_ports_that_speak_http(name: str) -> None:
    assert found_codes(scene(service=one_port(name=name))) == []


LIVE: dict[str, Any] = {"stable": "v1", "candidates": ("v2",)}


def test_versions_that_a_live_release_brings_are_expected() -> None:
    both = scene(deployments=(deployment("v1"), deployment("v2")), pods=(pod(), pod("x", "v2")), **LIVE)
    assert found_codes(both) == []
    assert stable_workload(both) == deployment("v1")
    assert known_versions(both) == {"v1", "v2"}


def test_a_version_that_no_release_brings_is_in_the_way_beside_one_that_a_release_brings() -> None:
    third = scene(deployments=(deployment("v1"), deployment("v2"), deployment("v3")), **LIVE)
    assert found_codes(third) == [("several-versions", "keep-one-version")]


def test_a_candidate_that_does_not_run_yet_is_known() -> None:
    assert known_versions(scene(**LIVE)) == {"v1", "v2"}
    assert known_versions(scene()) == {"v1"}


def test_many_callers_that_do_not_see_the_service_are_one_warning() -> None:
    far = tuple(sidecar("./*", namespace=f"n{number}") for number in range(5))
    [found] = warnings(scene(sidecars=far))
    assert found.reason.facts["object"] == ("Sidecar/n0/default, Sidecar/n1/default, Sidecar/n2/default …")


def test_all_that_is_in_the_way_is_said_at_once() -> None:
    given = scene(ingresses=(INGRESS,), pods=(pod(**BARE),), autoscalers=(autoscaler(),))
    assert [code for code, _ in found_codes(given)] == ["no-sidecar", "other-entrance", "autoscaled"]
