"""HTTPRoutes as bundles of rules: what they are attached to, and the Gateway API's precedence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grayrelease.domain.evaluate import names, routerules
from grayrelease.domain.evaluate.gateways import Server
from grayrelease.domain.evaluate.listeners import Listener, listeners
from grayrelease.domain.evaluate.registry import (
    GATEWAY_API,
    ISTIO,
    Manifest,
    World,
    created,
    items,
    ref,
    spec,
)
from grayrelease.domain.evaluate.tables import Bundle, Written

KINDS = {"Service": "", "ServiceEntry": ISTIO, "Gateway": GATEWAY_API}
EVERY = ("*",)


@dataclass(frozen=True)
class Attached:
    """One host of a route at one parent; routes of one `key` are joined."""

    key: str
    host: str
    gateway: str
    port: int | None
    route: Manifest


def bundles(world: World) -> list[Bundle]:
    """Return HTTPRoutes, joined by parent and host."""
    routes = world.of(GATEWAY_API, "HTTPRoute")
    by_key: dict[str, list[Attached]] = {}
    for route in sorted(routes, key=_age):
        for attached in _attached(world, route):
            by_key.setdefault(attached.key, []).append(attached)
    return [bundle for parts in by_key.values() if (bundle := _bundle(world, parts)) is not None]


def _age(route: Manifest) -> tuple[object, ...]:
    where = ref(route)
    return (created(route), where.namespace, where.name)


def _bundle(world: World, parts: list[Attached]) -> Bundle | None:
    rules = [rule for part in parts for rule in _rules(world, part)]
    if not rules:
        return None
    first = parts[0]
    return Bundle(
        ref=ref(first.route),
        created=created(first.route),
        name=first.key.replace("/", "~"),
        hosts=(first.host,),
        gateways=(first.gateway,),
        export_to=frozenset(EVERY),
        rules=tuple(sorted(rules, key=lambda rule: routerules.precedence(rule.spec))),
        gateway_api=True,
    )


def _rules(world: World, part: Attached) -> list[Written]:
    """Return a route's rules at a parent; none at all if one of them can't be understood."""
    try:
        rules = routerules.written(world, part.route, granted=part.gateway == names.MESH)
    except routerules.NotUnderstood:
        return []
    if part.port is None or part.gateway != names.MESH:
        return rules
    return [replace(rule, spec=_at_port(rule.spec, part.port)) for rule in rules]


def _at_port(rule: Mapping[str, Any], port: int) -> Mapping[str, Any]:
    asked: Sequence[Mapping[str, Any]] = rule.get("match") or ({},)
    return {**rule, "match": [{**match, "port": port} for match in asked]}


def _attached(world: World, route: Manifest) -> Iterator[Attached]:
    for parent in items(spec(route), "parentRefs"):
        kind = parent.get("kind") or "Gateway"
        if kind not in KINDS or parent.get("group", KINDS[kind]) not in (KINDS[kind], "core"):
            continue
        yield from (_to_gateway if kind == "Gateway" else _to_mesh)(world, route, parent)


def _to_mesh(world: World, route: Manifest, parent: Mapping[str, Any]) -> Iterator[Attached]:
    home = ref(route).namespace
    namespace, port = parent.get("namespace") or home, parent.get("port")
    key = home if port is None else f"{home}/{port}"
    for service in world.services.values():
        if (service.ref.kind, service.ref.namespace, service.ref.name) == (
            parent.get("kind"),
            namespace,
            parent.get("name"),
        ):
            yield Attached(f"{key}/{service.host}", service.host, names.MESH, port, route)


def _to_gateway(world: World, route: Manifest, parent: Mapping[str, Any]) -> Iterator[Attached]:
    home = ref(route).namespace
    named = (parent.get("namespace") or home, parent.get("name"))
    known = [each for each in listeners(world) if (each.ref.namespace, each.ref.name) == named]
    hosts = tuple(items(spec(route), "hostnames")) or EVERY
    for listener in known:
        if listener.takes(parent, hosts, home):
            for host in hosts:
                if _left_to(listener, host, known):
                    yield Attached(
                        f"{listener.server.gateway}/{host}", host, listener.server.gateway, None, route
                    )


def _left_to(listener: Listener, host: str, known: list[Listener]) -> bool:
    """Tell whether no other listener of the port has the host more exactly."""
    own = listener.hostname
    if own and not names.is_wild(own):
        return True
    if own and not names.overlap(host, own):
        return False
    rivals = {
        each.hostname
        for each in known
        if each is not listener
        and (each.server.port, each.protocol) == (listener.server.port, listener.protocol)
    } - {own}
    return not any(names.within(host, rival) for rival in rivals if len(own) <= len(rival))


def servers(world: World, namespace: str, labels: Mapping[str, str]) -> list[Server]:
    """Return the servers of the Gateway API's Gateways whose proxy the caller is."""
    return [each.server for each in listeners(world) if each.served_by(namespace, labels)]
