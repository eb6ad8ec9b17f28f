"""What controllers and nodes would do to a `Memory`: pods, EndpointSlices, status. Only when a test asks."""

from __future__ import annotations

from typing import Any

from grayrelease.cluster.memory import Memory
from grayrelease.domain.plan import Manifest

CONTROLLERS = "kube-controller-manager"


def run_pods(
    memory: Memory,
    namespace: str,
    deployment: str,
    *,
    ready: bool = True,
    reason: str = "",
    message: str = "",
) -> list[Manifest]:
    """Make the pods that a Deployment asks for, its status, and the EndpointSlices of Services over them.

    Not ready: the containers wait with `reason` and `message` (`ImagePullBackOff` …), or run unready.
    Called again it brings pods, their state and the slices in line with the Deployment. Gives the pods.
    """
    owner = memory.get("Deployment", namespace, deployment)
    replica_set = _replica_set(memory, owner)
    wanted = [f"{replica_set['metadata']['name']}-{number}" for number in range(_replicas(owner))]
    for pod in memory.list("Pod", namespace):
        if _owned(pod, replica_set) and pod["metadata"]["name"] not in wanted:
            memory.remove("Pod", namespace, pod["metadata"]["name"], manager=CONTROLLERS)
    have = {pod["metadata"]["name"] for pod in memory.list("Pod", namespace)}
    for number, name in enumerate(wanted):
        if name not in have:
            memory.seed(_pod(owner, replica_set, name), manager=CONTROLLERS)
        status = _pod_status(owner, number, ready, reason, message)
        _set_status(memory, "Pod", namespace, name, status)
    _set_status(memory, "Deployment", namespace, deployment, _deployment_status(owner, ready))
    run_slices(memory, namespace)
    return [memory.get("Pod", namespace, name) for name in wanted]


def run_slices(memory: Memory, namespace: str) -> None:
    """Write one EndpointSlice for each Service that has a selector, from the pods that there are."""
    for service in memory.list("Service", namespace):
        if selector := service["spec"].get("selector"):
            labels = ",".join(f"{key}={value}" for key, value in selector.items())
            _write_slice(memory, service, memory.list("Pod", namespace, labels))


def _write_slice(memory: Memory, service: Manifest, pods: list[Manifest]) -> None:
    namespace, name = service["metadata"]["namespace"], f"{service['metadata']['name']}-slice"
    endpoints = [_endpoint(pod) for pod in pods if pod["status"].get("podIP")]
    if not any(item["metadata"]["name"] == name for item in memory.list("EndpointSlice", namespace)):
        memory.seed(_slice(service, name), manager=CONTROLLERS)
    memory.edit(
        "EndpointSlice", namespace, name, lambda item: item.update(endpoints=endpoints), manager=CONTROLLERS
    )


def _slice(service: Manifest, name: str) -> Manifest:
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": service["metadata"]["namespace"],
            "labels": {"kubernetes.io/service-name": service["metadata"]["name"]},
            "ownerReferences": [_owner(service)],
        },
        "addressType": "IPv4",
        "endpoints": [],
        "ports": [
            {"name": port.get("name", ""), "port": port.get("targetPort", port["port"]), "protocol": "TCP"}
            for port in service["spec"].get("ports", [])
        ],
    }


def _endpoint(pod: Manifest) -> dict[str, Any]:
    metadata = pod["metadata"]
    conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
    ready = conditions.get("Ready") == "True"
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "targetRef": {
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
    }


def _replica_set(memory: Memory, owner: Manifest) -> Manifest:
    namespace = owner["metadata"]["namespace"]
    for found in memory.list("ReplicaSet", namespace):
        if _owned(found, owner):
            return found
    metadata = {
        "name": f"{owner['metadata']['name']}-7d9f",
        "namespace": namespace,
        "labels": owner["spec"]["template"]["metadata"]["labels"],
        "ownerReferences": [_owner(owner)],
    }
    spec = {"replicas": _replicas(owner), "template": owner["spec"]["template"]}
    return memory.seed({"kind": "ReplicaSet", "metadata": metadata, "spec": spec}, manager=CONTROLLERS)[0]


def _pod(owner: Manifest, replica_set: Manifest, name: str) -> Manifest:
    template = owner["spec"]["template"]
    metadata = {
        **template["metadata"],
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [_owner(replica_set)],
    }
    return {"kind": "Pod", "metadata": metadata, "spec": {**template["spec"], "nodeName": "node-a"}}


def _pod_status(owner: Manifest, number: int, ready: bool, reason: str, message: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    says = "True" if ready else "False"
    containers = [
        {"name": each["name"], "image": each["image"], "ready": ready, "restartCount": 0, "state": state}
        for each in owner["spec"]["template"]["spec"]["containers"]
    ]
    return {
        "phase": "Pending" if reason else "Running",
        "podIP": f"10.{int(owner['metadata']['uid'][-6:]) % 250}.0.{number + 1}",
        "conditions": [{"type": kind, "status": says} for kind in ("ContainersReady", "Ready")],
        "containerStatuses": containers,
    }


def _deployment_status(owner: Manifest, ready: bool) -> dict[str, Any]:
    count = _replicas(owner)
    available = count if ready else 0
    return {
        "observedGeneration": owner["metadata"]["generation"],
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": available,
        "availableReplicas": available,
        "unavailableReplicas": count - available,
    }


def _set_status(memory: Memory, kind: str, namespace: str, name: str, status: dict[str, Any]) -> None:
    memory.edit(kind, namespace, name, lambda item: item.update(status=status), manager=CONTROLLERS)


def _replicas(deployment: Manifest) -> int:
    return int(deployment["spec"].get("replicas", 1))


def _owner(manifest: Manifest) -> dict[str, Any]:
    metadata = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


def _owned(manifest: Manifest, owner: Manifest) -> bool:
    owners = manifest["metadata"].get("ownerReferences") or []
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in owners)
