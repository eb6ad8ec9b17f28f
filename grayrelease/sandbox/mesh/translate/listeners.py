"""Listeners: two at each pod with a sidecar, and the gateway's.

Nothing that changes with a release stands in them: a changed listener drains its connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from grayrelease.sandbox.mesh.translate.clusters import inbound_name
from grayrelease.sandbox.mesh.translate.objects import ROOT_NAMESPACE, Object
from grayrelease.sandbox.mesh.translate.telemetry import WHO_HEADER, destination_log, source_log
from grayrelease.sandbox.mesh.translate.workloads import (
    OUTBOUND_PORT,
    InboundPort,
    Workload,
    workload_text,
)

TYPES = "type.googleapis.com/envoy.extensions.filters"
GATEWAY = "istio-ingressgateway"
GATEWAY_LABELS = {"app": GATEWAY, "istio": "ingressgateway"}


class Bearer(NamedTuple):
    """What of a pod stands in its listeners."""

    pod: str
    namespace: str
    address: str
    who: str


def pod_listeners(workload: Workload, routes: Path) -> tuple[Object, ...]:
    """Give the listeners of a pod; `routes` is the file with what it may call."""
    place = Bearer(workload.pod, workload.namespace, workload.address, workload.who)
    return _pod_listeners(place, workload.ports, routes)


@lru_cache(maxsize=10_000)
def _pod_listeners(place: Bearer, ports: tuple[InboundPort, ...], routes: Path) -> tuple[Object, ...]:
    # Kept, because they stay the same through most changes: a third of the work of each.
    log = source_log(place.pod, place.namespace, place.who)
    filters = [_who_calls(place.who), *route_filters(), router()]
    connection = http("outbound", filters, log) | _rds(routes)
    outbound = _listener("outbound", place.address, OUTBOUND_PORT, connection, "OUTBOUND")
    return outbound, *(_inbound(place, port) for port in ports if not port.tcp)


def gateway_listener(port: int, routes: Path) -> Object:
    """Write the listener of the ingress gateway on 127.0.0.1."""
    who = workload_text(GATEWAY_LABELS, GATEWAY, ROOT_NAMESPACE)
    filters = [_who_calls(who), *route_filters(), router()]
    connection = http("gateway", filters, source_log(GATEWAY, ROOT_NAMESPACE, who)) | _rds(routes)
    connection |= {"use_remote_address": True, "server_name": "istio-envoy"}
    return _listener("gateway", "127.0.0.1", port, connection, "OUTBOUND")


def _inbound(place: Bearer, port: InboundPort) -> Object:
    log = destination_log(place.pod, place.namespace, place.who, port.service)
    connection = http("inbound", [router()], log)
    connection["route_config"] = {
        "name": "inbound",
        "virtual_hosts": [
            {
                "name": "inbound",
                "domains": ["*"],
                "routes": [
                    {
                        "match": {"prefix": "/"},
                        "route": {"cluster": inbound_name(place.address, port), "timeout": "0s"},
                    }
                ],
            }
        ],
    }
    return _listener("inbound", place.address, port.listen, connection, "INBOUND")


def _listener(kind: str, address: str, port: int, connection: Object, direction: str) -> Object:
    network = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
    config = {"@type": f"{network}.HttpConnectionManager", **connection}
    manager = {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}
    return {
        "name": f"{kind}_{address}_{port}",
        "address": {"socket_address": {"address": address, "port_value": port}},
        "traffic_direction": direction,
        "filter_chains": [{"filters": [manager]}],
    }


def http(kind: str, filters: list[Object], log: list[Object]) -> Object:
    return {
        "stat_prefix": kind,
        "codec_type": "AUTO",
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": log,
        "http_filters": filters,
    }


def _rds(file: Path) -> Object:
    source = {"resource_api_version": "V3", "path_config_source": {"path": str(file)}}
    return {"rds": {"route_config_name": file.stem, "config_source": source}}


def _who_calls(who: str) -> Object:
    header = {"header": {"key": WHO_HEADER, "value": who}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    kind = f"{TYPES}.http.header_mutation.v3.HeaderMutation"
    return _filter("who", kind, mutations={"request_mutations": [{"append": header}]})


def route_filters() -> Iterator[Object]:
    # Without a route's own settings they do nothing; they stand here so that no release needs a new listener.
    yield _filter("envoy.filters.http.cors", f"{TYPES}.http.cors.v3.Cors")
    yield _filter("envoy.filters.http.fault", f"{TYPES}.http.fault.v3.HTTPFault")


def router() -> Object:
    return _filter("envoy.filters.http.router", f"{TYPES}.http.router.v3.Router")


def _filter(name: str, kind: str, **config: object) -> Object:
    return {"name": name, "typed_config": {"@type": kind, **config}}
