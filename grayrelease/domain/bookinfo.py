"""The sample application: Bookinfo's four services at v1, as KubeSphere deploys it, and a route to it."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.plan import Manifest

NAME = "bookinfo"
VERSION = "v1"
HOST = "productpage.bookinfo.localhost"
SERVICES = ("productpage", "details", "ratings", "reviews")
PORT = 9080
PORT_NAME = "http-web"
TAG = "1.10.1"
APPLICATION = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/version": VERSION}
GOVERNED = {"servicemesh.kubesphere.io/enabled": "true"}


def manifests(namespace: str) -> list[Manifest]:
    """Return what is to be created, in order: the namespace, workloads with their services, the route."""
    parts = [build(namespace, app) for app in SERVICES for build in (_service, _deployment)]
    return [_namespace(namespace), *parts, _gateway(namespace), _route(namespace)]


def _namespace(name: str) -> Manifest:
    labels = {"istio-injection": "enabled"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _service(namespace: str, app: str) -> Manifest:
    labels = {"app": app, **APPLICATION}
    annotations = {**GOVERNED, "kubesphere.io/workloadType": "Deployment"}
    port = {"name": PORT_NAME, "port": PORT, "protocol": "TCP", "targetPort": PORT}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(namespace, app, labels, annotations),
        "spec": {"type": "ClusterIP", "selector": labels, "ports": [port]},
    }


def _deployment(namespace: str, app: str) -> Manifest:
    labels = {"app": app, "version": VERSION, **APPLICATION}
    template = {
        "metadata": {"labels": labels, "annotations": {"sidecar.istio.io/inject": "true"}},
        "spec": {"serviceAccountName": "default", "containers": [_container(app)]},
    }
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(namespace, f"{app}-{VERSION}", labels, dict(GOVERNED)),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": template,
            "strategy": rolling,
        },
    }


def _container(app: str) -> dict[str, Any]:
    return {
        "name": app,
        "image": f"istio/examples-bookinfo-{app}-{VERSION}:{TAG}",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "10Mi"},
            "limits": {"cpu": "1", "memory": "1000Mi"},
        },
    }


def _gateway(namespace: str) -> Manifest:
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": _metadata(namespace, NAME, dict(APPLICATION), {}),
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }


def _route(namespace: str) -> Manifest:
    to_page = {"destination": {"host": "productpage", "port": {"number": PORT}}}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": _metadata(namespace, NAME, dict(APPLICATION), {}),
        "spec": {
            "hosts": [HOST],
            "gateways": [NAME],
            "http": [{"match": [{"uri": {"prefix": "/"}}], "route": [to_page]}],
        },
    }


def _metadata(
    namespace: str, name: str, labels: dict[str, str], annotations: dict[str, str]
) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
