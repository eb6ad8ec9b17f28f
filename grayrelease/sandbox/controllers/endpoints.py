"""What the endpoint slice controller writes next: one EndpointSlice for each Service with a selector."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from grayrelease.sandbox.controllers.objects import (
    Object,
    Step,
    Write,
    changed,
    is_deleting,
    is_true,
    labels_of,
    owned_by,
    reference_to,
)

MANAGER = "endpointslice-controller.k8s.io"


def plan(service: Object, pods: Sequence[Object], slices: Sequence[Object]) -> list[Step]:
    """Give the next writes for a Service; `pods` and `slices` are those of its namespace."""
    selector = service["spec"].get("selector")
    if not selector or is_deleting(service) or service["spec"].get("type") == "ExternalName":
        return []
    chosen = [pod for pod in pods if selector.items() <= labels_of(pod).items() and _has_place(pod)]
    wanted = _slice(service, sorted(chosen, key=lambda pod: str(pod["metadata"]["name"])))
    mine = [each for each in slices if owned_by(each, service) and not is_deleting(each)]
    if not mine:
        return [Write("create", wanted)]
    held = changed(mine[0])
    held["metadata"]["labels"] = wanted["metadata"]["labels"]
    held |= {"endpoints": wanted["endpoints"], "ports": wanted["ports"]}
    return [Write("replace", held)] if not _alike(held, mine[0]) else []


def _slice(service: Object, pods: Sequence[Object]) -> Object:
    metadata = service["metadata"]
    suffix = hashlib.sha256(metadata["uid"].encode()).hexdigest()[:5]
    ports = [_port(port, pods) for port in service["spec"].get("ports") or []]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{metadata['name']}-{suffix}",
            "namespace": metadata["namespace"],
            "labels": {
                **labels_of(service),
                "endpointslice.kubernetes.io/managed-by": MANAGER,
                "kubernetes.io/service-name": metadata["name"],
            },
            "ownerReferences": [reference_to(service)],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(service, pod) for pod in pods],
        "ports": [port for port in ports if port],
    }


def _endpoint(service: Object, pod: Object) -> Object:
    leaving, serving = is_deleting(pod), is_true(pod, "Ready")
    always = bool(service["spec"].get("publishNotReadyAddresses"))
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": always or (serving and not leaving),
            "serving": serving,
            "terminating": leaving,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
        "nodeName": pod["spec"].get("nodeName", ""),
    }


def _port(port: Object, pods: Sequence[Object]) -> Object | None:
    number = port.get("targetPort", port["port"])
    if isinstance(number, str):
        number = next((found for pod in pods if (found := _named(pod, number))), None)
    if number is None:
        return None
    resolved: Object = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
    if port.get("appProtocol"):
        resolved["appProtocol"] = port["appProtocol"]
    return resolved


def _named(pod: Object, name: str) -> int | None:
    declared = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    return next((int(port["containerPort"]) for port in declared if port.get("name") == name), None)


def _has_place(pod: Object) -> bool:
    status = pod.get("status") or {}
    return bool(status.get("podIP")) and status.get("phase") not in ("Failed", "Succeeded")


def _alike(one: Object, other: Object) -> bool:
    same = [(one.get(field) or []) == (other.get(field) or []) for field in ("endpoints", "ports")]
    return all(same) and labels_of(one) == labels_of(other)
