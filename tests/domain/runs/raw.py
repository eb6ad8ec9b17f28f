"""What route objects say, read without any of the domain's code: so that the two can disagree."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from grayrelease.domain.plan import Manifest

HOSTS = ("reviews", "reviews.demo", "reviews.demo.svc", "reviews.demo.svc.cluster.local")
Objects = dict[tuple[str, str, str], Manifest]


def of_kind(objects: Objects, kind: str) -> list[Manifest]:
    return [each for (its, _, _), each in sorted(objects.items()) if its == kind]


def routes(manifest: Manifest) -> Iterator[dict[str, Any]]:
    spec = manifest.get("spec") or {}
    for kind in ("http", "tcp", "tls"):
        yield from spec.get(kind) or []


def ways(route: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a route's destinations that are the service's."""
    return [to for to in route.get("route") or [] if to["destination"].get("host") in HOSTS]


def copied(route: dict[str, Any]) -> list[dict[str, Any]]:
    """Return where a route's copies of requests go, at the service."""
    mirrors = [each["destination"] for each in route.get("mirrors") or []]
    mirrors += [route["mirror"]] if route.get("mirror") else []
    return [each for each in mirrors if each.get("host") in HOSTS]


def is_ours(route: dict[str, Any]) -> bool:
    """Tell if a route is a copy that we made."""
    return str(route.get("name", "")).startswith("gr~")


def named(manifest: Manifest | None) -> set[str]:
    """Return our subsets that a VirtualService names."""
    found = [to["destination"] for route in routes(manifest or {}) for to in ways(route)]
    found += [to for route in routes(manifest or {}) for to in copied(route)]
    return {name for each in found if (name := str(each.get("subset", ""))).startswith("gr-")}


def all_named(objects: Objects) -> set[str]:
    return {name for each in of_kind(objects, "VirtualService") for name in named(each)}


def subsets(objects: Objects) -> dict[str, str]:
    """Return our subsets and the versions that they select."""
    found = [sub for each in of_kind(objects, "DestinationRule") for sub in each["spec"].get("subsets") or []]
    return {
        each["name"]: each.get("labels", {}).get("version", "")
        for each in found
        if each["name"].startswith("gr-")
    }


def unnamed(objects: Objects) -> list[str]:
    """Return the VirtualServices of which a route to the service names no subset."""
    found = of_kind(objects, "VirtualService")
    return [
        each["metadata"]["name"]
        for each in found
        if any("subset" not in to["destination"] for route in routes(each) for to in ways(route))
    ]


def leads(manifest: Manifest) -> bool:
    return any(ways(route) for route in routes(manifest))


def is_served(objects: Objects) -> bool:
    """Tell if any VirtualService leads to the service."""
    return any(leads(each) for each in of_kind(objects, "VirtualService"))


def shares(manifest: Manifest) -> list[dict[str, Fraction]]:
    """Return, for each route of users' to the service, what part of it each of our subsets has."""
    found = []
    for route in routes(manifest):
        mine = [to for to in ways(route) if str(to["destination"].get("subset", "")).startswith("gr-")]
        if is_ours(route) or not mine:
            continue
        # One destination alone needs no weight.
        weights = [to.get("weight", 0 if len(route["route"]) > 1 else 1) for to in mine]
        total = sum(weights)
        parts: dict[str, Fraction] = {}
        for to, weight in zip(mine, weights, strict=True):
            name = to["destination"]["subset"]
            parts[name] = parts.get(name, Fraction(0)) + Fraction(weight, total or 1)
        found.append(parts)
    return found


def has_weight(manifest: Manifest) -> bool:
    """Tell if in each route no weight is negative and not all are nothing."""
    lists = [
        [to.get("weight", 1) for to in route["route"]] for route in routes(manifest) if route.get("route")
    ]
    return all(min(each) >= 0 and (sum(each) > 0 or len(each) == 1) for each in lists)
