"""Pods in kubelet's words, and the documents that pages are made from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grayrelease.domain import inventory
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import read_endpoints, trouble
from grayrelease.domain.podstate import state
from tests.domain.conftest import Golden
from tests.domain.manifests import deployment, service

READY = [{"type": "Ready", "status": "True"}]
NOT_READY = [
    {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready: [reviews]"}
]


def pod(name: str = "reviews-v2-a", version: str = "v2", **status: Any) -> Manifest:
    labels = {"app": "reviews", "version": version, "app.kubernetes.io/name": "bookinfo"}
    head = {"name": name, "namespace": "demo", "labels": labels, "creationTimestamp": "2026-11-24T12:00:00Z"}
    spec = {"containers": [{"name": "reviews"}, {"name": "istio-proxy"}]}
    return {"metadata": head, "spec": spec, "status": {"phase": "Running", **status}}


def container(ready: bool = False, restarts: int = 0, **state: Any) -> Manifest:
    return {"name": "reviews", "ready": ready, "restartCount": restarts, "state": state}


BACK_OFF = container(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"})
CRASH = container(restarts=4, waiting={"reason": "CrashLoopBackOff", "message": "back-off 40s"})
DIED = container(terminated={"exitCode": 137, "reason": "OOMKilled"})
CREATING = container(waiting={"reason": "ContainerCreating"})
UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
STATES: list[tuple[dict[str, Any], str, str]] = [
    ({"containerStatuses": [container(ready=True, running={})], "conditions": READY}, "Running", ""),
    (
        {"containerStatuses": [container(running={})], "conditions": NOT_READY},
        "Not ready",
        "ContainersNotReady",
    ),
    ({"phase": "Pending", "containerStatuses": [BACK_OFF]}, "ImagePullBackOff", "ImagePullBackOff"),
    ({"containerStatuses": [CRASH], "conditions": NOT_READY}, "CrashLoopBackOff", "CrashLoopBackOff"),
    ({"containerStatuses": [DIED]}, "OOMKilled", "OOMKilled"),
    ({"phase": "Pending", "containerStatuses": [CREATING]}, "ContainerCreating", ""),
    ({"phase": "Pending", "conditions": [UNSCHEDULED]}, "Pending", "Unschedulable"),
    ({"phase": "Pending", "initContainerStatuses": [CRASH]}, "Init:CrashLoopBackOff", "CrashLoopBackOff"),
    ({"phase": None}, "Pending", ""),
]


@pytest.mark.parametrize(("status", "word", "reason"), STATES, ids=[case[1] for case in STATES])
def test_a_pods_state_and_why_it_is_not_ready(status: dict[str, Any], word: str, reason: str) -> None:
    found = trouble(pod(**status))
    assert state(pod(**status)) == word
    assert (found.reason if found else "") == reason


def test_a_pod_that_is_being_deleted_is_leaving() -> None:
    leaving = pod(conditions=READY)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    assert state(leaving) == "Terminating"


def test_an_exit_code_is_said_where_there_is_no_message() -> None:
    found = trouble(pod(containerStatuses=[DIED]))
    assert found is not None and found.message == "exit code 137"


def piece(*names: str, **more: Any) -> Manifest:
    entries = [{"targetRef": {"kind": "Pod", "name": name}, "conditions": {"ready": True}} for name in names]
    labels = {"kubernetes.io/service-name": "reviews"}
    return {"metadata": {"name": "reviews-1", "labels": labels}, "endpoints": entries, **more}


def test_endpoints_are_ready_pods_that_a_slice_of_the_service_names() -> None:
    ready, unready = pod("a", conditions=READY), pod("b", conditions=NOT_READY)
    leaving = pod("c", conditions=READY)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    other = piece("d")
    other["metadata"]["labels"] = {"kubernetes.io/service-name": "reviews2"}
    nobody = piece(endpoints=[{"addresses": ["10.0.0.1"]}])
    found = read_endpoints(
        "reviews", [piece("a", "b", "c", "unknown"), other, nobody], [ready, unready, leaving]
    )
    assert found.ready == {"v2": {"a"}}
    assert found.named == {"v2": {"a", "b", "c"}, "": {"unknown"}}


def virtual_service(name: str = "reviews") -> Manifest:
    to = {"destination": {"host": "reviews", "subset": "gr-v1", "port": {"number": 9080}}, "weight": 1000}
    match = [{"uri": {"prefix": "/"}}, {"uri": {"regex": "/a.*"}}, {"headers": {"x": {"exact": "y"}}}]
    return {
        "metadata": {"name": name, "namespace": "demo", "annotations": {"grayrelease/owner": "x/1"}},
        "spec": {"hosts": ["reviews"], "gateways": ["public"], "http": [{"match": match, "route": [to]}]},
    }


def failing() -> Manifest:
    found = deployment("v2", 2)
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}
    return {**found, "status": {"readyReplicas": 1, "conditions": [late]}}


def refused() -> Manifest:
    quota = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    return {**deployment("v3", 1), "status": {"conditions": [quota]}}


def test_a_namespace_as_pages_show_it(golden: Golden) -> None:
    found = inventory.inventory(
        services=[service()],
        deployments=[failing(), refused(), deployment("v1", 0)],
        pods=[pod(conditions=READY), pod("reviews-v2-b", containerStatuses=[BACK_OFF])],
        slices=[piece("reviews-v2-a")],
        virtual_services=[virtual_service()],
    )
    golden("inventory", found)


def test_a_target_as_its_page_shows_it(golden: Golden) -> None:
    found = inventory.observed(
        service(),
        deployments=[failing(), deployment("v1", 0), {**deployment("v9"), "spec": {}}],
        pods=[pod(conditions=READY), pod("reviews-v2-b", containerStatuses=[BACK_OFF])],
        slices=[piece("reviews-v2-a")],
        virtual_services=[virtual_service(), virtual_service("other")],
    )
    golden("observed", found)


def observe(pods: int, routes: int = 1, hosts: int = 1) -> dict[str, Any]:
    long = container(waiting={"reason": "CrashLoopBackOff", "message": "x" * 1000})
    found = virtual_service()
    found["spec"]["hosts"] = ["h" * 60] * hosts
    many = [pod(f"p{i:04}", f"v{i % 5}", containerStatuses=[long]) for i in range(pods)]
    return inventory.observed(
        service(), deployments=(), pods=many, slices=(), virtual_services=[found] * routes
    )


def test_a_target_with_many_pods_stays_small_and_says_what_is_left_out() -> None:
    found = observe(500)
    assert len(json.dumps(found).encode()) <= inventory.MOST_BYTES
    assert sum(len(one["pods"]) + one["left_out"] for one in found["versions"]) == 500
    assert all(one["pods"] for one in found["versions"])


def test_a_target_whose_routes_alone_are_too_large_shows_none() -> None:
    assert observe(0, hosts=400) == {"versions": [], "routes": []}
    assert observe(1, hosts=400) == {"versions": [], "routes": []}


def test_a_service_that_is_gone_has_nothing_to_show() -> None:
    found = inventory.observed(None, deployments=[failing()], pods=[pod()], slices=(), virtual_services=())
    assert found == {"versions": [], "routes": []}
