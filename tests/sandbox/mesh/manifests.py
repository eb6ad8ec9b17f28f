"""Objects for the mesh's tests."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]
ISTIO = "networking.istio.io/v1"


def service(name: str, port: int = 9080) -> JSON:
    """A service that selects `app: NAME`."""
    ports = [{"name": "http", "port": port, "targetPort": 9080}]
    spec = {"selector": {"app": name}, "ports": ports}
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"name": name}, "spec": spec}


def pod(name: str, app: str, version: str) -> JSON:
    """A pod with a sidecar, as a ReplicaSet would make it."""
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{app}-{version}-5d8f",
        "uid": f"{app}-{version}",
    }
    metadata = {
        "name": name,
        "labels": {"app": app, "version": version, "pod-template-hash": "5d8f"},
        "annotations": {"sidecar.istio.io/status": "{}"},
        "ownerReferences": [owner],
    }
    container = {"name": "main", "image": "test", "ports": [{"containerPort": 9080}]}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {"containers": [container]}}


def pod_status(address: str) -> JSON:
    """The status of a running, ready pod."""
    conditions = [{"type": "Ready", "status": "True"}]
    return {"status": {"phase": "Running", "podIP": address, "conditions": conditions}}


def endpoint_slice(app: str, pods: dict[str, str]) -> JSON:
    """Ready endpoints, by the pods' names."""
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {"name": f"{app}-x", "labels": {"kubernetes.io/service-name": app}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 9080, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "name": name, "namespace": "demo"},
            }
            for name, address in pods.items()
        ],
    }


def destination_rule(host: str, *versions: str) -> JSON:
    """Subsets named like the versions."""
    subsets = [{"name": version, "labels": {"version": version}} for version in versions]
    return {
        "kind": "DestinationRule",
        "apiVersion": ISTIO,
        "metadata": {"name": host},
        "spec": {"host": host, "subsets": subsets},
    }


def virtual_service(host: str, weights: dict[str, int], **rule: Any) -> JSON:
    """One rule with weights by subset."""
    route = [
        {"destination": {"host": host, "subset": subset}, "weight": weight}
        for subset, weight in weights.items()
    ]
    return {
        "kind": "VirtualService",
        "apiVersion": ISTIO,
        "metadata": {"name": host},
        "spec": {"hosts": [host], "http": [{"route": route, **rule}]},
    }


def gateway() -> JSON:
    """A Gateway for every host on port 80."""
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    return {
        "kind": "Gateway",
        "apiVersion": ISTIO,
        "metadata": {"name": "gateway"},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }


def gateway_route(host: str, app: str) -> JSON:
    """A VirtualService that brings a public host to a service."""
    destination = {"host": app, "port": {"number": 9080}}
    rule = {"match": [{"uri": {"prefix": "/"}}], "route": [{"destination": destination}]}
    return {
        "kind": "VirtualService",
        "apiVersion": ISTIO,
        "metadata": {"name": f"{app}-gateway"},
        "spec": {"hosts": [host], "gateways": ["gateway"], "http": [rule]},
    }
