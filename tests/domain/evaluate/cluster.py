"""Small clusters for tests: two services, their versions, and what is said about them."""

from __future__ import annotations

from typing import Any

from grayrelease.domain import evaluate
from grayrelease.domain.evaluate import Answer, Caller, Request

Manifest = dict[str, Any]
PRODUCTPAGE = Caller("sidecar", "demo", {"app": "productpage"})
INGRESS = Caller("gateway", "istio-system", {"istio": "ingressgateway"})


def service(name: str, namespace: str = "demo", port: int = 9080, **spec: Any) -> Manifest:
    ports = [{"name": "http", "port": port}]
    return _manifest("v1", "Service", name, namespace, {"ports": ports, "selector": {"app": name}, **spec})


def versions(name: str, *labels: str, namespace: str = "demo", **spec: Any) -> Manifest:
    subsets = [{"name": label, "labels": {"version": label}} for label in labels]
    said = {"host": name, "subsets": subsets, **spec}
    return _manifest("networking.istio.io/v1", "DestinationRule", name, namespace, said)


def routes(name: str, *rules: Manifest, namespace: str = "demo", created: str = "", **spec: Any) -> Manifest:
    said = {"hosts": [name], "http": list(rules), **spec}
    found = _manifest("networking.istio.io/v1", "VirtualService", name, namespace, said)
    if created:
        found["metadata"]["creationTimestamp"] = created
    return found


def gateway(name: str, *servers: Manifest, namespace: str = "demo") -> Manifest:
    said = {"selector": {"istio": "ingressgateway"}, "servers": list(servers)}
    return _manifest("networking.istio.io/v1", "Gateway", name, namespace, said)


def server(*hosts: str, **fields: Any) -> Manifest:
    return {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": list(hosts), **fields}


def to(subset: str, host: str = "reviews", *, weight: int | None = None, port: int = 0) -> Manifest:
    destination: Manifest = {"host": host, "subset": subset}
    if port:
        destination["port"] = {"number": port}
    return {"destination": destination} if weight is None else {"destination": destination, "weight": weight}


def rule(*parts: Manifest, **fields: Any) -> Manifest:
    return {"route": list(parts), **fields}


def _manifest(version: str, kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


REVIEWS = (service("reviews"), versions("reviews", "v1", "v2"))


def ask(
    *objects: Manifest,
    path: str = "/",
    method: str = "GET",
    authority: str = "reviews:9080",
    port: int = 9080,
    caller: Caller = PRODUCTPAGE,
    headers: dict[str, str] | None = None,
) -> Answer:
    lines = {name: (value,) for name, value in (headers or {}).items()}
    request = Request(method, authority, path, port, lines)
    return evaluate.evaluate([*REVIEWS, *objects], caller, request)


def hit(answer: Answer) -> list[str]:
    """Return the subsets that get the request."""
    return [each.subset for each in answer.destinations]
