"""Times in milliseconds, and what is printed of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Figure:
    """Measured times of one thing."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def add(self, seconds: float) -> None:
        self.times.append(seconds * 1000)

    @contextmanager
    def measured(self) -> Iterator[None]:
        began = monotonic()
        yield
        self.add(monotonic() - began)

    def percentile(self, part: int) -> float:
        """Return the smallest time that `part` percent of the times do not exceed."""
        place = max(0, math.ceil(part / 100 * len(self.times)) - 1)
        return round(sorted(self.times)[place], 1)

    def as_json(self) -> dict[str, float | int]:
        return {"p50": self.percentile(50), "p95": self.percentile(95), "n": len(self.times)}
