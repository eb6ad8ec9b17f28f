"""TCP: listeners for services that speak no HTTP, and their weights and server names.

Weights stand in the listener, so a change drains it: new connections go by the new weights at once, old
ones stay where they are until the drain time ends. Counters of a destination to which nothing was connected
since go with it then, and begin again at 0.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.clusters import inbound_name
from grayrelease.sandbox.mesh.translate.matches import MESH, exists_for
from grayrelease.sandbox.mesh.translate.objects import Object, spec_of
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.routes import Caller, Place, target_cluster
from grayrelease.sandbox.mesh.translate.services import Service, ServicePort
from grayrelease.sandbox.mesh.translate.telemetry import tcp_destination_log, tcp_source_log
from grayrelease.sandbox.mesh.translate.virtual_services import hosts_of, seen_by
from grayrelease.sandbox.mesh.translate.workloads import InboundPort, Workload
from grayrelease.sandbox.tcp_ports import outbound_port

FILTERS = "type.googleapis.com/envoy.extensions.filters"
PEER_TLV = 225
PEER = "peer"


def outbound_listeners(registry: Registry, pod: Workload, caller: Caller) -> Iterator[Object]:
    """Write where a pod connects to each service that speaks no HTTP."""
    for service in registry.services.values():
        if service.seen_from(pod.namespace) and not service.alias:
            for port in service.ports:
                if not port.http:
                    yield _outbound(registry, pod, caller, service, port)


def inbound_listener(pod: Workload, port: InboundPort) -> Object:
    """Write where a pod is connected to, by callers whose proxies say who they are."""
    log = tcp_destination_log(pod.pod, pod.namespace, pod.who, port.service)
    target = {"cluster": inbound_name(pod.address, port)}
    rule = {"tlv_type": PEER_TLV, "on_tlv_present": {"key": PEER}}
    kind = f"{FILTERS}.listener.proxy_protocol.v3.ProxyProtocol"
    config = {"@type": kind, "rules": [rule], "allow_requests_without_proxy_protocol": True}
    told = {"name": "envoy.filters.listener.proxy_protocol", "typed_config": config}
    chain = {"filters": [_proxy("inbound", target, log)]}
    return _listener(
        f"inbound_{pod.address}_{port.listen}", pod.address, port.listen, [chain], [told], "INBOUND"
    )


def _outbound(
    registry: Registry, pod: Workload, caller: Caller, service: Service, port: ServicePort
) -> Object:
    place = Place(registry, caller, port.number, service.fqdn)
    log = tcp_source_log(pod.pod, pod.namespace, pod.who, service.fqdn)
    chains = [
        {"filter_chain_match": {"server_names": names}, "filters": [_proxy("outbound", target, log, pod.who)]}
        for names, target in _by_server_name(place, service, port)
    ]
    inspector = {
        "name": "envoy.filters.listener.tls_inspector",
        "typed_config": {"@type": f"{FILTERS}.listener.tls_inspector.v3.TlsInspector"},
    }
    filters = [inspector] if chains else []
    chains.append({"filters": [_proxy("outbound", _target(place, service), log, pod.who)]})
    number = outbound_port(service.fqdn, port.number)
    return _listener(f"tcp_{pod.address}_{number}", pod.address, number, chains, filters, "OUTBOUND")


def _rules(place: Place, service: Service, kind: str) -> Iterator[Object]:
    for item in seen_by(place.caller.namespace, MESH, place.registry.virtual_services):
        if any(hosts.covers(host, service.fqdn) for host in hosts_of(item)):
            yield from spec_of(item).get(kind) or []


def _target(place: Place, service: Service) -> Object:
    """Give the clusters of the first rule that exists for the caller, else the whole service."""
    for rule in _rules(place, service, "tcp"):
        matches = rule.get("match") or [{}]
        if any(_exists(match, place) and not match.get("destinationSubnets") for match in matches):
            return _clusters(rule.get("route") or [], place)
    return {"cluster": place.registry.cluster_name(service.fqdn, "", place.port, place.caller.namespace)}


def _by_server_name(place: Place, service: Service, port: ServicePort) -> Iterator[tuple[list[str], Object]]:
    """List rules by the name that a TLS client asks for; each name once, since the first rule counts."""
    taken: set[str] = set()
    for rule in _rules(place, service, "tls") if port.protocol == "tls" else ():
        for match in rule.get("match") or []:
            names = [name for name in match.get("sniHosts") or [] if name not in taken]
            if names and _exists(match, place):
                taken.update(names)
                yield names, _clusters(rule.get("route") or [], place)


def _exists(match: Object, place: Place) -> bool:
    caller = place.caller
    return exists_for(match, port=place.port, gateway=MESH, labels=caller.labels, namespace=caller.namespace)


def _clusters(targets: Sequence[Object], place: Place) -> Object:
    if len(targets) == 1:
        return {"cluster": target_cluster(targets[0]["destination"], place)}
    weighted = [
        {"name": target_cluster(target["destination"], place), "weight": target["weight"]}
        for target in targets
        if target.get("weight")
    ]
    return {"weighted_clusters": {"clusters": weighted}}


def _proxy(kind: str, target: Object, log: list[Object], who: str = "") -> Object:
    config: Object = {
        "@type": f"{FILTERS}.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": kind,
        "access_log": log,
        "access_log_options": {"flush_access_log_on_connected": True},
        **target,
    }
    if who:
        told = base64.b64encode(who.encode()).decode()
        config["proxy_protocol_tlvs"] = [{"type": PEER_TLV, "value": told}]
    return {"name": "envoy.filters.network.tcp_proxy", "typed_config": config}


def _listener(
    name: str, address: str, port: int, chains: list[Object], filters: list[Object], direction: str
) -> Object:
    return {
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        "traffic_direction": direction,
        "filter_chains": chains,
        **({"listener_filters": filters} if filters else {}),
    }
