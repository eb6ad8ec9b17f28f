"""Collapse: a route object as it was, with what its users changed meanwhile (SAFETY §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from grayrelease.domain.marks import PREFIX, notes
from grayrelease.domain.named import Name
from grayrelease.domain.plan import ALL, Manifest
from grayrelease.domain.routes import Copies, compose
from grayrelease.domain.routing.copies import KINDS, copied_for, is_copy
from grayrelease.domain.routing.destinations import (
    ALL_PODS,
    Destination,
    Run,
    Service,
    joined,
    runs,
    split_ones,
)
from grayrelease.domain.routing.mirrors import FIELDS, Own, given_back, percentage, pins
from grayrelease.domain.routing.notes import (
    Before,
    Route,
    carried,
    find,
    forget,
    mark,
    modernised,
    read_before,
    services,
    with_own_notes,
)
from grayrelease.domain.routing.subsets import OURS, plain

_NOT_TOLD = {"match", "route", "mirror", "mirrors", *FIELDS}


def collapse(
    manifest: Manifest,
    service: Name,
    winner: str | None = None,
    *,
    named: str = "",
    added: Collection[str] = (),
) -> Manifest:
    """Return a route object as it was before it was expanded for a service; our annotations go.

    Where a route named a subset of stable's, it names the winner's if that is another version: `named`, or
    the plain one. What was not expanded is returned as it is, less our annotations. What it carries of other
    services' releases stays, and the annotations with it. `added`: as for `strip`.
    """
    stands = carried(manifest, service)
    changes = winner is not None and stands is not None and winner != stands.stable
    result = strip(manifest, service, (named or plain(winner or "")) if changes else None, added)
    if not services(result):
        _forget(result, [key for key in notes(result) if key.startswith(PREFIX)])
    return result


def strip(
    manifest: Manifest, service: Name, instead: str | None = None, added: Collection[str] = ()
) -> Manifest:
    """Return an object without its expansion for a service, and with all other marks.

    `instead`: the subset for those routes that named one of stable's. `added`: the subsets that we added to
    the service's rule: what leads to one of them is ours, though the object says nothing of that version.
    What stays as it was is the given object's: who changes the result makes a copy first.
    """
    result = with_own_notes(modernised(manifest))
    spec = result.get("spec") or {}
    work = _Work(result, service, instead, added)
    stripped = {kind: work.all_of(kind, spec[kind] or []) for kind in KINDS if kind in spec}
    if stripped:
        result["spec"] = {**spec, **stripped}
    forget(result, service)
    return result


def strip_all(manifest: Manifest, service: Name) -> Manifest:
    """Return an object as its users wrote it: without the expansion for this service and for any other."""
    result = strip(manifest, service)
    for other in services(result):
        result = strip(result, other)
    return result


def _forget(manifest: Manifest, keys: Collection[str]) -> None:
    """Take annotations away, and the map of them if it is left empty."""
    found = manifest.get("metadata", {}).get("annotations")
    gone = [found.pop(key) for key in keys if found and key in found]
    if gone and not found:
        del manifest["metadata"]["annotations"]


def before(
    service: Service, base: Route, expanded: Route, ours: Collection[str], others: Sequence[Before] = ()
) -> Before:
    """Return the note of how a route was, by which it is found again as it has become.

    `others`: other services' notes of it. Who moved its mirror first knows where that stood, and who gives
    the mirrors back last must know.
    """
    to = base["route"]
    weight = to[0].get("weight") if len(to) == 1 else None
    moved = "mirror" in base and "mirror" not in expanded
    mirror = next((field for field in FIELDS if field in base), "") if moved else None
    told = _told(expanded, _runs_of(runs(service.name, service.namespace, ours, expanded["route"])))
    return Before(
        tuple(service.before(each["destination"]) for each in split_ones(service, to)),
        None if weight is None else int(weight),
        next((each.mirror for each in others if each.mirror is not None), mirror),
        tuple(pins(service, base)),
        *told,
    )


def _told(route: Route, found: Sequence[Run]) -> tuple[str, str, str]:
    """Return by what a route is found again: its match, what else it says, where it leads."""
    rest = {key: value for key, value in route.items() if key not in _NOT_TOLD}
    # Other services' parts beside them multiply all weights alike.
    unit = gcd(*(each.weight for each in found)) or 1
    leads = [[each.base(), each.weight // unit] for each in found]
    return mark(route.get("match")), mark(rest), mark(leads)


@dataclass(frozen=True)
class _Work:
    manifest: Manifest
    service: Name
    instead: str | None
    added: Collection[str] = ()

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"].get("namespace", ""))

    def ours(self, routes: Sequence[Route]) -> set[str]:
        """Return the names of our subsets; all that begin like ours, if the object doesn't say."""
        stands = carried(self.manifest, self.service)
        if stands is not None:
            return {*stands.subsets(), *self.added}
        targets = (each.get("destination") or {} for route in routes for each in route.get("route") or [])
        return {name for name in (str(each.get("subset")) for each in targets) if name.startswith(OURS)}

    def copies(self) -> tuple[Copies, ...]:
        """Return the copies that stand in routes for everyone."""
        stands = carried(self.manifest, self.service)
        try:
            return compose(stands.stable, stands.releases).rules[-1].copies if stands else ()
        except ValueError:
            return ()

    def all_of(self, kind: str, routes: Sequence[Route]) -> list[Route]:
        kept = [route for route in routes if not self.is_ours(route)]
        ours = self.ours(kept)
        found = [self.runs(route, ours) for route in kept]
        known = self.known(kind, kept, found)
        return [
            self.one(route, found[at], known[at], ours) if at in known else route
            for at, route in enumerate(kept)
        ]

    def is_ours(self, route: Route) -> bool:
        """Tell if a route is a copy of this service's, also of another one's."""
        return bool({"", self.service.service} & copied_for(str(route.get("name", ""))).keys())

    def runs(self, route: Route, ours: Collection[str]) -> list[Destination | Run]:
        return runs(self.service, self.namespace, ours, route.get("route") or [])

    def known(
        self, kind: str, routes: Sequence[Route], found: Sequence[Sequence[Destination | Run]]
    ) -> dict[int, Before]:
        """Return how the expanded ones of some routes were, by their places; `found` are their runs."""
        told = {at: _told(routes[at], of) for at, each in enumerate(found) if (of := _runs_of(each))}
        users = [at for at in told if not is_copy(routes[at])]
        asked = [Before((), None, None, (), *told[at]) for at in users]
        stored = read_before(self.manifest, self.service, kind)
        known = dict(zip(users, find(asked, stored), strict=True))
        copies = {at: _of_its_route(at, told, known) for at in told if at not in known}
        return known | copies

    def one(
        self, route: Route, found: Sequence[Destination | Run], was: Before, ours: Collection[str]
    ) -> Route:
        result, found = dict(route), _as_expanded(found)
        result["route"] = list(joined(found, list(self.instead_of(was.subsets)), was.weight))
        parts = {part["destination"]["subset"] for run in _runs_of(found) for part in run.parts}
        own = Own(self.service, self.namespace, ours, parts)
        mine = sum(_weight(part) for run in _runs_of(found) for part in run.parts)
        everything = sum(map(_weight, route["route"]))
        copies = [(each, percentage(each, mine, everything)) for each in self.copies()]
        return given_back(result, own, copies, was.mirror, list(self.instead_of(was.pinned)))

    def instead_of(self, subsets: Sequence[str | None]) -> Iterator[str | None]:
        for subset in subsets:
            if subset and subset.startswith(ALL_PODS):
                yield subset.removeprefix(ALL_PODS)
            else:
                yield self.instead if subset and self.instead else subset


def _weight(destination: Destination) -> int:
    return int(destination.get("weight") or 0)


def _as_expanded(found: Sequence[Destination | Run]) -> Sequence[Destination | Run]:
    """Leave out the destinations that somebody added: of all others the weights were multiplied by 1000."""
    if any(sum(map(_weight, run.parts)) % ALL for run in _runs_of(found)):
        return found  # Somebody wrote all weights anew.
    return [each for each in found if isinstance(each, Run) or not _weight(each) % ALL]


def _of_its_route(at: int, told: Mapping[int, tuple[str, str, str]], known: Mapping[int, Before]) -> Before:
    """Return how a copy of another service's was: as its route, which follows unless users moved it."""
    leads = told[at][-1]
    places = sorted(known, key=lambda place: (told[place][-1] != leads, place < at, place))
    return known[places[0]] if places else Before()


def notes_of(manifest: Manifest, service: Name, kind: str, routes: Sequence[Route]) -> dict[int, Before]:
    """Return a service's notes of those routes that are expanded for it, by their places."""
    work = _Work(manifest, service, None)
    ours = work.ours(routes)
    return work.known(kind, routes, [work.runs(route, ours) for route in routes])


def _runs_of(found: Sequence[Destination | Run]) -> list[Run]:
    return [each for each in found if isinstance(each, Run)]
