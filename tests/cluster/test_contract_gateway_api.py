"""What every cluster that serves the Gateway API promises of its kinds: one is called like one of Istio's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grayrelease.cluster.interface import Cluster, NotFound
from grayrelease.cluster.kinds import API_GATEWAY, KINDS
from grayrelease.cluster.kubernetes import Kubernetes
from grayrelease.cluster.memory import ROUTED_BY_API, SERVED, Memory
from grayrelease.domain.plan import Manifest
from tests.cluster.contract import of
from tests.sandbox.apiserver.api_process import ApiProcess

PATIENT = (1.0, 3.0)
SPECS: dict[str, Manifest] = {
    API_GATEWAY: {
        "gatewayClassName": "istio",
        "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}],
    },
    "HTTPRoute": {
        "parentRefs": [{"name": "one"}],
        "hostnames": ["shop.example"],
        "rules": [{"backendRefs": [{"name": "reviews", "port": 9080}]}],
    },
    "ReferenceGrant": {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}],
        "to": [{"group": "", "kind": "Service"}],
    },
}


@pytest.fixture(scope="module", params=["memory", pytest.param("sandbox", marks=pytest.mark.processes)])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Each cluster with the Gateway API."""
    if request.param == "memory":
        yield Memory(served=SERVED | ROUTED_BY_API)
        return
    with ApiProcess(tmp_path_factory.mktemp("api") / "data", "--gateway-api") as api:
        yield Kubernetes.connected(str(Path(api.kubeconfig)), PATIENT)


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> str:
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    return "demo"


@pytest.mark.parametrize("kind", SPECS)
def test_an_object_is_listed_as_it_was_written(cluster: Cluster, namespace: str, kind: str) -> None:
    if not cluster.serves(kind):
        with pytest.raises(NotFound):
            cluster.list(kind, namespace)
        return
    head = {"name": "one", "namespace": namespace}
    api, called = KINDS[kind].api_version, KINDS[kind].kind
    cluster.create({"apiVersion": api, "kind": called, "metadata": head, "spec": SPECS[kind]})
    [found] = cluster.list(kind, "")
    assert (found["kind"], found["apiVersion"], found["metadata"]["name"]) == (called, api, "one")
    assert {key: found["spec"][key] for key in SPECS[kind]}.keys() == SPECS[kind].keys()
    cluster.delete(kind, namespace, "one", **of(found))
    assert cluster.list(kind, namespace) == []


def test_gateways_of_both_kinds_are_told_apart(cluster: Cluster, namespace: str) -> None:
    head = {"name": "two", "namespace": namespace}
    istio: Manifest = {"selector": {"istio": "ingressgateway"}, "servers": []}
    cluster.create(
        {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": head, "spec": istio}
    )
    api = KINDS[API_GATEWAY].api_version
    made = cluster.create(
        {"apiVersion": api, "kind": "Gateway", "metadata": head, "spec": SPECS[API_GATEWAY]}
    )
    [mine], [other] = cluster.list("Gateway", namespace), cluster.list(API_GATEWAY, namespace)
    assert mine["spec"]["selector"] == {"istio": "ingressgateway"}
    assert other["spec"]["gatewayClassName"] == "istio"
    changed = cluster.replace({**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}})
    assert cluster.get(API_GATEWAY, namespace, "two")["metadata"]["labels"] == {"a": "b"}
    assert "labels" not in cluster.get("Gateway", namespace, "two")["metadata"]
    cluster.delete(API_GATEWAY, namespace, "two", **of(changed))
    cluster.delete("Gateway", namespace, "two", **of(mine))


def test_a_watch_of_one_kind_tells_nothing_of_the_other(cluster: Cluster, namespace: str) -> None:
    since = cluster.listing(API_GATEWAY, namespace).version
    head = {"name": "three", "namespace": namespace}
    istio: Manifest = {"selector": {"istio": "ingressgateway"}, "servers": []}
    mine = cluster.create(
        {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": head, "spec": istio}
    )
    api = KINDS[API_GATEWAY].api_version
    other = cluster.create(
        {"apiVersion": api, "kind": "Gateway", "metadata": head, "spec": SPECS[API_GATEWAY]}
    )
    changes = cluster.watch(API_GATEWAY, namespace, since, 2)
    told = next(change for change in changes if change.type == "ADDED")
    assert (told.manifest["kind"], told.manifest["metadata"]["uid"]) == ("Gateway", other["metadata"]["uid"])
    cluster.delete(API_GATEWAY, namespace, "three", **of(other))
    cluster.delete("Gateway", namespace, "three", **of(mine))
