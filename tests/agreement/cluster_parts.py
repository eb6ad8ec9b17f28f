"""Random services, DestinationRules, Gateways and callers, with the same seed the same."""

from __future__ import annotations

import random
from typing import Any

JSON = dict[str, Any]
ISTIO = "networking.istio.io/v1"
API = "gateway.networking.k8s.io/v1"
NAMESPACES = ("demo", "shop", "istio-system")
VERSIONS = ("v1", "v2", "v3")
TIMES = (None, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")


def named(source: random.Random, kind: str, api: str, name: str, namespace: str, spec: JSON) -> JSON:
    """An object, often with an age."""
    metadata = {"name": name, "namespace": namespace}
    created = source.choice(TIMES)
    if created:
        metadata["creationTimestamp"] = created
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def services(source: random.Random) -> list[JSON]:
    """Two or three in demo, one in shop, with one port or two."""
    ports = {"reviews": [("http", 9080)], "ratings": [("http", 9080)], "web": [("http", 80)]}
    if source.random() < 0.3:
        ports["reviews"].append((source.choice(["http-admin", "grpc", "web", ""]), 8080))
    if source.random() < 0.2:
        ports["reviews"].append(("tcp-raw", 7000))
    found = [service(name, "shop" if name == "web" else "demo", each) for name, each in ports.items()]
    if source.random() < 0.3:
        found.append(service("reviews", "shop", [("http", 9080)]))
    if source.random() < 0.4:
        found += [service(f"reviews-{version}", "demo", [("http", 9080)]) for version in VERSIONS]
    if source.random() < 0.15:
        found.append(_external(source))
    if source.random() < 0.1:
        outer = service("ratings-old", "demo", [("http", 9080)])
        outer["spec"] |= {"type": "ExternalName", "externalName": "ratings.demo.svc.cluster.local"}
        found.append(outer)
    return found


def service(name: str, namespace: str, ports: list[tuple[str, int]]) -> JSON:
    """A service that selects `app: NAME`."""
    written = [{"port": number, **({"name": port} if port else {})} for port, number in ports]
    spec = {"ports": written, "selector": {"app": name}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _external(source: random.Random) -> JSON:
    spec = {
        "hosts": ["api.example.com"],
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        "resolution": source.choice(["DNS", "STATIC"]),
        "endpoints": [{"address": "127.0.0.9"}],
    }
    return named(source, "ServiceEntry", ISTIO, "api", "demo", spec)


def pods(source: random.Random) -> list[JSON]:
    """Mostly none, which means one for each subset; else some versions have none."""
    if source.random() < 0.75:
        return []
    chosen = source.sample(VERSIONS, source.randint(0, 2))
    found = [("reviews", "demo", version) for version in chosen]
    found += [("ratings", "demo", "v1"), ("web", "shop", "v1")]
    return [_pod(*each) for each in found]


def _pod(app: str, namespace: str, version: str) -> JSON:
    labels = {"app": app, "version": version}
    metadata = {"name": f"{app}-{version}", "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def destination_rules(source: random.Random) -> list[JSON]:
    """One beside the services, at times more: elsewhere, twice, for a wildcard, hidden."""
    found = [_rule(source, "reviews", "reviews", "demo", VERSIONS)]
    for number in range(source.choice([0, 0, 1, 2])):
        host = source.choice(
            ["reviews", "reviews.demo.svc.cluster.local", "*.demo.svc.cluster.local", "web", "*"]
        )
        versions = source.sample(VERSIONS, source.randint(1, 3))
        found.append(_rule(source, f"rule-{number}", host, source.choice(NAMESPACES), tuple(versions)))
    return found[source.choice([0, 0, 0, 0, 1]) :]


def _rule(source: random.Random, name: str, host: str, namespace: str, versions: tuple[str, ...]) -> JSON:
    subsets = [{"name": version, "labels": {"version": version}} for version in versions]
    if source.random() < 0.1:
        subsets.append({"name": "all"})
    spec: JSON = {"host": host, "subsets": subsets}
    if source.random() < 0.25:
        spec["exportTo"] = source.choice([["."], ["*"], ["shop"], ["demo"], ["demo", "shop"]])
    return named(source, "DestinationRule", ISTIO, name, namespace, spec)


def gateways(source: random.Random) -> list[JSON]:
    """One or two of Istio's Gateways in demo."""
    return [_gateway(source, name) for name in ("gray", "white")[: source.choice([1, 1, 2])]]


def _gateway(source: random.Random, name: str) -> JSON:
    hosts = source.choice(
        [
            *([["*"]] * 4),
            ["*.example.com"],
            ["bookinfo.example.com", "*.b.example.com"],
            ["demo/*"],
            ["./*"],
            ["shop/*"],
        ]
    )
    servers: list[JSON] = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": hosts}]
    if source.random() < 0.2:
        port = {"number": 8080, "name": "http-other", "protocol": "HTTP"}
        servers.append({"port": port, "hosts": ["*"]})
    if source.random() < 0.08:
        servers[0]["tls"] = {"httpsRedirect": True}
    spec = {"selector": {"istio": "ingressgateway"}, "servers": servers}
    return named(source, "Gateway", ISTIO, name, "demo", spec)


def api_gateway(source: random.Random) -> JSON:
    """A Gateway of the Gateway API in demo."""
    listener: JSON = {"name": "http", "port": 80, "protocol": "HTTP"}
    listener["allowedRoutes"] = {"namespaces": {"from": source.choice(["All", "Same", "Same"])}}
    if source.random() < 0.4:
        listener["hostname"] = source.choice(["*.example.com", "bookinfo.example.com"])
    listeners = [listener]
    if source.random() < 0.2:
        listeners.append({**listener, "name": "other", "hostname": "x.b.example.com"})
    spec = {"gatewayClassName": "istio", "listeners": listeners}
    return named(source, "Gateway", API, "gray", "demo", spec)


def grant(source: random.Random) -> JSON:
    """A ReferenceGrant that lets routes of demo name services of shop."""
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "demo"}],
        "to": [{"group": "", "kind": "Service"}],
    }
    return named(source, "ReferenceGrant", "gateway.networking.k8s.io/v1beta1", "grant", "shop", spec)


def caller(source: random.Random, kind: str) -> JSON:
    """Who calls: a pod, Istio's gateway, or the proxy of a Gateway of the Gateway API."""
    if kind == "gateway":
        return {"kind": "gateway", "namespace": "istio-system", "labels": {"istio": "ingressgateway"}}
    if kind == "api":
        labels = {"gateway.networking.k8s.io/gateway-name": "gray"}
        return {"kind": "gateway", "namespace": "demo", "labels": labels}
    app = source.choice(["productpage", "web"])
    namespace = source.choice(["demo", "demo", "demo", "shop"])
    return {"kind": "sidecar", "namespace": namespace, "labels": {"app": app, "version": "v1"}}
