"""The count of all answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grayrelease.sandbox.visitors.answers import Seen

KEPT = 20


@dataclass
class Summary:
    """Counts by status, version and fault, and times of answers in tenths of a millisecond."""

    statuses: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    jason: Counter[str] = field(default_factory=Counter)
    first_faults: list[dict[str, Any]] = field(default_factory=list)
    times: Counter[int] = field(default_factory=Counter)
    skipped: int = 0

    def add(self, name: str, status: int, seen: Seen, at: float, seconds: float) -> None:
        """Count one answer; `at` is the moment of the request, in seconds since the start."""
        self.statuses[str(status)] += 1
        self.times[round(seconds * 10_000)] += 1
        if seen.version:
            self.versions[seen.version] += 1
            if name == "jason":
                self.jason[seen.version] += 1
        if seen.fault:
            self.faults[seen.fault] += 1
            if len(self.first_faults) < KEPT:
                fault = {"at_s": round(at, 3), "visitor": name, "status": status, "fault": seen.fault}
                self.first_faults.append(fault)

    def skip(self) -> None:
        """Count a visit that was due while too many waited for their answers."""
        self.skipped += 1

    @property
    def requests(self) -> int:
        """All that were sent."""
        return self.statuses.total()

    def as_json(self, seconds: float) -> dict[str, Any]:
        """Give the report; `bad` is what a loss test wants to be 0."""
        return {
            "requests": self.requests,
            "bad": self.faults.total(),
            "skipped": self.skipped,
            "seconds": round(seconds, 2),
            "rate": round(self.requests / seconds, 2) if seconds else 0,
            "statuses": dict(sorted(self.statuses.items())),
            "versions": dict(sorted(self.versions.items())),
            "jason": dict(sorted(self.jason.items())),
            "faults": dict(sorted(self.faults.items())),
            "first_faults": self.first_faults,
            "latency_ms": {f"p{part}": self.percentile(part) for part in (50, 95, 99)},
        }

    def percentile(self, part: int) -> float | None:
        """Give a percentile of the times in milliseconds; None without answers."""
        left = self.times.total() * part / 100
        for tenths in sorted(self.times):
            left -= self.times[tenths]
            if left <= 0:
                return tenths / 10
        return None
