"""The Gateway API in terms of Istio's own objects, which is how istiod itself reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.http_rules import Backends, http_rules
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    Objects,
    created,
    labels_of,
    name_of,
    namespace_of,
    selects,
    spec_of,
)

GROUP = "gateway.networking.k8s.io"
GATEWAY_NAME = f"{GROUP}/gateway-name"
MARK = "sandbox/made-of"
ANY = "*"


@dataclass(frozen=True)
class Parent:
    """What a route is attached to: a Service of the mesh, or a listener of a Gateway.

    `key` joins routes of one parent; `gateway` is `mesh` or the name of the Gateway made of a listener.
    """

    key: str
    gateway: str
    hosts: tuple[str, ...]
    port: int | None = None


def is_route(item: Object) -> bool:
    """Say whether a VirtualService was made of HTTPRoutes."""
    return (item["metadata"].get("annotations") or {}).get(MARK) == "HTTPRoute"


def gateways(objects: Objects) -> list[Object]:
    """Make one Gateway of Istio's for each HTTP listener."""
    return [
        _gateway(item, listener, objects.namespaces)
        for item in objects.api_gateways
        for listener in spec_of(item).get("listeners") or []
        if listener.get("protocol", "HTTP") == "HTTP"
    ]


def virtual_services(objects: Objects) -> list[Object]:
    """Make VirtualServices, one for each parent and host, of all HTTPRoutes that have both in common."""
    routes = sorted(objects.http_routes, key=lambda item: (created(item), namespace_of(item), name_of(item)))
    made = [each for route in routes for each in _of_route(route, objects)]
    made.sort(key=itemgetter(0))
    return [_merged(key, [item for _, item in found]) for key, found in groupby(made, key=itemgetter(0))]


def _of_route(route: Object, objects: Objects) -> Iterator[tuple[str, Object]]:
    for parent in _parents(route, objects):
        backends = Backends(objects, route, mesh=parent.gateway == "mesh")
        rules = list(http_rules(spec_of(route).get("rules") or [], backends))
        if parent.port is not None:
            rules = [_on_port(rule, parent.port) for rule in rules]
        for host in parent.hosts:
            if rules:
                yield f"{parent.key}/{host}", _virtual_service(route, parent, host, rules)


def _on_port(rule: Object, port: int) -> Object:
    return {**rule, "match": [{**match, "port": port} for match in rule["match"]]}


def _virtual_service(route: Object, parent: Parent, host: str, rules: Sequence[Object]) -> Object:
    metadata = {"name": name_of(route), "namespace": namespace_of(route), "annotations": {MARK: "HTTPRoute"}}
    metadata["creationTimestamp"] = created(route)
    spec = {"hosts": [host], "gateways": [parent.gateway], "http": list(rules)}
    return {"metadata": metadata, "spec": spec}


def _merged(key: str, items: Sequence[Object]) -> Object:
    """Join routes of one parent and host, oldest first: by what they match, not by their order."""
    oldest = items[0]
    rules = [rule for item in items for rule in spec_of(item)["http"]]
    metadata = {**oldest["metadata"], "name": key.replace("/", "~")}
    return {"metadata": metadata, "spec": {**spec_of(oldest), "http": sorted(rules, key=_precedence)}}


def _precedence(rule: Object) -> tuple[int, int, bool, int, int]:
    match = rule["match"][0]
    [(kind, path)] = match["uri"].items()
    rank = {"exact": 0, "prefix": 1, "regex": 2}[kind]
    headers, query = match.get("headers") or {}, match.get("queryParams") or {}
    return rank, -len(path), "method" not in match, -len(headers), -len(query)


def _parents(route: Object, objects: Objects) -> Iterator[Parent]:
    namespace = namespace_of(route)
    for reference in spec_of(route).get("parentRefs") or []:
        place = reference.get("namespace") or namespace
        if reference.get("kind", "Gateway") == "Service":
            yield from _service_parent(reference, place, namespace, objects)
        elif reference.get("kind", "Gateway") == "ServiceEntry":
            yield from _entry_parent(reference, place, namespace, objects)
        else:
            yield from _gateway_parents(reference, place, route, objects)


def _service_parent(reference: Object, place: str, namespace: str, objects: Objects) -> Iterator[Parent]:
    names = {(namespace_of(item), name_of(item)) for item in objects.services}
    if (place, reference["name"]) in names:
        yield _mesh_parent(reference, namespace, (hosts.fqdn(reference["name"], place),))


def _entry_parent(reference: Object, place: str, namespace: str, objects: Objects) -> Iterator[Parent]:
    for item in objects.service_entries:
        if (namespace_of(item), name_of(item)) == (place, reference["name"]):
            yield _mesh_parent(reference, namespace, tuple(spec_of(item).get("hosts") or []))


def _mesh_parent(reference: Object, namespace: str, names: tuple[str, ...]) -> Parent:
    port = reference.get("port")
    key = f"{namespace}/{port}" if port else namespace
    return Parent(key, "mesh", names, port)


def _gateway_parents(reference: Object, place: str, route: Object, objects: Objects) -> Iterator[Parent]:
    for item in objects.api_gateways:
        if (namespace_of(item), name_of(item)) != (place, reference["name"]):
            continue
        for listener in spec_of(item).get("listeners") or []:
            if not _is_meant(listener, reference):
                continue
            if not _lets_in(listener, namespace_of(item), namespace_of(route), objects.namespaces):
                continue
            served = tuple(host for host in _hostnames(route) if _is_served(host, listener, spec_of(item)))
            name = f"{place}/{_listener_name(item, listener)}"
            yield Parent(name, name, served)


def _is_meant(listener: Object, reference: Object) -> bool:
    if listener.get("protocol", "HTTP") != "HTTP" or not _takes_http_routes(listener):
        return False
    section, port = reference.get("sectionName"), reference.get("port")
    return section in (None, "", listener.get("name")) and port in (None, listener["port"])


def _takes_http_routes(listener: Object) -> bool:
    kinds = (listener.get("allowedRoutes") or {}).get("kinds")
    return not kinds or any(kind.get("kind") == "HTTPRoute" for kind in kinds)


def _hostnames(route: Object) -> list[str]:
    return spec_of(route).get("hostnames") or [ANY]


def _is_served(host: str, listener: Object, gateway: Object) -> bool:
    """Say whether a listener serves a host of a route: none that another listener names more exactly."""
    own = listener.get("hostname") or ANY
    if hosts.narrower(own, host) is None:
        return False
    here = [other for other in gateway.get("listeners") or [] if other["port"] == listener["port"]]
    others = {other.get("hostname") or ANY for other in here} - {own}
    more_exact = (other for other in others if len(other) >= len(own))
    return not hosts.is_wildcard(own) or not any(hosts.covers(other, host) for other in more_exact)


def _lets_in(listener: Object, own: str, namespace: str, known: Sequence[Object]) -> bool:
    allowed = _allowed_namespaces(listener, own, known)
    return ANY in allowed or namespace in allowed


def _allowed_namespaces(listener: Object, own: str, known: Sequence[Object]) -> list[str]:
    allowed = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
    where = allowed.get("from", "Same")
    if where != "Selector":
        return [own] if where == "Same" else [ANY] if where == "All" else []
    wanted = (allowed.get("selector") or {}).get("matchLabels") or {}
    return [name_of(item) for item in known if selects(wanted, _namespace_labels(item))]


def _namespace_labels(item: Object) -> dict[str, str]:
    return {"kubernetes.io/metadata.name": name_of(item), **labels_of(item)}


def _gateway(item: Object, listener: Object, known: Sequence[Object]) -> Object:
    host = listener.get("hostname") or ANY
    allowed = _allowed_namespaces(listener, namespace_of(item), known) or ["~"]
    metadata = {
        **item["metadata"],
        "name": _listener_name(item, listener),
        "annotations": {MARK: "Gateway"},
    }
    port = {"number": listener["port"], "name": "default", "protocol": "HTTP"}
    server = {"port": port, "hosts": [f"{namespace}/{host}" for namespace in allowed]}
    return {
        "metadata": metadata,
        "spec": {"selector": {GATEWAY_NAME: name_of(item)}, "servers": [server]},
    }


def _listener_name(item: Object, listener: Object) -> str:
    return f"{name_of(item)}~{listener.get('name', '')}"
