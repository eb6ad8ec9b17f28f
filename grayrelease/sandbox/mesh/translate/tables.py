"""Which VirtualService counts for which host: the virtual hosts that a caller sees on one port."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.matches import MESH, Unusable, is_catch_all
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    exported_to,
    name_of,
    namespace_of,
    selects,
    spec_of,
)
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.routes import (
    Caller,
    Place,
    default_route,
    gateway_name,
    rule_routes,
)
from grayrelease.sandbox.mesh.translate.services import Service

log = logging.getLogger(__name__)

HTTP = ("HTTP", "HTTP2", "GRPC")
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
    """List what a pod can call on one port: services, then other hosts that VirtualServices name."""
    visible = _for_mesh(registry, caller)
    found = [
        _service_host(service, visible, Place(registry, caller, port, service.fqdn))
        for service in registry.services.values()
        if any(entry.number == port for entry in service.ports)
    ]
    taken = {service.fqdn for service in registry.services.values()}
    for host in dict.fromkeys(host for item in visible for host in _hosts(item)):
        if host not in taken:
            found.append(_other_host(host, visible, Place(registry, caller, port, host)))
    return list(_distinct(found))


def gateway_hosts(registry: Registry, caller: Caller, port: int) -> list[VirtualHost]:
    """List what a gateway serves on one port."""
    found: dict[str, VirtualHost] = {}
    for gateway, server in _servers(registry, caller, port):
        https_only = bool((server.get("tls") or {}).get("httpsRedirect"))
        if https_only:
            found.setdefault("*", VirtualHost("*", ("*",), (), https_only=True))
        for host, bound in _bound(registry, caller, gateway, server).items():
            place = Place(registry, caller, port, host, _full_name(gateway))
            earlier = found[host].routes if host in found else ()
            routes = [*earlier, *(route for item in bound for route in _routes(item, place))]
            found[host] = VirtualHost(host, (host,), tuple(_catch_alls_last(routes)), https_only=https_only)
    return list(found.values())


def _distinct(found: Sequence[VirtualHost]) -> Iterator[VirtualHost]:
    """Leave each name to the first host that has it: Envoy refuses a table that names one twice."""
    taken: set[str] = set()
    for host in found:
        names = tuple(name for name in host.names if name not in taken)
        taken.update(names)
        if names:
            yield replace(host, names=names)


def _for_mesh(registry: Registry, caller: Caller) -> list[Object]:
    seen = [item for item in registry.virtual_services if exported_to(item, caller.namespace)]
    bound = [item for item in seen if MESH in (spec_of(item).get("gateways") or [MESH])]
    # Private ones of the caller's namespace are looked at first, whatever their age.
    return sorted(bound, key=lambda item: spec_of(item).get("exportTo") != ["."])


def _service_host(service: Service, visible: Sequence[Object], place: Place) -> VirtualHost:
    names = hosts.names_for(service.name, service.namespace, place.caller.namespace)
    if service.address:
        names.append(service.address)
    winner = _winner(visible, service.fqdn)
    routes = [default_route(place)] if winner is None else _routes(winner, place)
    return VirtualHost(service.fqdn, tuple(names), tuple(routes), service)


def _other_host(host: str, visible: Sequence[Object], place: Place) -> VirtualHost:
    winner = next(item for item in visible if host in _hosts(item))
    return VirtualHost(host, (host,), tuple(_routes(winner, place)))


def _winner(visible: Sequence[Object], host: str) -> Object | None:
    """Give the one VirtualService that counts for a host: an exact name beats a pattern, then age."""
    best = hosts.best_match(host, (pattern for item in visible for pattern in _hosts(item)))
    return next((item for item in visible if best in _hosts(item)), None) if best else None


def _hosts(virtual_service: Object) -> list[str]:
    namespace = namespace_of(virtual_service)
    return [hosts.complete(host, namespace) for host in spec_of(virtual_service).get("hosts") or []]


def _routes(virtual_service: Object, place: Place) -> list[Object]:
    """Write a VirtualService's rules; one that Envoy would refuse is left out, so that it harms no other."""
    written: list[Object] = []
    for number, rule in enumerate(spec_of(virtual_service).get("http") or []):
        try:
            for route in rule_routes(virtual_service, rule, place):
                written.append(route)
                if is_catch_all(route["match"]):
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
    for gateway in registry.objects.gateways:
        if selects(spec_of(gateway).get("selector") or {}, caller.labels):
            for server in spec_of(gateway).get("servers") or []:
                listening = server["port"]
                if listening["number"] == port and listening.get("protocol", "HTTP").upper() in HTTP:
                    yield gateway, server


def _bound(registry: Registry, caller: Caller, gateway: Object, server: Object) -> dict[str, list[Object]]:
    """Give the VirtualServices of a server by host, oldest first."""
    found: dict[str, list[Object]] = {}
    for item in registry.virtual_services:
        named = {gateway_name(name, item) for name in spec_of(item).get("gateways") or [MESH]}
        if _full_name(gateway) in named and exported_to(item, caller.namespace):
            for host in dict.fromkeys(_served(item, gateway, server)):
                found.setdefault(host, []).append(item)
    return found


def _served(virtual_service: Object, gateway: Object, server: Object) -> Iterator[str]:
    for entry in server.get("hosts") or []:
        namespace, _, pattern = entry.rpartition("/")
        wanted = namespace_of(gateway) if namespace == "." else namespace or "*"
        if wanted in ("*", namespace_of(virtual_service)):
            for host in _hosts(virtual_service):
                common = hosts.narrower(pattern.lower(), host)
                if common:
                    yield common


def _catch_alls_last(routes: Sequence[Object]) -> list[Object]:
    # Of several VirtualServices' rules those that take everything must not hide the younger ones'.
    general = [route for route in routes if is_catch_all(route["match"])]
    return [route for route in routes if not is_catch_all(route["match"])] + general[:1]


def _full_name(item: Object) -> str:
    return f"{namespace_of(item)}/{name_of(item)}"
