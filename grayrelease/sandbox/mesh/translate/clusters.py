"""Clusters and the endpoints in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from grayrelease.sandbox.mesh.translate.objects import Object, selects
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.rules import DEFAULT_BALANCER, Rule
from grayrelease.sandbox.mesh.translate.services import Protocol, Service, ServicePort
from grayrelease.sandbox.mesh.translate.workloads import Endpoint, InboundPort, Workload

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets"
SIDECAR_MATCH = {"sidecar": "yes"}
CONNECT_TIMEOUT = "10s"
MOST = 4294967295
PASSTHROUGH = "PassthroughCluster"


def outbound(
    registry: Registry, caller_namespaces: Iterable[str], folder: Path
) -> Iterator[tuple[Object, Object | None]]:
    """Write each service's clusters and the endpoints that go with them; `folder` is for the latter.

    Where names are looked up, the addresses stand in the cluster itself.
    """
    seen = sorted(set(caller_namespaces))
    for service in registry.services.values():
        if service.alias or not any(map(service.seen_from, seen)):
            continue
        for view, rule in registry.views(service, seen).items():
            for port in service.ports:
                yield from _of_port(registry, service, port, view, rule, folder)


def inbound(workload: Workload) -> Iterator[Object]:
    """Write the clusters behind a pod's inbound listeners."""
    for port in workload.ports:
        name = inbound_name(workload.address, port)
        yield {
            "name": name,
            "type": "STATIC",
            "connect_timeout": CONNECT_TIMEOUT,
            "load_assignment": _assignment(name, [Endpoint(workload.address, port.number, {}, "")]),
            **_common(http2=port.http2),
        }


def passthrough() -> Object:
    """Write the cluster for unknown hosts: nothing is outside of the sandbox, so it has no endpoint."""
    return {"name": PASSTHROUGH, "type": "STATIC", "load_assignment": _assignment(PASSTHROUGH, [])}


def inbound_name(address: str, port: InboundPort) -> str:
    """Name the cluster of one port of a pod."""
    return f"inbound|{port.number}||{address}"


def endpoint_file(folder: Path, cluster: str) -> Path:
    """Give the file that holds a cluster's endpoints."""
    return folder / f"{cluster.replace('|', '_')}.json"


def empty(cluster: str) -> Object:
    """Write an assignment without endpoints."""
    return _assignment(cluster, [])


def _of_port(
    registry: Registry, service: Service, port: ServicePort, view: str, rule: Rule, folder: Path
) -> Iterator[tuple[Object, Object | None]]:
    ready = ready_endpoints(registry, service, port)
    prefix = f"outbound|{port.number}|"
    whole = f"{prefix}|{service.fqdn}{view}"
    yield _cluster(whole, service, port, rule.balancer, ready, folder)
    for name, subset in rule.subsets.items():
        own = f"{prefix}{name}|{service.fqdn}{view}"
        chosen = [endpoint for endpoint in ready if selects(subset.labels, endpoint.labels)]
        yield _cluster(own, service, port, subset.balancer, chosen, folder)


def ready_endpoints(registry: Registry, service: Service, port: ServicePort) -> list[Endpoint]:
    """List where a port of a service is served."""
    if service.outside is None:
        return registry.endpoints.get((service.fqdn, port.name), [])
    return [
        Endpoint(place.address, place.ports.get(port.name, port.number), place.labels, "")
        for place in service.outside
    ]


def _cluster(
    name: str, service: Service, port: ServicePort, balancer: str, ready: list[Endpoint], folder: Path
) -> tuple[Object, Object | None]:
    by_file = _eds(name, service.fqdn, port.protocol, balancer, folder)
    if not service.resolved:
        return by_file, _assignment(name, ready)
    looked_up = by_file | {
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "load_assignment": _assignment(name, ready),
    }
    del looked_up["eds_cluster_config"]
    return looked_up, None


@lru_cache(maxsize=10_000)
def _eds(name: str, service: str, protocol: Protocol, balancer: str, folder: Path) -> Object:
    source = {"resource_api_version": "V3", "path_config_source": {"path": str(endpoint_file(folder, name))}}
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": source},
        "connect_timeout": CONNECT_TIMEOUT,
        "lb_policy": balancer or DEFAULT_BALANCER,
        "metadata": {"filter_metadata": {"istio": {"service": service}}},
        **_common(http2=protocol == "http2"),
        **(_tells_who() if protocol in ("tcp", "tls") else {}),
    }


def _tells_who() -> Object:
    """Say in front of each connection who calls, to those who read it: the proxies of pods."""
    raw = {"@type": f"{SOCKETS}.raw_buffer.v3.RawBuffer"}
    plain = {"name": "envoy.transport_sockets.raw_buffer", "typed_config": raw}
    config = {
        "@type": f"{SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        "config": {"version": "V2", "pass_through_tlvs": {"match_type": "INCLUDE_ALL"}},
        "transport_socket": plain,
    }
    told = {"name": "envoy.transport_sockets.upstream_proxy_protocol", "typed_config": config}
    return {
        "transport_socket_matches": [
            {"name": "sidecar", "match": SIDECAR_MATCH, "transport_socket": told},
            {"name": "plain", "match": {}, "transport_socket": plain},
        ]
    }


def _common(*, http2: bool) -> Object:
    most = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), MOST)
    written: Object = {
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [most]},
    }
    if http2:
        # What the caller speaks is spoken to the workload as well.
        kind = {"@type": f"type.googleapis.com/{HTTP_OPTIONS}"}
        options: Object = {"use_downstream_protocol_config": {"http2_protocol_options": {}}}
        written["typed_extension_protocol_options"] = {HTTP_OPTIONS: kind | options}
    return written


def _assignment(cluster: str, endpoints: list[Endpoint]) -> Object:
    written = [_endpoint(endpoint) for endpoint in endpoints]
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": written}] if written else []}


def _endpoint(endpoint: Endpoint) -> Object:
    place = {"address": endpoint.address, "port_value": endpoint.port}
    written: Object = {"endpoint": {"address": {"socket_address": place}}}
    told: Object = {"istio": {"workload": endpoint.who}} if endpoint.who else {}
    if endpoint.sidecar:
        told["envoy.transport_socket_match"] = SIDECAR_MATCH
    if told:
        written["metadata"] = {"filter_metadata": told}
    return written
