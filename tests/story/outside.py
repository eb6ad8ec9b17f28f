"""What stands outside of the project: a host that a ServiceEntry names, and another namespace's service."""

from __future__ import annotations

from typing import Any

from tests.story.api import APPS, ISTIO, Api

OUTSIDE, STAGING = "audit.example.com", "staging"


def make_known(api: Api, port: int) -> None:
    """Let the mesh know the host outside; it is a port of this machine."""
    spec = {
        "hosts": [OUTSIDE],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        "endpoints": [{"address": "127.0.0.1", "ports": {"http": port}}],
    }
    api.post(ISTIO, "serviceentries", _object(f"{ISTIO[6:]}", "ServiceEntry", "audit", spec))


def make_staging(api: Api) -> None:
    """Make a namespace with reviews of its own, in the mesh, and wait until it runs."""
    namespace = _object("v1", "Namespace", STAGING) | {"metadata": {"name": STAGING, "labels": INJECTED}}
    assert api.session.post(f"{api.server}/api/v1/namespaces", json=namespace, timeout=5).ok
    labels = {"app": "reviews", "version": "v1"}
    ports = [{"name": "http", "port": 9080}]
    api.post("/api/v1", "services", _object("v1", "Service", "reviews", {"selector": labels, "ports": ports}))
    container = {"name": "echo", "image": "grayrelease/echo:v1", "ports": [{"containerPort": 9080}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    api.post(APPS, "deployments", _object("apps/v1", "Deployment", "reviews-staging", spec))
    api.wait_ready("reviews-staging")


INJECTED = {"istio-injection": "enabled"}


def _object(version: str, kind: str, name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec or {}}
