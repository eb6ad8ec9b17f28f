"""Objects that name a request's host and don't count for it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grayrelease.domain.evaluate import names, sidecars
from grayrelease.domain.evaluate.answer import Cause, Ignored, Ref
from grayrelease.domain.evaluate.gateways import Server
from grayrelease.domain.evaluate.request import Arrived, Caller
from grayrelease.domain.evaluate.tables import Bundle, VirtualHost, entries, present


def ignored(
    bundles: Iterable[Bundle],
    caller: Caller,
    servers: Sequence[Server],
    host: VirtualHost | None,
    request: Arrived,
) -> tuple[Ignored, ...]:
    """Return the objects which say something about the host without being heard."""
    counting = [entry.bundle for entry in host.entries if entry.bundle is not None] if host else []
    winner = counting[0] if counting else None
    name = host.name if host and host.name != "*" else request.host
    sidecar = caller.kind == "sidecar"
    spoken = set(sidecars.spellings(name, caller.namespace)) if sidecar else {name}
    at_port = {server.gateway for server in servers if server.port == request.port}
    reached = {names.MESH} if sidecar else at_port
    found: dict[Ref, Ignored] = {}
    for bundle in bundles:
        if not _names(bundle, name, spoken) or any(bundle is each for each in counting):
            continue
        cause = _cause(bundle, caller, reached, winner, request.port)
        if not _names(bundle, name, set()):
            cause = "host-unknown"
        found.setdefault(bundle.ref, Ignored(bundle.ref, cause, winner.ref if winner else None))
    return tuple(found.values())


def _names(bundle: Bundle, name: str, spoken: set[str]) -> bool:
    """Tell whether a bundle is for the name, or tries to be by one of its other spellings."""
    hosts = [host.lower() for host in bundle.hosts]
    return any(host in spoken or names.within(name, host) for host in hosts)


def _cause(bundle: Bundle, caller: Caller, reached: set[str], winner: Bundle | None, port: int) -> Cause:
    bound = reached & set(bundle.gateways)
    if not bound:
        return "not-bound"
    if not bundle.shown_to(caller.namespace):
        return "not-visible"
    if not any(present(entries(bundle, caller, gateway, port)) for gateway in bound):
        return "not-for-caller"
    if winner is None:
        return "host-unknown"
    return "route-counts" if winner.gateway_api and not bundle.gateway_api else "older-counts"
