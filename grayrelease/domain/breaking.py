"""Whether what a route object says now breaks a rule of SAFETY §3, whoever wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.found import Route, namespace, routes_of, targets_of
from grayrelease.domain.routing.subsets import OURS


def breaks(
    manifest: Manifest, service: Name, *, subsets: Collection[str], broad: Collection[str], several: bool
) -> bool:
    """Tell if routes name a subset that isn't there, spread visitors, or have weights that can't be.

    subsets: those of the service that are there. broad: those that are for all of its pods. several: pods of
    more than one version answer, so that each request must come to a version by name.
    """
    if named(manifest, service) - {*subsets}:
        return True
    routes = [route for _, route in routes_of(manifest)]
    spreads = several and any(_spreads(manifest, service, route, broad) for route in routes)
    return spreads or any(map(_unweighted, routes))


def named(manifest: Manifest, service: Name) -> set[str]:
    """Return the subsets of a service that begin like ours, and that routes or copies go to."""
    found = (str(each.get("subset", "")) for each in _mine(manifest, service, targets_of(manifest)))
    return {name for name in found if name.startswith(OURS)}


def _mine(manifest: Manifest, service: Name, targets: Iterator[Route]) -> Iterator[Route]:
    here = namespace(manifest)
    return (each for each in targets if service.is_called(str(each.get("host", "")), here))


def _destinations(route: Route) -> Iterator[Route]:
    return (to.get("destination") or {} for to in route.get("route") or [])


def _spreads(manifest: Manifest, service: Name, route: Route, broad: Collection[str]) -> bool:
    """Tell if some of a route's visitors come to pods of any version."""
    named = (each.get("subset") or "" for each in _mine(manifest, service, _destinations(route)))
    return any(not subset or subset in broad for subset in named)


def _unweighted(route: Route) -> bool:
    """Tell if a weight is negative, or if nobody gets anything."""
    weights = [int(to.get("weight") or 0) for to in route.get("route") or []]
    return any(weight < 0 for weight in weights) or (len(weights) > 1 and not sum(weights))
