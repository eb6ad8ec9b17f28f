"""What callers were answered: by which version, when, and what was lost."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

BIN_S = 0.25
KEPT = 50


@dataclass(frozen=True)
class Flow:
    """Requests of one kind from one caller's sidecar to one service.

    `protocol` is http, grpc or tcp; `host` the service's name and port as callers write them; `who` the
    cookie that they send, if any; `rate` per second.
    """

    service: str
    protocol: str
    caller: str
    address: str
    port: int
    host: str
    rate: float
    who: str = ""


class Counts:
    """Answers by flow, version and quarter of a second; the first of what was lost, and how many were."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str, str, str, int], list[float]] = {}
        self.protocols: Counter[str] = Counter()
        self.seconds: Counter[int] = Counter()
        self.times: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.first_lost: list[dict[str, Any]] = []
        self.skipped: Counter[str] = Counter()
        self.skipped_at: Counter[int] = Counter()

    def answered(self, flow: Flow, asked: float, version: str) -> None:
        """Count an answer that is whole; `asked` by time.monotonic()."""
        now = time.monotonic()
        key = (flow.service, flow.protocol, flow.who, version, int(asked / BIN_S))
        seen = self.answers.setdefault(key, [0, now])
        seen[0] += 1
        seen[1] = now
        self._ended(flow, asked, now)

    def lose(self, flow: Flow, asked: float, fault: str) -> None:
        """Count whatever isn't a whole answer."""
        self.faults[f"{flow.protocol}: {fault}"] += 1
        if len(self.first_lost) < KEPT:
            about = {"service": flow.service, "protocol": flow.protocol, "caller": flow.caller}
            self.first_lost.append(
                {**about, "asked": asked, "took": time.monotonic() - asked, "fault": fault}
            )
        self._ended(flow, asked, time.monotonic())

    def _ended(self, flow: Flow, asked: float, now: float) -> None:
        self.protocols[flow.protocol] += 1
        self.seconds[int(asked)] += 1
        self.times[round((now - asked) * 1000)] += 1

    def skip(self, flow: Flow, number: int, why: str) -> None:
        """Count requests that were due and never sent."""
        self.skipped[why] += number
        self.skipped_at[int(time.monotonic())] += number

    def report(self, seconds: float) -> dict[str, Any]:
        """Give the figures; `answers`: service, protocol, who, version, from, to, how many (monotonic)."""
        asked = self.protocols.total()
        whole = sorted(self.seconds.items())[1:-1]
        return {
            "requests": asked,
            "seconds": round(seconds, 1),
            "rate": round(asked / seconds, 1),
            "slowest_second": min((count for _, count in whole), default=0),
            "by_protocol": dict(self.protocols),
            "lost": self.faults.total(),
            "faults": dict(self.faults),
            "first_lost": self.first_lost,
            "skipped": dict(self.skipped),
            "latency_ms": {f"p{part:g}": self._percentile(part) for part in (50, 99, 100)},
            "answers": [
                [*key[:4], key[4] * BIN_S, last, int(count)] for key, (count, last) in self.answers.items()
            ],
        }

    def _percentile(self, part: float) -> int | None:
        left = self.times.total() * part / 100
        for took in sorted(self.times):
            left -= self.times[took]
            if left <= 0:
                return took
        return None
