from __future__ import annotations

from typing import Any

import pytest

from grayrelease.sandbox.controllers import endpoints
from grayrelease.sandbox.controllers.objects import is_true
from grayrelease.sandbox.controllers.rollout import max_surge, max_unavailable
from tests.sandbox.controllers.simulation import Cluster

Object = dict[str, Any]


def deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%") -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "reviews"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "reviews"}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
            },
            "template": {
                "metadata": {"labels": {"app": "reviews"}},
                "spec": {"containers": [{"name": "reviews", "image": "reviews:v1"}]},
            },
        },
    }


def make_ready(cluster: Cluster, pod: Object, address: str = "127.1.0.9") -> None:
    conditions = [
        {"type": "Ready", "status": "True", "lastTransitionTime": pod["metadata"]["creationTimestamp"]}
    ]
    cluster.change(pod, status={"phase": "Running", "podIP": address, "conditions": conditions})


def ready(cluster: Cluster) -> list[Object]:
    return [pod for pod in cluster.all("Pod") if is_true(pod, "Ready")]


def set_image(cluster: Cluster, image: str) -> None:
    template = deployment(1)["spec"]["template"]
    template["spec"]["containers"][0]["image"] = image
    current = cluster.one("Deployment", "reviews")
    cluster.change(current, spec={**current["spec"], "template": template})


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable"),
    [(1, "25%", "25%"), (2, 0, 1), (4, "25%", "25%"), (5, 2, 0), (10, "30%", "50%"), (3, 0, 0)],
)
def test_a_rollout_stays_within_surge_and_unavailability(
    replicas: int, surge: int | str, unavailable: int | str
) -> None:
    cluster = Cluster()
    made = cluster.create(deployment(replicas, surge, unavailable))
    most, least = replicas + max_surge(made), replicas - max_unavailable(made)
    cluster.settle()
    for pod in cluster.all("Pod"):
        make_ready(cluster, pod)
    cluster.settle()
    set_image(cluster, "reviews:v2")
    cluster.settle()
    for _ in range(3 * replicas):
        assert len(cluster.all("Pod")) <= most
        assert len(ready(cluster)) >= least
        waiting = [pod for pod in cluster.all("Pod") if not is_true(pod, "Ready")]
        if waiting:
            make_ready(cluster, waiting[0])
        cluster.settle()
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")} == {"reviews:v2"}
    assert len(ready(cluster)) == replicas


def test_scaling_in_the_middle_of_a_rollout_is_shared_by_both_replica_sets() -> None:
    cluster = Cluster()
    cluster.create(deployment(4))
    cluster.settle()
    for pod in cluster.all("Pod"):
        make_ready(cluster, pod)
    cluster.settle()
    set_image(cluster, "reviews:v2")
    cluster.settle()
    current = cluster.one("Deployment", "reviews")
    cluster.change(current, spec={**current["spec"], "replicas": 8})
    cluster.settle()
    sizes = sorted(item["spec"]["replicas"] for item in cluster.all("ReplicaSet"))
    assert sum(sizes) == 10
    assert sizes[0] > 1


def test_a_bad_pod_of_an_old_version_goes_first() -> None:
    cluster = Cluster()
    cluster.create(deployment(3, surge=0, unavailable=1))
    cluster.settle()
    first, second, bad = cluster.all("Pod")
    make_ready(cluster, first)
    make_ready(cluster, second)
    cluster.settle()
    set_image(cluster, "reviews:v2")
    cluster.settle()
    names = {pod["metadata"]["name"] for pod in cluster.all("Pod")}
    assert bad["metadata"]["name"] not in names
    assert {first["metadata"]["name"], second["metadata"]["name"]} <= names


def service() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "reviews", "namespace": "shop", "uid": "u", "labels": {"app": "reviews"}},
        "spec": {
            "selector": {"app": "reviews"},
            "ports": [{"name": "http-web", "port": 80, "targetPort": "web", "protocol": "TCP"}],
        },
    }


def pod(name: str, address: str | None, *, ready: bool = True, leaving: bool = False) -> Object:
    status: Object = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    metadata: Object = {"name": name, "namespace": "shop", "uid": name, "labels": {"app": "reviews"}}
    return {
        "metadata": metadata | ({"deletionTimestamp": "now"} if leaving else {}),
        "spec": {
            "nodeName": "sandbox",
            "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 9080}]}],
        },
        "status": status | ({"podIP": address} if address else {}),
    }


def test_a_slice_lists_pods_with_an_address_and_tells_which_are_ready() -> None:
    pods = [
        pod("a", "127.1.0.1"),
        pod("b", "127.1.0.2", ready=False),
        pod("c", "127.1.0.3", leaving=True),
        pod("d", None),
    ]
    (step,) = endpoints.plan(service(), pods, [])
    made = step.item
    assert step.verb == "create"
    assert made["metadata"]["labels"]["kubernetes.io/service-name"] == "reviews"
    assert made["ports"] == [{"name": "http-web", "port": 9080, "protocol": "TCP"}]
    assert [(each["targetRef"]["name"], each["conditions"]) for each in made["endpoints"]] == [
        ("a", {"ready": True, "serving": True, "terminating": False}),
        ("b", {"ready": False, "serving": False, "terminating": False}),
        ("c", {"ready": False, "serving": True, "terminating": True}),
    ]


def test_a_slice_that_is_right_is_left_alone() -> None:
    (step,) = endpoints.plan(service(), [pod("a", "127.1.0.1")], [])
    assert endpoints.plan(service(), [pod("a", "127.1.0.1")], [step.item]) == []
    (changed,) = endpoints.plan(service(), [], [step.item])
    assert (changed.verb, changed.item["endpoints"]) == ("replace", [])


def test_a_service_without_selector_is_left_to_its_owner() -> None:
    unselective = service()
    del unselective["spec"]["selector"]
    assert endpoints.plan(unselective, [pod("a", "127.1.0.1")], []) == []
