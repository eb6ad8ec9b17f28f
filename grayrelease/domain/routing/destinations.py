"""The destinations of one route: which go to the service, how they are split, and how they are joined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.named import Name
from grayrelease.domain.routes import Part
from grayrelease.domain.routing.subsets import OURS

Destination = dict[str, Any]

COOKIE = "; Path=/; HttpOnly; SameSite=Lax"
SECURE = "; Secure"
ALL_PODS = "="
"""Before the name of a subset in a note: it stays whoever wins."""
_SPELLINGS = ("set-cookie", "Set-Cookie", "SET-COOKIE", "set-Cookie")


@dataclass(frozen=True)
class Service:
    """The service as objects of a namespace name it.

    `own` are users' subsets of stable's pods, `broad` those of all pods.
    """

    name: Name
    namespace: str
    own: Collection[str] = ()
    broad: Collection[str] = ()

    def is_meant(self, target: Destination) -> bool:
        """Tell if a destination's target is the service, by any of its names."""
        return self.name.is_called(str(target.get("host", "")), self.namespace)

    def is_split(self, target: Destination) -> bool:
        """Tell if a target stands for stable: no subset is named, or one of stable's, or of all."""
        subset = target.get("subset") or ""
        return self.is_meant(target) and (not subset or subset in self.own or subset in self.broad)

    def before(self, target: Destination) -> str | None:
        """Return what to note of a target's subset; one of all pods is no version's, and marked so."""
        subset = target.get("subset")
        return f"{ALL_PODS}{subset}" if subset in self.broad else subset


def split_ones(service: Service, to: Sequence[Destination]) -> list[Destination]:
    """Return the destinations of a route that are to be split; one that gets nothing isn't."""
    alone = len(to) == 1
    return [
        each
        for each in to
        if service.is_split(each.get("destination") or {}) and (alone or int(each.get("weight") or 0))
    ]


def names_ours(service: Service, to: Sequence[Destination]) -> bool:
    """Tell if a route names a subset of ours."""
    meant = (each["destination"] for each in to if service.is_meant(each.get("destination") or {}))
    return any(str(each.get("subset", "")).startswith(OURS) for each in meant)


def split(
    service: Service, to: Sequence[Destination], parts: Sequence[Part], *, secure: bool = False
) -> list[Destination]:
    """Return a route's destinations with those that are split among the parts; weights multiply."""
    total, chosen = sum(part.weight for part in parts), split_ones(service, to)
    result = []
    for each in to:
        if any(each is one for one in chosen):
            weight = int(each.get("weight") or 0) or 1
            result += [_part(each, part, weight, secure) for part in parts]
        else:
            result.append(_scaled(each, total))
    return result


def _part(base: Destination, part: Part, weight: int, secure: bool) -> Destination:
    result = deepcopy(base)
    result["destination"]["subset"] = istio.subset(part.version)
    result["weight"] = weight * part.weight
    if part.cookie:
        _give(result, part.cookie + COOKIE + (SECURE if secure else ""))
    return result


def _scaled(base: Destination, total: int) -> Destination:
    return {**base, "weight": int(base["weight"]) * total} if "weight" in base else base


def _give(destination: Destination, cookie: str) -> None:
    """Add a Set-Cookie header; a user's own keeps its place under another spelling of the name."""
    added = destination.setdefault("headers", {}).setdefault("response", {}).setdefault("add", {})
    added[next(name for name in _SPELLINGS if name not in added)] = cookie


def without_cookie(destination: Destination) -> Destination:
    """Return a destination without the cookie that we give."""
    result = deepcopy(destination)
    added = ((result.get("headers") or {}).get("response") or {}).get("add") or {}
    ours = [name for name, value in added.items() if name.lower() == "set-cookie" and _is_ours(str(value))]
    for name in ours:
        del added[name]
    if ours and not added:
        del result["headers"]["response"]["add"]
        if not result["headers"]["response"]:
            del result["headers"]["response"]
        if not result["headers"]:
            del result["headers"]
    return result


def _is_ours(cookie: str) -> bool:
    name = cookie.partition("=")[0]
    return name.startswith("gr-") and name[3:].isdecimal() and cookie.removesuffix(SECURE).endswith(COOKIE)


@dataclass(frozen=True)
class Run:
    """The parts of what was one destination, as they follow each other."""

    parts: tuple[Destination, ...]

    @property
    def weight(self) -> int:
        """What the destination's weight was, if it had one."""
        total = sum(int(part.get("weight") or 0) for part in self.parts)
        return max(round(total / 1000), 1 if total else 0)

    def base(self) -> Destination:
        """Return the destination without subset, weight and cookie."""
        part = self.parts[0]
        bare = without_cookie(part) if "headers" in part else part
        target = {field: value for field, value in bare["destination"].items() if field != "subset"}
        return {field: value for field, value in bare.items() if field != "weight"} | {"destination": target}


def runs(service: Name, namespace: str, ours: Collection[str], to: Sequence[Destination]) -> list[Any]:
    """Return a route's destinations in order, those with our subsets gathered in `Run`s."""
    result: list[Any] = []
    for each in to:
        target = each.get("destination") or {}
        mine = target.get("subset") in ours and service.is_called(str(target.get("host", "")), namespace)
        if not mine:
            result.append(each)
        elif result and isinstance(result[-1], Run) and _belongs(result[-1], each):
            result[-1] = Run((*result[-1].parts, each))
        else:
            result.append(Run((each,)))
    return result


def _belongs(run: Run, each: Destination) -> bool:
    subsets = {part["destination"].get("subset") for part in run.parts}
    return each["destination"].get("subset") not in subsets and Run((each,)).base() == run.base()


def joined(found: Sequence[Any], subsets: Sequence[str | None], weight: int | None) -> Iterator[Destination]:
    """Yield the destinations as they were, with these subsets for the runs.

    `weight` is what stood at a destination that was alone. Other weights were all multiplied by 1000.
    """
    alone, left = len(found) == 1, iter(subsets)
    for each in found:
        if not isinstance(each, Run):
            yield _divided(each)
            continue
        base, subset = each.base(), next(left, None)
        if subset is not None:
            base["destination"]["subset"] = subset
        if not alone:
            base["weight"] = each.weight
        elif weight is not None:
            base["weight"] = weight
        yield base


def _divided(each: Destination) -> Destination:
    weight = int(each.get("weight") or 0)
    return {**each, "weight": max(round(weight / 1000), 1)} if weight else each
