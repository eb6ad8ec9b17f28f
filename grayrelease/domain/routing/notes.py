"""What an expanded object says in its annotations: the exposures it carries, and how its routes were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from grayrelease.domain import istio
from grayrelease.domain.marks import PREFIX, notes
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.revision import canonical
from grayrelease.domain.routes import Exposing

EXPOSURES = f"{PREFIX}exposures"
"""Canonical JSON: service, stable's version, for each release its id, version, exposure and draws."""
BEFORE = f"{PREFIX}before"
"""JSON by http, tcp and tls: a `Before` for each expanded route, in their order."""
COPY = "gr~"
"""How the names of routes that are copies begin."""

Route = dict[str, Any]
_Keys = Callable[["Before"], tuple[str, ...]]


@dataclass(frozen=True)
class Carried:
    """The exposures that an object says it carries."""

    stable: str
    releases: tuple[Exposing, ...]

    def subsets(self) -> dict[str, str]:
        """Return the versions by the names of our subsets."""
        versions = [self.stable, *(each.version for each in self.releases if each.version)]
        return {istio.subset(version): version for version in versions}


def carried(manifest: Manifest, service: Name) -> Carried | None:
    """Read which of a service's exposures an object says it carries; None if none, or nothing readable."""
    try:
        stored = json.loads(notes(manifest)[EXPOSURES])
        if stored["service"] != _key(service):
            return None
        releases = tuple(_read(each) for each in stored["releases"])
        return Carried(str(stored["stable"]), releases)
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


def _read(stored: Sequence[Any]) -> Exposing:
    release, version, exposure, drawn = stored
    return Exposing(int(release), str(version), Exposure.model_validate(exposure), tuple(map(int, drawn)))


def taken_by(manifest: Manifest, service: Name) -> str:
    """Return another service, as namespace/name, whose exposures an object carries; "" if none."""
    try:
        key = str(json.loads(notes(manifest)[EXPOSURES])["service"])
    except (KeyError, TypeError, ValueError):
        return ""
    return "" if key == _key(service) else key


def _key(service: Name) -> str:
    return f"{service.namespace}/{service.service}"


def said(service: Name, stable: str, releases: Sequence[Exposing]) -> str:
    """Return the annotation's text."""
    stored = [
        [each.release, each.version, each.exposure.model_dump(exclude_defaults=True), each.drawn]
        for each in releases
    ]
    return canonical({"service": _key(service), "stable": stable, "releases": stored})


@dataclass(frozen=True)
class Before:
    """How a route was before it was expanded.

    `subsets` of its destinations that were split; `weight` where it had one destination alone; `mirror` is
    the field that said how much its `mirror` copied ("" for all), None where no mirror was moved. The other
    three are by what it is found again: its match, what else it says, and where it leads.
    """

    subsets: tuple[str | None, ...] = ()
    weight: int | None = None
    mirror: str | None = None
    pinned: tuple[str | None, ...] = ()
    """The subsets of its mirrors that went to the service."""
    match: str = ""
    rest: str = ""
    leads: str = ""

    def stored(self) -> list[Any]:
        return [
            self.match,
            self.rest,
            self.leads,
            list(self.subsets),
            self.weight,
            self.mirror,
            list(self.pinned),
        ]


def read_before(manifest: Manifest, kind: str) -> list[Before]:
    """Read how an object's routes of a kind were; an empty list if it doesn't say."""
    try:
        stored = json.loads(notes(manifest)[BEFORE])[kind]
        return [
            Before(tuple(each[3]), each[4], each[5], tuple(each[6]), each[0], each[1], each[2])
            for each in stored
        ]
    except (KeyError, TypeError, ValueError, IndexError):
        return []


def mark(value: Any) -> str:
    """Return a few digits by which content is found again."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:6]


_PASSES: tuple[_Keys, ...] = (
    lambda note: (note.match, note.rest, note.leads),
    lambda note: (note.match, note.leads),
    lambda note: (note.match,),
    lambda note: (note.rest, note.leads),
    lambda note: (note.leads,),
    lambda note: (),
)


@dataclass
class _Pairing:
    wanted: Sequence[Before]
    left: list[Before]
    found: dict[int, Before] = field(default_factory=dict)

    def run(self, keys: _Keys) -> None:
        for at, each in enumerate(self.wanted):
            if at in self.found:
                continue
            fitting = [index for index, note in enumerate(self.left) if keys(note) == keys(each)]
            if fitting:
                self.found[at] = self.left.pop(fitting[0])


def find(wanted: Sequence[Before], stored: Sequence[Before]) -> list[Before]:
    """Return for each route, told by how it is now, how it was: it may have been moved or edited."""
    pairing = _Pairing(wanted, list(stored))
    for keys in _PASSES:
        pairing.run(keys)
    return [pairing.found.get(at, Before()) for at in range(len(wanted))]
