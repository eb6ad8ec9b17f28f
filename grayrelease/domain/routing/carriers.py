"""Which VirtualServices carry a service's traffic, and what stands around them (SAFETY §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grayrelease.domain.marks import name
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.destinations import Service, names_ours, split_ones
from grayrelease.domain.routing.expand import Place
from grayrelease.domain.routing.found import Route, age, namespace, routes_of, serves, spec, title
from grayrelease.domain.routing.notes import carried
from grayrelease.domain.routing.rules import Rules
from grayrelease.domain.routing.subsets import selecting, standing_for_all, subset_names
from grayrelease.domain.state import Reason

MESH = "mesh"


@dataclass(frozen=True)
class Carrier:
    """A VirtualService with a route to the service, and what `expand` must know of its surroundings."""

    manifest: Manifest
    place: Place


@dataclass(frozen=True)
class Carriers:
    """All that must be expanded for a target.

    `served`: a VirtualService answers for the service's host in the mesh, so that none of ours is needed.
    `refusals` say why a release can't start; `known` what should be known: what is left alone, or has no
    audience.
    """

    objects: tuple[Carrier, ...]
    served: bool
    refusals: tuple[Reason, ...] = ()
    known: tuple[Reason, ...] = ()


def carriers(
    service: Name,
    stable: str,
    virtual_services: Sequence[Manifest],
    gateways: Sequence[Manifest],
    rules: Rules,
    selector: Mapping[str, str],
) -> Carriers:
    """Return the VirtualServices that send requests to a service; `selector` is the Service's.

    Those that don't count now are among them: one would, if an older one were deleted.
    """
    own = frozenset(selecting(rules.effective, stable, selector))
    broad = frozenset(standing_for_all(rules.effective, selector))
    scene = _Scene(service, own, broad, sorted(virtual_services, key=age), gateways)
    found = [each for each in scene.virtual_services if scene.leads(each)]
    mine = [each for each in found if namespace(each) == service.namespace]
    refusals = [reason for each in found for reason in scene.refusals(each)]
    known = [reason for each in mine for reason in scene.known(each, rules)]
    served = any(scene.serves_mesh(each) for each in scene.virtual_services)
    objects = tuple(Carrier(each, scene.place(each)) for each in mine)
    return Carriers(objects, served, (*refusals, *rules.refusals), tuple(known))


@dataclass(frozen=True)
class _Scene:
    service: Name
    own: frozenset[str]
    broad: frozenset[str]
    virtual_services: Sequence[Manifest]
    """The oldest first."""
    gateways: Sequence[Manifest]

    def leads(self, manifest: Manifest) -> bool:
        """Tell if a route of an object is to be split, or is so already, with or without our annotations."""
        called = self.called(manifest)
        routes = [route.get("route") or [] for _, route in routes_of(manifest)]
        split = any(split_ones(called, each) or names_ours(called, each) for each in routes)
        return split or carried(manifest, self.service) is not None

    def called(self, manifest: Manifest) -> Service:
        return Service(self.service, namespace(manifest), self.own, self.broad)

    def refusals(self, manifest: Manifest) -> Iterator[Reason]:
        """Yield why an object can't be expanded at all."""
        if namespace(manifest) != self.service.namespace:
            yield Reason("route-elsewhere", {"object": title(manifest, self.service)})

    def serves_mesh(self, manifest: Manifest) -> bool:
        """Tell if callers in the mesh, of any namespace, are answered by it when they call the service."""
        exported = spec(manifest).get("exportTo") or ["*"]
        if MESH not in _gateways(manifest) or "*" not in exported:
            return False
        hosts = spec(manifest).get("hosts") or []
        return any(serves(str(host), namespace(manifest), self.service) for host in hosts)

    def place(self, manifest: Manifest) -> Place:
        roots = tuple(self.roots(manifest))
        bound = [manifest, *(root for root, _ in roots)]
        bound_to = {gateway for each in bound for gateway in self.bound_to(each)}
        no_copies = self.no_copies(manifest) if not roots else None
        return Place(
            self.own, self.broad, self.secure(bound_to), tuple(route for _, route in roots), no_copies
        )

    def roots(self, manifest: Manifest) -> Iterator[tuple[Manifest, Route]]:
        """Yield the routes that delegate to an object, with the objects that they stand in."""
        for root in self.virtual_services:
            for route in spec(root).get("http") or []:
                to = route.get("delegate") or {}
                there = str(to.get("namespace") or namespace(root))
                if to.get("name") == name(manifest) and there == namespace(manifest):
                    yield root, route

    def bound_to(self, manifest: Manifest) -> Iterator[str]:
        """Yield the gateways that an object is bound to, as namespace/name; the mesh is none."""
        for gateway in _gateways(manifest):
            if gateway != MESH:
                yield gateway if "/" in gateway else f"{namespace(manifest)}/{gateway}"

    def secure(self, bound_to: Iterable[str]) -> bool:
        """Tell if browsers reach a gateway's routes by https alone."""
        wanted = set(bound_to)
        here = [each for each in self.gateways if f"{namespace(each)}/{name(each)}" in wanted]
        servers = [server for each in here for server in spec(each).get("servers") or []]
        return bool(servers) and all(_is_https(server) for server in servers)

    def no_copies(self, manifest: Manifest) -> Reason | None:
        """Return why no copy may stand before an object's catch-all.

        A gateway merges what has one host, with catch-alls at the end: the copy, which is none, would come
        before the routes of the younger object.
        """
        mine = set(self.bound_to(manifest))
        hosts = {str(host).lower() for host in spec(manifest).get("hosts") or []}
        at = next(i for i, each in enumerate(self.virtual_services) if each is manifest)
        for other in self.virtual_services[at + 1 :]:
            theirs = {str(host).lower() for host in spec(other).get("hosts") or []}
            if mine & set(self.bound_to(other)) and hosts & theirs:
                facts = {"object": title(manifest, self.service), "other": title(other, self.service)}
                return Reason("merged-gateway", facts)
        return None

    def known(self, manifest: Manifest, rules: Rules) -> Iterator[Reason]:
        """Yield what should be known of an object: subsets left alone, and routes without an audience."""
        of, service = title(manifest, self.service), self.called(manifest)
        named = subset_names(rules.effective)
        targets = [to.get("destination") or {} for _, r in routes_of(manifest) for to in r.get("route") or []]
        left = {str(to.get("subset")) for to in targets if service.is_meant(to) and to.get("subset")}
        for subset in sorted((left & named) - self.own - self.broad):
            yield Reason("left-alone", {"object": of, "subset": subset})
        count = sum(
            1 for kind, r in routes_of(manifest) if kind != "http" and split_ones(service, r["route"])
        )
        if count:
            yield Reason("no-audience", {"object": of, "count": count})


def _gateways(manifest: Manifest) -> list[str]:
    return [str(each) for each in spec(manifest).get("gateways") or [MESH]]


def _is_https(server: Route) -> bool:
    tls = server.get("tls") or {}
    protocol = str((server.get("port") or {}).get("protocol", "")).upper()
    return bool(tls.get("httpsRedirect")) or protocol in ("HTTPS", "TLS")
