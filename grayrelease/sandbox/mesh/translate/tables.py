"""Which VirtualService counts for which host: the virtual hosts that a caller sees on one port."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.gateway_api import MARK, is_route
from grayrelease.sandbox.mesh.translate.matches import MESH, Unusable, is_catch_all
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    name_of,
    namespace_of,
    selects,
    spec_of,
)
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.routes import Caller, Place, default_route, rule_routes
from grayrelease.sandbox.mesh.translate.services import Service
from grayrelease.sandbox.mesh.translate.virtual_services import hosts_of, seen_by

log = logging.getLogger(__name__)

HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
HTTP_PORT = 80
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class VirtualHost:
    """Names without ports, and the routes that Envoy tries in order for them."""

    name: str
    names: tuple[str, ...]
    routes: tuple[Object, ...]
    service: Service | None = None
    https_only: bool = False


def sidecar_hosts(registry: Registry, caller: Caller, port: int) -> list[VirtualHost]:
    """List what a pod can call on one port: hosts that VirtualServices name, then the other services."""
    known = [each for each in registry.services.values() if each.seen_from(caller.namespace)]
    here = {service.fqdn: service for service in known if service.has(port)}
    visible = seen_by(caller.namespace, MESH, registry.virtual_services)
    best = _best(registry, visible)
    found: dict[str, VirtualHost] = {}
    for item in visible:
        outside, mine = _divided(item, here, best)
        mine = [service for service in mine if service.is_http(port)]
        if is_route(item):
            own = namespace_of(item)
            mine = [service for service in mine if own in (service.namespace, caller.namespace)]
        # Names that are no service's are known where the VirtualService has one, and on port 80.
        if not mine and (port != HTTP_PORT or is_route(item)):
            continue
        for name, service in [*((name, None) for name in outside), *((each.fqdn, each) for each in mine)]:
            routes = tuple(_routes(item, Place(registry, caller, port, name)))
            # One without a rule for this caller does not count: the next may.
            if routes and name not in found:
                found[name] = _host(name, service, routes, Place(registry, caller, port, name))
    for service in here.values():
        if service.fqdn not in found and service.is_http(port) and not service.alias:
            place = Place(registry, caller, port, service.fqdn)
            route = default_route(place)
            found[service.fqdn] = _host(service.fqdn, service, (route,), place)
    return list(_distinct(list(found.values())))


def gateway_hosts(registry: Registry, caller: Caller, port: int) -> list[VirtualHost]:
    """List what a gateway serves on one port."""
    found: dict[str, VirtualHost] = {}
    for gateway, server in _servers(registry, caller, port):
        https_only = bool((server.get("tls") or {}).get("httpsRedirect"))
        name = _full_name(gateway)
        for item in seen_by(caller.namespace, name, registry.virtual_services):
            for host in dict.fromkeys(_served(item, gateway, server)):
                place = Place(registry, caller, port, host, name)
                routes = tuple(_routes(item, place))
                if routes:
                    _add(found, VirtualHost(host, (host,), routes, https_only=https_only))
        if https_only:
            for host in _for_everybody(server):
                _add(found, VirtualHost(host, (host,), (), https_only=True))
    return [replace(host, routes=tuple(_catch_alls_last(host.routes))) for host in found.values()]


def _add(found: dict[str, VirtualHost], host: VirtualHost) -> None:
    earlier = found.get(host.name)
    if earlier is not None:
        https_only = earlier.https_only or host.https_only
        host = replace(host, routes=earlier.routes + host.routes, https_only=https_only)
    found[host.name] = host


def _host(name: str, service: Service | None, routes: tuple[Object, ...], place: Place) -> VirtualHost:
    if service is None:
        return VirtualHost(name, (name,), routes)
    same = [service, *place.registry.aliases.get(service.fqdn, [])]
    names = [each for one in same for each in one.names_for(place.caller.namespace)]
    return VirtualHost(name, tuple(dict.fromkeys(names)), routes, service)


def _distinct(found: Sequence[VirtualHost]) -> Iterator[VirtualHost]:
    """Leave each name to the first host that has it: Envoy refuses a table that names one twice."""
    known = {host.name for host in found if host.service is not None}
    taken: set[str] = set()
    for host in found:
        free = [name for name in host.names if name not in taken]
        names = tuple(name for name in free if name == host.name or name not in known)
        taken.update(names)
        if names:
            yield replace(host, names=names)


def _best(registry: Registry, visible: Sequence[Object]) -> Mapping[str, int]:
    """Give, for each service, the VirtualService with the most specific host for it, the first of equals."""
    first: dict[str, int] = {}
    for item in visible:
        for host in spec_of(item)["hosts"]:
            first.setdefault(host, id(item))
    wildcards = [host for host in first if hosts.is_wildcard(host)]
    best: dict[str, int] = {}
    for name in registry.services:
        pattern = name if name in first else hosts.best_match(name, wildcards)
        if pattern is not None:
            best[name] = first[pattern]
    return best


def _divided(
    item: Object, here: Mapping[str, Service], best: Mapping[str, int]
) -> tuple[list[str], list[Service]]:
    """Divide a VirtualService's hosts into names that are no service's on this port, and services."""
    outside, mine = [], []
    for host in sorted(hosts_of(item), key=hosts.is_wildcard):
        if not hosts.is_wildcard(host):
            service = here.get(host)
            if service is None:
                outside.append(host)
            else:
                mine.append(service)
            continue
        covered = [service for name, service in here.items() if hosts.covers(host, name)]
        if is_route(item) or not covered:
            outside.append(host)
        else:
            mine += [service for service in covered if best.get(service.fqdn) == id(item)]
    return outside, mine


def _routes(virtual_service: Object, place: Place) -> list[Object]:
    """Write a VirtualService's rules; one that Envoy would refuse is left out, so that it harms no other."""
    written: list[Object] = []
    for number, rule in enumerate(spec_of(virtual_service).get("http") or []):
        try:
            for route in rule_routes(virtual_service, rule, place):
                written.append(route)
                if is_catch_all(route["match"]):
                    return written
            if not rule.get("match"):
                return written
        except Unusable as error:
            _complain(_full_name(virtual_service), number, f"{error}")
        except MALFORMED as error:
            _complain(_full_name(virtual_service), number, f"malformed: {error!r}")
    return written


@lru_cache(maxsize=1000)
def _complain(virtual_service: str, number: int, problem: str) -> None:
    # Once each: tables are written anew at every change, for every kind of caller.
    log.warning("%s: rule %d is left out: %s", virtual_service, number, problem)


def _servers(registry: Registry, caller: Caller, port: int) -> Iterator[tuple[Object, Object]]:
    for gateway in registry.gateways:
        own = MARK not in (gateway["metadata"].get("annotations") or {})
        if selects(spec_of(gateway).get("selector") or {}, caller.labels):
            # Proxies made for a Gateway of the Gateway API are its own.
            if not own and namespace_of(gateway) != caller.namespace:
                continue
            for server in spec_of(gateway).get("servers") or []:
                listening = server["port"]
                if listening["number"] == port and listening.get("protocol", "HTTP").upper() in HTTP:
                    yield gateway, server


def _for_everybody(server: Object) -> Iterator[str]:
    # Istio keeps the namespace of an entry in the name, which no request has then.
    for entry in server.get("hosts") or []:
        namespace, _, host = entry.rpartition("/")
        if namespace in ("", "*"):
            yield host.lower()


def _served(virtual_service: Object, gateway: Object, server: Object) -> Iterator[str]:
    for entry in server.get("hosts") or []:
        namespace, _, pattern = entry.rpartition("/")
        wanted = namespace_of(gateway) if namespace == "." else namespace or "*"
        if wanted in ("*", namespace_of(virtual_service)):
            # Both are compared as written, and only what they have in common is made small.
            for host in spec_of(virtual_service)["hosts"]:
                common = hosts.narrower(pattern, host)
                if common:
                    yield common.lower()


def _catch_alls_last(routes: Sequence[Object]) -> list[Object]:
    # Of several VirtualServices' rules those that take everything must not hide the younger ones'.
    general = [route for route in routes if is_catch_all(route["match"])]
    return [route for route in routes if not is_catch_all(route["match"])] + general[:1]


def _full_name(item: Object) -> str:
    return f"{namespace_of(item)}/{name_of(item)}"
