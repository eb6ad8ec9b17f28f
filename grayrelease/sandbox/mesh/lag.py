"""Changes held back per proxy and kind, as a real mesh's control plane reaches its proxies late."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from grayrelease.sandbox.mesh.translate.objects import Object

Kind = Literal["clusters", "endpoints", "routes", "listeners"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Patch = dict[str, Object | None]
"""Resources by name that are new or changed; None for one that goes."""


@dataclass(frozen=True)
class Delay:
    """Seconds, drawn anew for each change where the ends differ."""

    least_s: float = 0.0
    most_s: float = 0.0

    def draw(self, source: random.Random) -> float:
        """Draw one delay in seconds."""
        return source.uniform(self.least_s, self.most_s)


NO_DELAY = Delay()
Lags = Mapping[Kind, Delay]


def parse(text: str) -> Lags:
    """Read `1`, `0-2` (all kinds) or `routes=0.5-2,clusters=2` (the rest is not late). Raises ValueError."""
    if not text:
        return {}
    if "=" not in text:
        return dict.fromkeys(KINDS, _delay(text))
    return dict(_assigned(part) for part in text.split(","))


@dataclass
class LagQueue:
    """Changes of one kind for one proxy, in order: none overtakes the one before it."""

    delay: Delay
    source: random.Random
    _held: deque[tuple[float, Patch]] = field(default_factory=deque)

    def put(self, patch: Patch, now: float) -> None:
        """Hold a change back from a time in seconds on."""
        due = now + self.delay.draw(self.source)
        if self._held:
            due = max(due, self._held[-1][0])
        self._held.append((due, patch))

    def take(self, now: float) -> Patch:
        """Take what is due, joined into one change; the later one counts."""
        taken: Patch = {}
        while self._held and self._held[0][0] <= now:
            taken |= self._held.popleft()[1]
        return taken

    def forget(self, name: str) -> None:
        """Drop held changes of one resource, which has begun anew."""
        for _, patch in self._held:
            patch.pop(name, None)

    @property
    def due(self) -> float | None:
        """Give the time of the next change, None when nothing is held."""
        return self._held[0][0] if self._held else None


def difference(old: Mapping[str, Object], new: Mapping[str, Object]) -> Patch:
    """Give what makes new of old."""
    patch: Patch = {name: value for name, value in new.items() if old.get(name) != value}
    return patch | dict.fromkeys(old.keys() - new.keys())


def named(name: str) -> Kind:
    """Read the name of a kind. Raises ValueError."""
    for kind in KINDS:
        if kind == name.strip():
            return kind
    raise ValueError(f"{name!r} is none of {', '.join(KINDS)}")


def _assigned(part: str) -> tuple[Kind, Delay]:
    name, _, delay = part.partition("=")
    return named(name), _delay(delay)


def _delay(text: str) -> Delay:
    least, dash, most = text.partition("-")
    delay = Delay(float(least), float(most if dash else least))
    if not 0 <= delay.least_s <= delay.most_s:
        raise ValueError(f"{text!r} is no range of seconds")
    return delay
