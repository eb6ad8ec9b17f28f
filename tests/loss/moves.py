"""A service that is released again and again, and the record of what was done to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demo.stack import Stack
from tests.loss.echo import IMAGE
from tests.story.api import APPS, Api
from tests.story.releasing import Operator, Wish
from tests.story.rows import Row, carried, in_phase

WITHIN_S = 120


@dataclass
class Done:
    """The transitions of all services, by kind, with the seconds that each took."""

    kinds: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.kinds[kind] += 1
            self.seconds.append(seconds)


@dataclass
class Moving:
    """A release of a service, as its driver holds it."""

    wish: Wish
    page: str


class Served:
    """One service of the echo with its stable version; each move is awaited until nothing more comes."""

    def __init__(self, stack: Stack, service: str, done: Done) -> None:
        self.operator, self.service, self.done = Operator(stack), service, done
        self.api = Api(stack.options.kubeconfig, "demo")
        self.stable, self.newest = "v1", 1

    def close(self) -> None:
        self.operator.close()

    def start(self, mode: str, **policy: Any) -> Moving:
        """Bring the next version."""
        self.newest += 1
        version = f"v{self.newest}"
        wish = Wish(
            f"{self.service}-{version}",
            version,
            IMAGE.format(version),
            mode=mode,
            policy=policy,
            service=self.service,
        )
        began = time.monotonic()
        moving = Moving(wish, self.operator.start(wish))
        self._settled(f"start {mode}", moving, began, carried)
        return moving

    def move(
        self, kind: str, moving: Moving, deed: str, phase: str = "", versions: str = "", **fields: Any
    ) -> None:
        """Do a deed, and wait for its end: in a phase, if one is named."""
        began = time.monotonic()
        self.operator.deed(moving.page, deed, **fields)
        is_there = in_phase(phase)
        self._settled(kind, moving, began, lambda row: carried(row) and (not phase or is_there(row)))

    def _settled(self, kind: str, moving: Moving, began: float, wanted: Callable[[Row], bool]) -> None:
        self.operator.rows.wait(moving.wish.name, wanted, WITHIN_S)
        self.done.add(kind, time.monotonic() - began)

    def share(self, moving: Moving, percent: int) -> None:
        self.move("share", moving, "share", share=percent)

    def take_over(self, moving: Moving, version: str = "", kind: str = "take over") -> None:
        """Let the candidate, or another version, have all traffic."""
        version = version or moving.wish.version
        phase = "taken-over" if version == moving.wish.version else ""
        self.move(kind, moving, "take-over", phase, version=version)

    def roll_back(self, moving: Moving) -> None:
        self.move("roll back", moving, "roll-back", "rolled-back")

    def finish(self, moving: Moving) -> None:
        self.move("finish", moving, "finish", "finished")
        self.stable = str(self.operator.rows.release(moving.wish.name)["stable"])

    def abandon(self, moving: Moving) -> None:
        self.move("abandon", moving, "abandon", "abandoned")

    def scale(self, version: str, replicas: int) -> None:
        """Do what an autoscaler does, and wait for the pods."""
        began, name = time.monotonic(), f"{self.service}-{version}"
        self.api.merge(APPS, "deployments", name, {"spec": {"replicas": replicas}})
        self.api.wait_ready(name, WITHIN_S)
        self.done.add("replicas", time.monotonic() - began)
