"""VirtualServices as they count: full names in them, delegates merged, HTTPRoutes among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grayrelease.sandbox.mesh.translate import gateway_api, hosts
from grayrelease.sandbox.mesh.translate.delegates import with_delegates
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    Objects,
    exported_to,
    exports,
    name_of,
    namespace_of,
    oldest_first,
    spec_of,
)

MESH = "mesh"
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


def effective(objects: Objects) -> list[Object]:
    """List those with hosts, oldest first."""
    full = [_full(item) for item in objects.virtual_services]
    delegates = {(namespace_of(item), name_of(item)): item for item in full if not spec_of(item).get("hosts")}
    roots = [with_delegates(item, delegates) for item in full if spec_of(item).get("hosts")]
    return oldest_first([*roots, *gateway_api.virtual_services(objects)])


def seen_by(namespace: str, gateway: str, items: Sequence[Object]) -> list[Object]:
    """List those of a gateway (or the mesh) for a caller's namespace, in the order they are looked at."""
    bound = [item for item in items if gateway in gateways_of(item) and exported_to(item, namespace)]
    return sorted(bound, key=lambda item: _rank(item, namespace))


def gateways_of(item: Object) -> list[str]:
    """Give the full names of a VirtualService's Gateways; `mesh` stays."""
    return spec_of(item).get("gateways") or [MESH]


def hosts_of(item: Object) -> list[str]:
    """Give its hosts, which are full names, in small letters."""
    return [host.lower() for host in spec_of(item).get("hosts") or []]


def gateway_name(name: str, namespace: str) -> str:
    """Give the full name of a Gateway that a VirtualService names; `mesh` stays."""
    return name if name == MESH or "/" in name else f"{namespace}/{name}"


def _rank(item: Object, namespace: str) -> int:
    """Order as Istio does: private ones, those exported to some namespaces, and public ones.

    Among equal ones an HTTPRoute of the caller's own namespace comes first.
    """
    allowed = exports(item)
    own = namespace_of(item) == namespace
    if "*" not in allowed:
        return 0 if own else 1
    return 2 if own and gateway_api.is_route(item) else 3


def _full(item: Object) -> Object:
    namespace, spec = namespace_of(item), dict(spec_of(item))
    spec["hosts"] = [hosts.full(host, namespace) for host in spec.get("hosts") or []]
    if spec.get("gateways"):
        spec["gateways"] = [gateway_name(name, namespace) for name in spec["gateways"]]
    for kind in ("http", "tcp", "tls"):
        if spec.get(kind):
            spec[kind] = list(_each(spec[kind], lambda rule: _rule(rule, namespace)))
    return {**item, "spec": spec}


def _each(rules: Sequence[Object], change: Callable[[Object], Object]) -> Iterator[Object]:
    for rule in rules:
        try:
            yield change(rule)
        except MALFORMED:
            # Complained of where routes are made of it.
            yield rule


def _rule(rule: Object, namespace: str) -> Object:
    written = dict(rule)
    if rule.get("match"):
        written["match"] = [_match(match, namespace) for match in rule["match"]]
    for targets in ("route", "mirrors"):
        if rule.get(targets):
            written[targets] = [_target(target, namespace) for target in rule[targets]]
    if rule.get("mirror"):
        written["mirror"] = _destination(rule["mirror"], namespace)
    return written


def _match(match: Object, namespace: str) -> Object:
    if not match.get("gateways"):
        return match
    return {**match, "gateways": [gateway_name(name, namespace) for name in match["gateways"]]}


def _target(target: Object, namespace: str) -> Object:
    return {**target, "destination": _destination(target["destination"], namespace)}


def _destination(destination: Object, namespace: str) -> Object:
    return {**destination, "host": hosts.full(destination["host"], namespace)}
