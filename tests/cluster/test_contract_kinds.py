"""What every cluster promises of the kinds that are looked at before a release; see `test_contract`."""

from __future__ import annotations

import secrets

import pytest

from grayrelease.cluster.interface import Cluster, NotFound
from grayrelease.domain.plan import Manifest
from tests.cluster.contract import of

READ_ONLY: list[tuple[str, str, Manifest]] = [
    ("Gateway", "networking.istio.io/v1", {"selector": {"istio": "ingressgateway"}, "servers": []}),
    ("ServiceEntry", "networking.istio.io/v1", {"hosts": ["x.example"], "resolution": "DNS"}),
    ("Sidecar", "networking.istio.io/v1", {"egress": [{"hosts": ["./*"]}]}),
    (
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "reviews-v1"},
            "minReplicas": 1,
            "maxReplicas": 3,
        },
    ),
    (
        "Ingress",
        "networking.k8s.io/v1",
        {"defaultBackend": {"service": {"name": "reviews", "port": {"number": 9080}}}},
    ),
]
"""Kinds that are looked at before a release, and that a cluster may not have."""


@pytest.mark.parametrize(("kind", "api", "spec"), READ_ONLY, ids=[case[0] for case in READ_ONLY])
def test_what_is_looked_at_before_a_release_is_listed_as_it_was_written(
    cluster: Cluster, namespace: str, kind: str, api: str, spec: Manifest
) -> None:
    if not cluster.serves(kind):
        with pytest.raises(NotFound):
            cluster.list(kind, namespace)
        return
    head = {"name": "one", "namespace": namespace}
    cluster.create({"apiVersion": api, "kind": kind, "metadata": head, "spec": spec})
    [found] = cluster.list(kind, namespace)
    assert (found["kind"], found["apiVersion"], found["metadata"]["name"]) == (kind, api, "one")
    assert spec.items() <= found["spec"].items()
    assert [each["metadata"]["namespace"] for each in cluster.list(kind, "")].count(namespace) == 1


def test_a_namespace_is_given_with_its_labels(cluster: Cluster) -> None:
    name = f"contract-{secrets.token_hex(4)}"
    head = {"name": name, "labels": {"istio.io/dataplane-mode": "ambient"}}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": head})
    found = cluster.get("Namespace", "", name)
    assert found["metadata"]["labels"]["istio.io/dataplane-mode"] == "ambient"
    cluster.delete("Namespace", "", name, **of(found))


@pytest.mark.parametrize("kind", ["ServiceExport", "Strategy"])
def test_a_kind_that_the_cluster_does_not_have_is_not_found(
    cluster: Cluster, namespace: str, kind: str
) -> None:
    if not cluster.serves(kind):
        with pytest.raises(NotFound):
            cluster.list(kind, namespace)
    else:
        assert cluster.list(kind, namespace) == []
