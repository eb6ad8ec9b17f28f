"""The table of a sidecar for a port: one VirtualService for each host, the oldest that is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from grayrelease.domain.evaluate import names, streams
from grayrelease.domain.evaluate.answer import PASSTHROUGH, Ref, Rule
from grayrelease.domain.evaluate.registry import Service, World
from grayrelease.domain.evaluate.request import Caller
from grayrelease.domain.evaluate.tables import Bundle, Entry, VirtualHost, default, entries, present

UNKNOWN = Rule(Ref("", "", ""), "allow_any", 0)
"""The rule for names that the mesh doesn't know: let them out."""


def ordered(bundles: Iterable[Bundle], namespace: str) -> list[Bundle]:
    """Return the bundles that sidecars of the namespace see, in the order in which hosts are given out.

    Those meant for this namespace come first (its own before others'), then those for everybody; in
    each group HTTPRoutes of the namespace first; then by age.
    """
    seen = [each for each in bundles if names.MESH in each.gateways and each.shown_to(namespace)]
    return sorted(seen, key=lambda each: (_nearness(each, namespace), *_rank(each, namespace)))


def _nearness(bundle: Bundle, namespace: str) -> int:
    if "*" in bundle.export_to:
        return 2
    return 0 if bundle.ref.namespace == namespace else 1


def _rank(bundle: Bundle, namespace: str) -> tuple[object, ...]:
    near = bundle.gateway_api and bundle.ref.namespace == namespace
    return (not near, bundle.age)


def table(world: World, bundles: Iterable[Bundle], caller: Caller, port: int) -> list[VirtualHost]:
    """Return the names that a sidecar knows at a port, each with its entries."""
    seen = ordered(bundles, caller.namespace)
    services = _services(world, caller, port)
    owners = _owners(world, seen, caller)
    builder = _Builder(caller, port, services)
    wild = [name for name in services if names.is_wild(name)]
    for bundle in seen:
        if port == 80 or any(_known(host.lower(), services, wild) for host in bundle.hosts):
            builder.add(bundle, owners)
    for service in services.values():
        if service.alias_of or service.host.lower() in builder.taken:
            continue
        if service.ports[port] == "http":
            builder.name_service(service, [default(service, port)])
        elif service.ports[port] != "udp":
            builder.name_service(service, streams.entries(service, seen, caller, port))
    builder.hosts.append(VirtualHost("*", ["*"], [Entry(UNKNOWN, _way_out(), None)]))
    return builder.hosts


def _services(world: World, caller: Caller, port: int) -> dict[str, Service]:
    known = (world.seen(host, caller.namespace) for host in world.services)
    return {each.host.lower(): each for each in known if each is not None and port in each.ports}


def _owners(world: World, seen: Sequence[Bundle], caller: Caller) -> Mapping[str, Bundle]:
    """Return for each service the bundle whose host names it best; of equal ones the first."""
    by_host: dict[str, Bundle] = {}
    for bundle in seen:
        for host in bundle.hosts:
            by_host.setdefault(host, bundle)
    owners: dict[str, Bundle] = {}
    for service in world.services:
        if world.seen(service, caller.namespace) and (best := names.most_specific(service, by_host)):
            owners[service.lower()] = by_host[best]
    return owners


def _known(host: str, services: Mapping[str, Service], wild: list[str]) -> bool:
    """Tell whether the host is, or covers, a service. `wild`: the services that are themselves wildcards."""
    if host in services:
        return True
    return any(names.overlap(host, name) for name in (services if names.is_wild(host) else wild))


class _Builder:
    """Gives each name to the first who asks for it."""

    def __init__(self, caller: Caller, port: int, services: Mapping[str, Service]) -> None:
        self.caller = caller
        self.port = port
        self.services = services
        self._aliases = [each for each in services.values() if each.alias_of]
        self.hosts: list[VirtualHost] = []
        self.taken: set[str] = set()
        self._names: set[str] = set()
        self._domains: set[str] = set()

    def add(self, bundle: Bundle, owners: Mapping[str, Bundle]) -> None:
        found = entries(bundle, self.caller, names.MESH, self.port)
        if not present(found):
            return
        others, services = self._split(bundle, owners)
        if bundle.gateway_api:
            near = bundle.ref.namespace == self.caller.namespace
            if not any(near or each.ref.namespace == bundle.ref.namespace for each in services):
                return
        spoken = [each for each in services if each.ports[self.port] == "http"]
        if not spoken and self.port != 80:
            return
        for host in others:
            self._name(host, [host], list(found))
        for service in spoken:
            self.taken.add(service.host.lower())
            self.name_service(service, list(found))

    def _split(self, bundle: Bundle, owners: Mapping[str, Bundle]) -> tuple[list[str], list[Service]]:
        """Return a bundle's names that are no services, and the services that are its."""
        others: list[str] = []
        services: list[Service] = []
        for host in sorted((host.lower() for host in bundle.hosts), key=names.is_wild):
            if not names.is_wild(host):
                services += [self.services[host]] if host in self.services else []
                others += [] if host in self.services else [host]
                continue
            covered = [name for name in self.services if names.overlap(name, host)]
            services += [self.services[name] for name in covered if owners.get(name) is bundle]
            others += [] if covered and not bundle.gateway_api else [host]
        return others, services

    def name_service(self, service: Service, found: list[Entry]) -> None:
        self._name(service.host, list(self._domains_of(service)), found)

    def _domains_of(self, service: Service) -> Iterator[str]:
        aliases = (each for each in self._aliases if each.alias_of == service.host)
        for each in (service, *aliases):
            yield from spellings(each.host.lower(), self.caller.namespace)
            yield from (f"[{ip}]" if ":" in ip else ip for ip in each.addresses)

    def _name(self, name: str, domains: list[str], found: list[Entry]) -> None:
        if name in self._names:
            return
        self._names.add(name)
        free = [domain for domain in dict.fromkeys(domains) if domain not in self._domains]
        self._domains.update(free)
        if free:
            self.hosts.append(VirtualHost(name, free, found))


def spellings(host: str, namespace: str) -> Iterator[str]:
    """Yield the ways in which callers of a namespace may write a service's host."""
    yield host
    yield f"{host}."
    short, marker, _ = host.partition(f".{names.DOMAIN}")
    name, dot, home = short.partition(".")
    if not marker or not dot:
        return
    if home == namespace:
        yield name
    yield short
    yield f"{short}.svc"


def _way_out() -> dict[str, object]:
    return {"route": [{"destination": {"host": PASSTHROUGH}}], "retries": {"attempts": 0}}
