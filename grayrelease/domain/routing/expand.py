"""Expand: a route object that carries the exposures of a target's releases (SAFETY §4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from grayrelease.domain import istio
from grayrelease.domain.marks import name
from grayrelease.domain.matching import istio_matches
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routes import Exposing, RouteTable, Rule, compose
from grayrelease.domain.routing.collapse import before, notes_of, strip
from grayrelease.domain.routing.copies import KINDS, copied_for, copy_name, is_copy
from grayrelease.domain.routing.delegates import narrowed
from grayrelease.domain.routing.destinations import Service, split, split_ones
from grayrelease.domain.routing.intersect import intersect
from grayrelease.domain.routing.mirrors import FIELDS, with_copies
from grayrelease.domain.routing.notes import Before, Route, note, said, services, with_own_notes
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.rewrites import rewritten
from grayrelease.domain.routing.strings import Unsaid
from grayrelease.domain.state import Reason


@dataclass(frozen=True)
class Place:
    """What an object's surroundings say about it.

    `own`: users' subsets of stable's pods; `broad`: those of all pods. `secure`: browsers reach it by https
    alone. `roots`: the routes that delegate to it. `no_copies`: why no copy may stand before its catch-all.
    `added`: the subsets that we added to the service's rule.
    """

    own: frozenset[str] = frozenset()
    broad: frozenset[str] = frozenset()
    secure: bool = False
    roots: tuple[Route, ...] = ()
    no_copies: Reason | None = None
    added: frozenset[str] = frozenset()


ALONE = Place()
LARGEST = 2**31 - 1
"""What Istio's weights of a route may add up to."""


def expand(
    manifest: Manifest, service: Name, stable: str, releases: Sequence[Exposing], place: Place = ALONE
) -> Manifest:
    """Return a VirtualService with each route to the service split as the releases' exposures say.

    What was expanded before is collapsed first. The annotations of `notes` say what it carries, unless no
    route goes to the service. Other marks of ours stay, and so does what it carries of other services'
    releases: where a route leads to both, each request is drawn for the one and for the other. Raises
    CannotSay, and ValueError as `compose` does.
    """
    return expanded(strip(manifest, service, added=place.added), service, stable, releases, place)


def expanded(
    base: Manifest, service: Name, stable: str, releases: Sequence[Exposing], place: Place = ALONE
) -> Manifest:
    """Return the same of what `strip` returned. What stays as it was is the given object's."""
    work = _Work(base, service, compose(stable, releases), place)
    spec = {**(base.get("spec") or {})}
    found: dict[str, list[Before]] = {}
    for kind in KINDS:
        if kind in spec:
            spec[kind], found[kind] = work.all_of(kind, spec[kind] or [])
    result = {**with_own_notes(base), "spec": spec}
    stored = {kind: [each.stored() for each in notes] for kind, notes in found.items() if notes}
    if stored:
        note(result, service, said(stable, releases), stored)
    return result


@dataclass(frozen=True)
class _Work:
    manifest: Manifest
    name: Name
    table: RouteTable
    place: Place

    @property
    def service(self) -> Service:
        namespace = str(self.manifest["metadata"].get("namespace", ""))
        return Service(self.name, namespace, self.place.own, self.place.broad)

    @property
    def ours(self) -> set[str]:
        return {istio.subset(part.version) for rule in self.table.rules for part in rule.parts}

    def all_of(self, kind: str, routes: Sequence[Route]) -> tuple[list[Route], list[Before]]:
        result: list[Route] = []
        notes: list[Before] = []
        known = [notes_of(self.manifest, other, kind, routes) for other in services(self.manifest)]
        for at, route in enumerate(routes):
            if not split_ones(self.service, route.get("route") or []):
                result.append(route)
                continue
            if kind == "http":
                result += self.copies(route, len(notes))
            result.append(self.ruled(route, self.table.rules[-1], http=kind == "http"))
            if not is_copy(route):
                others = [each[at] for each in known if at in each]
                notes.append(before(self.service, route, result[-1], self.ours, others))
        return result, notes

    def copies(self, route: Route, number: int) -> Iterator[Route]:
        """Yield the copies that stand before a route, for the rules that don't concern everyone.

        The route may be another service's copy: then the copies are of those who meet both.
        """
        if len(self.table.rules) > 1 and self.place.no_copies and _catches_all(route):
            raise CannotSay(self.place.no_copies)
        for rule in self.table.rules[:-1]:
            copy = self.ruled(route, rule, http=True)
            name = copy_name(self.name.service, rule.key, number, str(route.get("name", "")))
            for rewrite, matches in groupby(self.matches(route, rule), key=itemgetter(0)):
                rewriting = {"rewrite": rewrite} if rewrite else {}
                found = [match for _, match in matches]
                yield deepcopy({**copy, **rewriting, "name": name, "match": found})

    def matches(self, route: Route, rule: Rule) -> Iterator[tuple[Route, Route]]:
        """Yield the matches of a rule's copies, each with what it must rewrite."""
        for mine in route.get("match") or [None]:
            for theirs in istio_matches(rule.groups):
                try:
                    yield from self.common(route, mine, theirs)
                except Unsaid as unsaid:
                    raise CannotSay(self.why(route, mine or {}, str(unsaid))) from None

    def common(self, route: Route, mine: Route | None, theirs: Route) -> Iterator[tuple[Route, Route]]:
        both = intersect(mine or {}, theirs)
        if both is None:
            return
        for root in self.place.roots or ({},):
            rewrite = route.get("rewrite") or root.get("rewrite") or {}
            for match in narrowed(root.get("match") or [], mine, both):
                was = mine if mine and "uri" in mine else next(iter(root.get("match") or []), {})
                yield rewritten(rewrite, was, match), match

    def why(self, route: Route, match: Route, field: str) -> Reason:
        facts = {"object": name(self.manifest), "route": _at({"match": [match]}), "field": field}
        if others := ", ".join(copied_for(str(route.get("name", "")))):
            return Reason("audiences-meet", {**facts, "service": others})
        return Reason("cannot-intersect", facts)

    def ruled(self, route: Route, rule: Rule, *, http: bool) -> Route:
        """Return a copy of a route that is split as a rule says."""
        secure = self.place.secure
        result = {**route, "route": split(self.service, route["route"], rule.parts, secure=secure)}
        if sum(int(each.get("weight") or 0) for each in result["route"]) > LARGEST:
            raise CannotSay(Reason("weights-too-large", {"object": name(self.manifest), "route": _at(route)}))
        if http:
            mirrors = with_copies(self.service, route, rule)
            for field in ("mirror", "mirrors", *FIELDS) if rule.copies else ():
                result.pop(field, None)
            result |= mirrors
        return result


def _at(route: Route) -> str:
    """Return how people call a route: by its URL, else its name."""
    match: Route = next(iter(route.get("match") or []), {})
    uri = match.get("uri") or {}
    return str(next(iter(uri.values()), "")) or str(route.get("name") or match.get("name") or "/")


def _catches_all(route: Route) -> bool:
    """Tell if a gateway moves a route to the end: a match of it has nothing but the prefix `/`."""
    matches = route.get("match") or [{}]
    return any(set(each) <= {"name"} or each == {"uri": {"prefix": "/"}} for each in matches)
