"""Rings for targets: soon after a change, once for many, and never waiting long for a broker that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from grayrelease import tasks
from grayrelease.models import Target

APART_S = 0.15
"""Between two rings for one target."""
WAITING_APART_S = 1.0
"""For a target that waits: the driver looks at it each 250 ms anyway."""
DEAF_S = 5.0
"""A broker that could not be told is left alone for so long."""


def ring(target_id: int) -> bool:
    return tasks.ring(tasks.reconcile, target_id)


@dataclass
class Bell:
    """`tell` rings for one target and says whether somebody heard it; else the driver finds it waiting."""

    tell: Callable[[int], bool] = ring
    _due: dict[int, float] = field(default_factory=dict)
    _rung: dict[int, float] = field(default_factory=dict)
    _deaf_until: float = 0.0

    def want(self, target_id: int, *, waiting: bool) -> None:
        """Ring for a target once it is time."""
        now = time.monotonic()
        apart = WAITING_APART_S if waiting else APART_S
        soonest = max(now, self._rung.get(target_id, 0.0) + apart)
        self._due[target_id] = min(soonest, self._due.get(target_id, soonest))

    def ring(self) -> None:
        """Ring for all whose time it is. Raises DatabaseError; what was not rung then stays due."""
        for target_id in [each for each, due in self._due.items() if due <= time.monotonic()]:
            if not self._told(target_id):
                Target.objects.filter(pk=target_id).update(waiting=True)
            del self._due[target_id]
            self._rung[target_id] = time.monotonic()

    def patience(self) -> float:
        """Return the seconds until somebody must be rung for."""
        return max(0.0, min(self._due.values(), default=float("inf")) - time.monotonic())

    def forget(self, living: set[int]) -> None:
        """Keep no times of targets that are no longer live."""
        self._rung = {each: at for each, at in self._rung.items() if each in living}

    def _told(self, target_id: int) -> bool:
        if time.monotonic() < self._deaf_until:
            return False
        if not (told := self.tell(target_id)):
            self._deaf_until = time.monotonic() + DEAF_S
        return told
