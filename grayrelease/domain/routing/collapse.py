"""Collapse: a route object as it was, with what its users changed meanwhile (SAFETY §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from grayrelease.domain.marks import PREFIX, notes
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routes import Copies, compose
from grayrelease.domain.routing.destinations import (
    ALL_PODS,
    Destination,
    Run,
    Service,
    joined,
    runs,
    split_ones,
)
from grayrelease.domain.routing.mirrors import FIELDS, Own, given_back, pins
from grayrelease.domain.routing.notes import (
    BEFORE,
    COPY,
    EXPOSURES,
    Before,
    Route,
    carried,
    find,
    mark,
    read_before,
    taken_by,
)
from grayrelease.domain.routing.subsets import OURS, plain

KINDS = ("http", "tcp", "tls")
_NOT_TOLD = {"match", "route", "mirror", "mirrors", *FIELDS}


def collapse(manifest: Manifest, service: Name, winner: str | None = None, *, named: str = "") -> Manifest:
    """Return a route object as it was before it was expanded; our annotations go.

    Where a route named a subset of stable's, it names the winner's if that is another version: `named`, or
    the plain one. What was not expanded is returned as it is, less our annotations.
    """
    stands = carried(manifest, service)
    changes = winner is not None and stands is not None and winner != stands.stable
    result = strip(manifest, service, (named or plain(winner or "")) if changes else None)
    _forget(result, [key for key in notes(result) if key.startswith(PREFIX)])
    return result


def strip(manifest: Manifest, service: Name, instead: str | None = None) -> Manifest:
    """Return an object without its expansion, and with all other marks.

    `instead`: the subset for those routes that named one of stable's.
    """
    result: Manifest = deepcopy(manifest)
    if taken_by(manifest, service):
        return result
    spec = result.get("spec") or {}
    work = _Work(result, service, instead)
    for kind in KINDS:
        if kind in spec:
            spec[kind] = work.all_of(kind, spec[kind] or [])
    _forget(result, [EXPOSURES, BEFORE])
    return result


def _forget(manifest: Manifest, keys: Collection[str]) -> None:
    """Take annotations away, and the map of them if it is left empty."""
    found = manifest.get("metadata", {}).get("annotations")
    gone = [found.pop(key) for key in keys if found and key in found]
    if gone and not found:
        del manifest["metadata"]["annotations"]


def before(service: Service, base: Route, expanded: Route, ours: Collection[str]) -> Before:
    """Return the note of how a route was, by which it is found again as it has become."""
    to = base["route"]
    weight = to[0].get("weight") if len(to) == 1 else None
    moved = "mirror" in base and "mirror" not in expanded
    told = _told(expanded, _runs_of(runs(service.name, service.namespace, ours, expanded["route"])))
    return Before(
        tuple(service.before(each["destination"]) for each in split_ones(service, to)),
        None if weight is None else int(weight),
        next((field for field in FIELDS if field in base), "") if moved else None,
        tuple(pins(service, base)),
        *told,
    )


def _told(route: Route, found: Sequence[Run]) -> tuple[str, str, str]:
    """Return by what a route is found again: its match, what else it says, where it leads."""
    rest = {key: value for key, value in route.items() if key not in _NOT_TOLD}
    leads = [[each.base(), each.weight] for each in found]
    return mark(route.get("match")), mark(rest), mark(leads)


@dataclass(frozen=True)
class _Work:
    manifest: Manifest
    service: Name
    instead: str | None

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"].get("namespace", ""))

    def ours(self, routes: Sequence[Route]) -> set[str]:
        """Return the names of our subsets; all that begin like ours, if the object doesn't say."""
        stands = carried(self.manifest, self.service)
        if stands is not None:
            return set(stands.subsets())
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
        kept = [route for route in routes if not str(route.get("name", "")).startswith(COPY)]
        ours = self.ours(kept)
        found = [runs(self.service, self.namespace, ours, route.get("route") or []) for route in kept]
        expanded = [at for at, each in enumerate(found) if _runs_of(each)]
        asked = [Before((), None, None, (), *_told(kept[at], _runs_of(found[at]))) for at in expanded]
        known = dict(zip(expanded, find(asked, read_before(self.manifest, kind)), strict=True))
        return [
            self.one(route, found[at], known[at], ours) if at in known else route
            for at, route in enumerate(kept)
        ]

    def one(
        self, route: Route, found: Sequence[Destination | Run], was: Before, ours: Collection[str]
    ) -> Route:
        result = dict(route)
        result["route"] = list(joined(found, list(self.instead_of(was.subsets)), was.weight))
        parts = {part["destination"]["subset"] for run in _runs_of(found) for part in run.parts}
        own = Own(self.service, self.namespace, ours, parts)
        return given_back(result, own, self.copies(), was.mirror, list(self.instead_of(was.pinned)))

    def instead_of(self, subsets: Sequence[str | None]) -> Iterator[str | None]:
        for subset in subsets:
            if subset and subset.startswith(ALL_PODS):
                yield subset.removeprefix(ALL_PODS)
            else:
                yield self.instead if subset and self.instead else subset


def _runs_of(found: Sequence[Destination | Run]) -> list[Run]:
    return [each for each in found if isinstance(each, Run)]
