"""The table of a gateway for a port: VirtualServices of one host are joined, what fits all goes last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.registry import ISTIO, Manifest, World, age, items, ref, spec
from grayrelease.domain.evaluate.request import Caller
from grayrelease.domain.evaluate.tables import Bundle, VirtualHost, entries, present

PLAIN = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})
SECURE = frozenset({"HTTPS"})


@dataclass(frozen=True)
class Server:
    """A port of a gateway. `hosts` are names, or namespace/name; `gateway` is what bundles are bound to."""

    gateway: str
    port: int
    hosts: tuple[str, ...]
    secure: bool = False
    https_only: bool = False

    def names_for(self, namespace: str) -> list[str]:
        """Return the hosts that objects of the namespace may serve."""
        found = []
        for host in self.hosts:
            home, slash, name = host.rpartition("/")
            if not slash or home in ("*", namespace):
                found.append(name)
        return found


def servers(world: World, caller: Caller) -> list[Server]:
    """Return the servers of Istio's Gateways that choose the caller's pods, the oldest Gateway first."""
    chosen = [each for each in world.of(ISTIO, "Gateway") if _chooses(each, caller)]
    return [_server(each, said) for each in sorted(chosen, key=age) for said in items(spec(each), "servers")]


def _chooses(manifest: Manifest, caller: Caller) -> bool:
    return (spec(manifest).get("selector") or {}).items() <= caller.labels.items()


def _server(manifest: Manifest, said: Manifest) -> Server:
    where, port, tls = ref(manifest), said.get("port") or {}, said.get("tls") or {}
    return Server(
        gateway=f"{where.namespace}/{where.name}",
        port=int(port.get("number") or 0),
        hosts=tuple(_host(host, where.namespace) for host in items(said, "hosts")),
        secure=str(port.get("protocol") or "").upper() not in PLAIN,
        https_only=bool(tls.get("httpsRedirect")),
    )


def _host(host: str, namespace: str) -> str:
    home, slash, name = host.partition("/")
    if not slash:
        return host
    return name if home == "*" else f"{namespace if home == '.' else home}/{name}"


def table(
    known: Iterable[Server], bundles: Iterable[Bundle], caller: Caller, port: int, host: str, *, secure: bool
) -> list[VirtualHost]:
    """Return the names that a gateway knows at a port, each with its entries.

    Over TLS the server is chosen by the server name, `host`.
    """
    at_port = [each for each in known if each.port == port and each.secure == secure]
    if secure:
        at_port = _by_server_name(at_port, host)
    seen = list(bundles)
    found: dict[str, VirtualHost] = {}
    for server in at_port:
        for bundle in ordered(seen, caller.namespace, server.gateway):
            _add(found, server, bundle, caller)
        if server.https_only:
            _redirect(found, server)
    for each in found.values():
        each.entries.sort(key=lambda entry: entry.catches_all)
    return list(found.values())


def _by_server_name(known: list[Server], host: str) -> list[Server]:
    by_host = {name: each for each in reversed(known) for name in (h.rpartition("/")[2] for h in each.hosts)}
    best = names.most_specific(host, by_host)
    return [] if best is None else [by_host[best]]


def ordered(bundles: Iterable[Bundle], namespace: str, gateway: str) -> list[Bundle]:
    """Return the bundles bound to a gateway in the order in which they are joined."""

    def rank(bundle: Bundle) -> tuple[object, ...]:
        home = bundle.ref.namespace == namespace
        if "*" not in bundle.export_to:
            return (0 if home else 1, bundle.age)
        return (2 if home and bundle.gateway_api else 3, bundle.age)

    bound = (each for each in bundles if gateway in each.gateways and each.shown_to(namespace))
    return sorted(bound, key=rank)


def _add(found: dict[str, VirtualHost], server: Server, bundle: Bundle, caller: Caller) -> None:
    shared = names.intersection(server.names_for(bundle.ref.namespace), bundle.hosts)
    if not shared:
        return
    new = entries(bundle, caller, server.gateway, server.port)
    if not present(new):
        return
    for host in (name.lower() for name in shared):
        at = found.setdefault(host, VirtualHost(host, [host], []))
        at.entries.extend(new)
        at.https_only |= server.https_only


def _redirect(found: dict[str, VirtualHost], server: Server) -> None:
    for host in (name.lower() for name in server.hosts):
        found.setdefault(host, VirtualHost(host, [host], [])).https_only = True
