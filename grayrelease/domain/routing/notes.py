"""What an expanded object says in its annotations: the exposures it carries, and how its routes were.

An object may lead to several services that have releases at the same time: each has notes of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from grayrelease.domain import istio
from grayrelease.domain.marks import PREFIX, notes
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.revision import canonical
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.copies import KINDS, in_words_of_today

EXPOSURES = f"{PREFIX}exposures"
"""Canonical JSON by service (namespace/name): stable's version, for each release its id, version, exposure
and draws. The first form held one service's alone, and its name under "service"."""
BEFORE = f"{PREFIX}before"
"""JSON by service, and by http, tcp and tls: a `Before` for each expanded route, in their order. In the first
form by http, tcp and tls alone."""

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
    text = notes(manifest).get(EXPOSURES)
    return _carried(text, service.key) if isinstance(text, str) else None


# One run asks for the same few annotations again and again.
@lru_cache(maxsize=128)
def _carried(text: str, key: str) -> Carried | None:
    try:
        stored = _exposures(text)[key]
        return Carried(str(stored["stable"]), tuple(_read(each) for each in stored["releases"]))
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


def _read(stored: Sequence[Any]) -> Exposing:
    release, version, exposure, drawn = stored
    return Exposing(int(release), str(version), Exposure.model_validate(exposure), tuple(map(int, drawn)))


def services(manifest: Manifest) -> tuple[Name, ...]:
    """Return the services whose exposures an object says it carries."""
    keys = [key.partition("/") for key in _by_service(manifest, EXPOSURES)]
    return tuple(Name(service, namespace) for namespace, _, service in keys)


def marked(manifest: Manifest, service: Name) -> bool:
    """Tell if an object has marks of a service's releases; what can't be read counts as such."""
    if EXPOSURES not in notes(manifest):
        return False
    return service in services(manifest) or not services(manifest)


def _by_service(manifest: Manifest, annotation: str) -> dict[str, Any]:
    """Read an annotation of either form; an empty one where nothing can be read. Nobody changes it."""
    text = notes(manifest).get(annotation)
    if not isinstance(text, str):
        return {}
    if annotation == EXPOSURES:
        return _exposures(text)
    stored = _read_json(text)
    alone = [each.key for each in services(manifest)]
    return dict.fromkeys(alone[:1], stored) if stored.keys() <= set(KINDS) else stored


def _exposures(text: str) -> dict[str, Any]:
    stored = _read_json(text)
    return {stored["service"]: stored} if isinstance(stored.get("service"), str) else stored


@lru_cache(maxsize=128)
def _read_json(text: str) -> dict[str, Any]:
    try:
        stored = json.loads(text)
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}


def said(stable: str, releases: Sequence[Exposing]) -> dict[str, Any]:
    """Return what the annotation says of one service's exposures."""
    stored = [
        [each.release, each.version, each.exposure.model_dump(exclude_defaults=True), each.drawn]
        for each in releases
    ]
    return {"stable": stable, "releases": stored}


def note(manifest: Manifest, service: Name, exposures: Any, before: dict[str, list[Any]]) -> None:
    """Write a service's notes into an object."""
    texts = {
        EXPOSURES: canonical({**_by_service(manifest, EXPOSURES), service.key: exposures}),
        BEFORE: _dumped({**_by_service(manifest, BEFORE), service.key: before}),
    }
    manifest["metadata"].setdefault("annotations", {}).update(texts)


def forget(manifest: Manifest, service: Name) -> None:
    """Take a service's notes out of an object, and the annotations that would be left empty."""
    found = manifest.get("metadata", {}).get("annotations")
    for annotation, write in ((BEFORE, _dumped), (EXPOSURES, canonical)):
        left = {key: each for key, each in _by_service(manifest, annotation).items() if key != service.key}
        if found and left:
            found[annotation] = write(left)
        elif found and annotation in found:
            del found[annotation]
            if not found:
                del manifest["metadata"]["annotations"]


def with_own_notes(manifest: Manifest) -> Manifest:
    """Return an object of which the metadata and annotations may be changed; all else is the given one's."""
    if "metadata" not in manifest:
        return {**manifest}
    metadata = {**manifest["metadata"]}
    if metadata.get("annotations") is not None:
        metadata["annotations"] = {**metadata["annotations"]}
    return {**manifest, "metadata": metadata}


def modernised(manifest: Manifest) -> Manifest:
    """Return an object with its notes and the names of its copies in today's form: itself, if they are so."""
    found, stored = notes(manifest), _by_service(manifest, EXPOSURES)
    if not any(isinstance(of, dict) and "service" in of for of in stored.values()):
        return manifest
    manifest = deepcopy(manifest)
    [service] = services(manifest)
    in_words_of_today(manifest, service.service)
    before = _by_service(manifest, BEFORE)
    said = {key: {name: each for name, each in of.items() if name != "service"} for key, of in stored.items()}
    manifest["metadata"]["annotations"] = {**found, EXPOSURES: canonical(said), BEFORE: _dumped(before)}
    return manifest


_dumped = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


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


def read_before(manifest: Manifest, service: Name, kind: str) -> list[Before]:
    """Read how an object's routes of a kind were before a service's expansion; nothing if it doesn't say."""
    try:
        stored = _by_service(manifest, BEFORE)[service.key][kind]
        return [
            Before(tuple(each[3]), each[4], each[5], tuple(each[6]), each[0], each[1], each[2])
            for each in stored
        ]
    except (KeyError, TypeError, ValueError, IndexError):
        return []


def mark(value: Any) -> str:
    """Return a few digits by which content is found again."""
    return hashlib.sha256(_dumped(value).encode()).hexdigest()[:6]


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
