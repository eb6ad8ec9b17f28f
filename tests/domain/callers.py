"""A caller of the target in the pure world: it obeys the routes as they were a while ago, and is scraped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from grayrelease.domain.traffic import Caller, Traffic, Window
from tests.domain.rules import shares
from tests.domain.world import World


@dataclass
class Callers:
    """One caller proxy with `rate` requests a second, whose routes lag `lag` seconds behind."""

    world: World
    rate: int = 50
    lag: float = 0.0
    metrics: bool = True
    """Prometheus answers."""
    known: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def second(self) -> None:
        """Let a second pass: requests by the routes it knows, then a scrape."""
        world = self.world
        self.known.append((world.now, shares(world) or dict.fromkeys(world.versions(), 500)))
        start = world.now
        world.tick(1.0)
        known = [parts for at, parts in self.known if at <= world.now - timedelta(seconds=self.lag)]
        parts = known[-1] if known else self.known[0][1]
        counts = {version: self.rate * weight // 1000 for version, weight in parts.items()}
        if self.rate:
            world.requested |= dict.fromkeys(parts, world.now)
        self.windows.append(Window(start, world.now, counts))
        world.traffic = self.traffic()

    def traffic(self) -> Traffic | None:
        if not self.metrics:
            return None
        if not self.rate:
            return Traffic()
        caller = Caller("productpage-0", dict(self.world.requested), self.world.now)
        return Traffic(tuple(self.windows[-60:]), (caller,))
