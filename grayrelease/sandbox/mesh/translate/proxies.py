"""All that one Envoy process is to know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from grayrelease.sandbox.mesh.translate import clusters, listeners, tcp
from grayrelease.sandbox.mesh.translate.gateway_api import GATEWAY_NAME
from grayrelease.sandbox.mesh.translate.objects import ROOT_NAMESPACE, Object, name_of, namespace_of, spec_of
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.routes import Caller
from grayrelease.sandbox.mesh.translate.services import usual_port
from grayrelease.sandbox.mesh.translate.tables import VirtualHost, gateway_hosts, sidecar_hosts
from grayrelease.sandbox.mesh.translate.workloads import Workload

GATEWAY_SERVER_PORT = 80
"""The port that Gateways name; as with a NodePort, people connect to another."""
GATEWAY_ROUTES = "_gateway"
"""No namespace is named like this."""


@dataclass(frozen=True)
class Folder:
    """Where one Envoy process finds its files."""

    root: Path

    @property
    def endpoints(self) -> Path:
        """One file for each cluster."""
        return self.root / "eds"

    def routes(self, name: str) -> Path:
        """Give the file of one route configuration."""
        return self.root / "rds" / f"{name}.json"


@dataclass(frozen=True)
class Configuration:
    """Envoy's resources by name."""

    clusters: Mapping[str, Object]
    endpoints: Mapping[str, Object]
    routes: Mapping[str, Object]
    listeners: Mapping[str, Object]


def configuration(
    registry: Registry, pods: Sequence[Workload], folder: Folder, gateway_port: int | None
) -> Configuration:
    """Write what the Envoy of some pods, and of the gateway if a port is given, is to know."""
    namespaces = {pod.namespace for pod in pods} | {ROOT_NAMESPACE}
    written = list(clusters.outbound(registry, namespaces, folder.endpoints))
    own = [cluster for pod in pods for cluster in clusters.inbound(pod)]
    outgoing = [cluster for cluster, _ in written]
    return Configuration(
        clusters=_by_name([*outgoing, *own, clusters.passthrough()]),
        endpoints={assignment["cluster_name"]: assignment for _, assignment in written if assignment},
        routes=_by_name(_routes(registry, pods, gateway_port)),
        listeners=_by_name(_listeners(registry, pods, folder, gateway_port)),
    )


def _by_name(resources: Iterable[Object]) -> dict[str, Object]:
    return {resource["name"]: resource for resource in resources}


def _listeners(
    registry: Registry, pods: Sequence[Workload], folder: Folder, gateway_port: int | None
) -> Iterator[Object]:
    asked = _source_labels(registry)
    for pod in pods:
        caller = _caller(pod, asked)
        yield from listeners.pod_listeners(pod, folder.routes(_routes_name(caller)))
        yield from tcp.outbound_listeners(registry, pod, caller)
        yield from (tcp.inbound_listener(pod, port) for port in pod.ports if port.tcp)
    if gateway_port is not None:
        yield listeners.gateway_listener(gateway_port, folder.routes(GATEWAY_ROUTES))


def _routes(registry: Registry, pods: Sequence[Workload], gateway_port: int | None) -> Iterator[Object]:
    asked = _source_labels(registry)
    callers = {_routes_name(caller): caller for caller in (_caller(pod, asked) for pod in pods)}
    for name, caller in callers.items():
        table = _sidecar_table(registry, caller)
        yield {"name": name, "validate_clusters": False, "virtual_hosts": table}
    if gateway_port is not None:
        yield _gateway_table(registry, gateway_port)


def _caller(pod: Workload, asked: Set[str]) -> Caller:
    """Give what decides on a pod's table: its namespace, and labels that some rule asks its callers for."""
    return Caller(pod.namespace, {name: value for name, value in pod.labels.items() if name in asked})


def _routes_name(caller: Caller) -> str:
    """Name a table: pods that route alike share one, which costs Envoy one update instead of many."""
    if not caller.labels:
        return caller.namespace
    digest = hashlib.sha256(repr(sorted(caller.labels.items())).encode()).hexdigest()[:12]
    return f"{caller.namespace}_{digest}"


def _source_labels(registry: Registry) -> set[str]:
    kinds = ("http", "tcp", "tls")
    specs = [spec_of(item) for item in registry.virtual_services]
    rules = [rule for spec in specs for kind in kinds for rule in spec.get(kind) or []]
    matches = [match for rule in rules for match in rule.get("match") or []]
    return {label for match in matches for label in match.get("sourceLabels") or {}}


def _sidecar_table(registry: Registry, caller: Caller) -> list[Object]:
    usual = usual_port(registry.ports)
    written: list[Object] = []
    taken: set[str] = set()
    for port in registry.ports:
        for host in sidecar_hosts(registry, caller, port):
            bare = usual_port(entry.number for entry in host.service.ports) if host.service else usual
            domains = [f"{name}:{port}" for name in host.names] + (list(host.names) if port == bare else [])
            free = [domain for domain in domains if domain not in taken]
            taken.update(free)
            if free:
                written.append(_virtual_host(f"{host.name}:{port}", free, host))
    return [*written, _unknown_hosts()]


def _gateway_table(registry: Registry, gateway_port: int) -> Object:
    found: dict[str, VirtualHost] = {}
    for caller in _gateways(registry):
        for port in (gateway_port, GATEWAY_SERVER_PORT):
            found |= {host.name: host for host in gateway_hosts(registry, caller, port)}
    return {
        "name": GATEWAY_ROUTES,
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "virtual_hosts": [_virtual_host(host.name, list(host.names), host) for host in found.values()],
    }


def _gateways(registry: Registry) -> Iterator[Caller]:
    """Give whom the one gateway of the sandbox stands for: all proxies made for Gateways, and Istio's own."""
    for item in registry.objects.api_gateways:
        yield Caller(namespace_of(item), {GATEWAY_NAME: name_of(item)}, gateway=True)
    yield Caller(ROOT_NAMESPACE, listeners.GATEWAY_LABELS, gateway=True)


def _virtual_host(name: str, domains: list[str], host: VirtualHost) -> Object:
    written: Object = {
        "name": name,
        "domains": domains,
        "routes": list(host.routes),
        "include_request_attempt_count": True,
    }
    return written | {"require_tls": "ALL"} if host.https_only else written


def _unknown_hosts() -> Object:
    route = {"match": {"prefix": "/"}, "route": {"cluster": clusters.PASSTHROUGH, "timeout": "0s"}}
    return {"name": "allow_any", "domains": ["*"], "routes": [route]}
