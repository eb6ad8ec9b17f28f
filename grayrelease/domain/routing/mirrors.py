"""The mirrors of one route: the user's own, and the copies that a rule asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.named import Name
from grayrelease.domain.routes import Copies, Rule
from grayrelease.domain.routing.destinations import Destination, Service, split_ones

Route = dict[str, Any]

FIELDS = ("mirrorPercentage", "mirrorPercent", "mirror_percent")


def with_copies(service: Service, base: Route, rule: Rule) -> Route:
    """Return what to set of a route's mirrors: the user's, pinned where they go to stable, and the rule's."""
    most = istio.subset(max(rule.parts, key=lambda part: part.weight).version)
    result: Route = {}
    if "mirror" in base:
        result["mirror"] = _pinned(service, base["mirror"], most)
    if "mirrors" in base:
        result["mirrors"] = [_pinned_entry(service, each, most) for each in base["mirrors"] or []]
    if not rule.copies:
        return result
    ours = [_entry(service, base, copies) for copies in rule.copies]
    moved = [_moved(base, result.pop("mirror"))] if "mirror" in result else []
    return {**result, "mirrors": [*moved, *result.get("mirrors", []), *ours]}


def _pinned(service: Service, target: Destination, subset: str) -> Destination:
    return {**target, "subset": subset} if service.is_split(target) else target


def _pinned_entry(service: Service, entry: Route, subset: str) -> Route:
    return {**entry, "destination": _pinned(service, entry.get("destination") or {}, subset)}


def pins(service: Service, base: Route) -> list[str | None]:
    """Return the subsets of a user's mirrors that are pinned, in their order; None for no subset."""
    entries = [{"destination": base.get("mirror")}, *(base.get("mirrors") or [])]
    targets = [entry.get("destination") or {} for entry in entries]
    return [service.before(target) for target in targets if service.is_split(target)]


def _moved(base: Route, target: Destination) -> Route:
    """Return a route's `mirror` as one of `mirrors`: both together are invalid."""
    entry: Route = {"destination": target}
    for field in FIELDS:
        if field in base:
            entry["percentage"] = base[field] if isinstance(base[field], dict) else {"value": base[field]}
    return entry


def _entry(service: Service, base: Route, copies: Copies) -> Route:
    return {"destination": _to(service, base, copies), "percentage": _percentage(service, base, copies)}


def _to(service: Service, base: Route, copies: Copies) -> Destination:
    if copies.to:
        return {"host": copies.to.host, "port": {"number": copies.to.port}}
    target = split_ones(service, base["route"])[0]["destination"]
    return {**target, "subset": istio.subset(copies.version)}


def _percentage(service: Service, base: Route, copies: Copies) -> Route:
    mine, everything = 1, 1
    if len(base["route"]) > 1:
        mine = sum(int(each.get("weight") or 0) for each in split_ones(service, base["route"]))
        everything = sum(int(each.get("weight") or 0) for each in base["route"])
    return percentage(copies, mine, everything)


def percentage(copies: Copies, mine: int, everything: int) -> Route:
    """Return how much to copy: of what a route sends to several services, the service's part."""
    percent = round(copies.share * mine / (everything or 1) / 10, 4)
    return {"value": int(percent) if percent == int(percent) else percent}


class Own:
    """What of a route's mirrors is ours, or pinned by us; `subsets` are ours, `parts` those of the route."""

    def __init__(self, service: Name, namespace: str, subsets: Collection[str], parts: Collection[str]):
        self.service, self.namespace = service, namespace
        self.subsets, self.parts = subsets, parts

    def _subset(self, target: Destination) -> str:
        meant = self.service.is_called(str(target.get("host", "")), self.namespace)
        return str(target.get("subset", "")) if meant and target.get("subset") in self.subsets else ""

    def is_pinned(self, target: Destination) -> bool:
        """Tell if a user's mirror was given a subset: copies of ours go where the route does not."""
        return self._subset(target) in self.parts

    def is_copy(self, target: Destination) -> bool:
        return bool(self._subset(target)) and not self.is_pinned(target)


def given_back(
    route: Route,
    own: Own,
    copies: Sequence[tuple[Copies, Route]],
    mirror: str | None,
    before: Sequence[str | None],
) -> Route:
    """Return a route with the mirrors as they were.

    `copies` are the rule's, each with how much it copies; `mirror` and `before` are the note's
    (`Before.mirror`, `Before.pinned`).
    """
    result, subsets = dict(route), iter(before)
    if "mirror" in result:
        result["mirror"] = _released(result["mirror"], own, subsets)
    if "mirrors" in result:
        entries = _without(result["mirrors"] or [], own, copies)
        freed = [{**e, "destination": _released(e.get("destination") or {}, own, subsets)} for e in entries]
        result |= {"mirrors": freed}
        if mirror is not None and len(freed) == 1 and "mirror" not in result:
            result |= _back(freed.pop(), mirror)
        if not freed and len(freed) < len(route["mirrors"] or []):
            del result["mirrors"]
    return result


def _without(entries: Sequence[Route], own: Own, copies: Sequence[tuple[Copies, Route]]) -> list[Route]:
    """Return mirrors without our copies; of those to one target it is that with as much, else the last."""
    kept = [entry for entry in entries if not own.is_copy(entry.get("destination") or {})]
    for to, much in ((each.to, much) for each, much in copies if each.to):
        target = {"host": to.host, "port": {"number": to.port}}
        at = [index for index, entry in enumerate(kept) if entry.get("destination") == target]
        alike = [index for index in at if kept[index].get("percentage") == much]
        if at:
            del kept[(alike or at)[-1]]
    return kept


def _released(target: Destination, own: Own, subsets: Iterator[str | None]) -> Destination:
    if not own.is_pinned(target):
        return target
    result, subset = deepcopy(target), next(subsets, None)
    result.pop("subset")
    return result if subset is None else {**result, "subset": subset}


def _back(entry: Route, field: str) -> Route:
    """Return one of `mirrors` as the `mirror` that it was; `field` held how much it copies."""
    percentage = entry.get("percentage") or {}
    if not field:
        share = {"mirrorPercentage": percentage} if percentage else {}
    else:
        share = {field: percentage if field == FIELDS[0] else percentage.get("value")}
    return {"mirror": entry["destination"], **share}
