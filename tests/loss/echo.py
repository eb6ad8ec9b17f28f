"""The echo as services to be released, and pods that call them: manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.story.api import APPS, Api, Manifest

CORE = "/api/v1"
PORTS = {"http": 8080, "grpc": 9000, "tcp": 9001}
IMAGE = "grayrelease/echo:{}"
CALLERS = 3
DRAIN_S = 4
"""A pod that ends serves on for so long, as preStop hooks see to in clusters: the longest lag and more."""


def service(name: str) -> Manifest:
    ports = [
        {"name": protocol, "port": port, "targetPort": port, "protocol": "TCP"}
        for protocol, port in PORTS.items()
    ]
    spec = {"type": "ClusterIP", "selector": {"app": name}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(app: str, version: str, replicas: int = 1, drain_s: float = DRAIN_S) -> Manifest:
    """Return a Deployment of the echo that calls itself `version`."""
    return workload(app, version, replicas, container(version, drain_s))


def container(version: str, drain_s: float = DRAIN_S) -> Manifest:
    env = {"GRPC_PORT": PORTS["grpc"], "TCP_PORT": PORTS["tcp"], "DRAIN_S": drain_s}
    http = {"httpGet": {"path": "/health", "port": PORTS["http"]}, "periodSeconds": 1}
    return {
        "name": "echo",
        "image": IMAGE.format(version),
        "ports": [{"name": name, "containerPort": port} for name, port in PORTS.items()],
        "env": [{"name": name, "value": str(value)} for name, value in env.items()],
        "readinessProbe": http,
    }


def workload(app: str, version: str, replicas: int, container: Mapping[str, Any]) -> Manifest:
    labels = {"app": app, "version": version}
    meta = {"labels": labels, "annotations": {"sidecar.istio.io/inject": "true"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{app}-{version}", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": meta, "spec": {"containers": [container]}},
        },
    }


def deploy(api: Api, services: list[str], version: str = "v1", replicas: int = 1) -> None:
    """Run services at one version each, and the callers; wait until all are ready."""
    for name in services:
        api.post(CORE, "services", service(name))
        api.post(APPS, "deployments", deployment(name, version, replicas))
    api.post(APPS, "deployments", deployment("caller", "v1", CALLERS))
    for name in [*services, "caller"]:
        api.wait_ready(f"{name}-v1" if name == "caller" else f"{name}-{version}", within=40)


def callers(api: Api) -> dict[str, str]:
    """Return the addresses of the pods that call, by name."""
    pods = [each for each in api.get(CORE, "pods")["items"] if each["metadata"]["labels"]["app"] == "caller"]
    return {each["metadata"]["name"]: each["status"]["podIP"] for each in pods}


def make_namespace(api: Api) -> None:
    """Make the namespace, whose pods get sidecars."""
    labels = {"istio-injection": "enabled"}
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": api.namespace, "labels": labels}}
    answer = api.session.post(f"{api.server}{CORE}/namespaces", json=made, timeout=5)
    assert answer.status_code == 201, answer.text
