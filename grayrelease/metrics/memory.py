"""Metrics in memory, fed by tests scrape by scrape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from grayrelease.domain.state import Traffic
from grayrelease.metrics.interface import MetricsUnavailable, ProjectTraffic
from grayrelease.metrics.windows import Counter, callers, rises, windows

CALLERS = timedelta(minutes=15)


@dataclass
class Memory:
    """A `Metrics` of its own: `scrape` what callers counted, put charts into `projects`."""

    projects: dict[str, ProjectTraffic] = field(default_factory=dict)
    """Namespace → what `project` gives."""
    error: str = ""
    """Not empty: every question raises MetricsUnavailable with it."""
    asked: list[str] = field(default_factory=list)
    """The questions so far: `traffic` or `project`."""

    def __post_init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str], list[tuple[float, float]]] = defaultdict(list)

    def scrape(
        self, namespace: str, service: str, at: datetime, sent: Mapping[str, int], *, caller: str = "caller-1"
    ) -> None:
        """Let a caller be scraped, having sent so many requests by version since its last scrape.

        Its first scrape is the baseline: what it names there falls into no window.
        """
        known = {key[3] for key in self._samples if key[:3] == (namespace, service, caller)}
        for version in known | set(sent):
            samples = self._samples[namespace, service, caller, version]
            total = samples[-1][1] if samples else 0
            samples.append((at.timestamp(), total + sent.get(version, 0)))

    def traffic(self, namespace: str, service: str, *, since: datetime, now: datetime) -> Traffic:
        self._ask("traffic")
        oldest = (now - CALLERS).timestamp()
        counters = [
            Counter(
                key[2], key[3], tuple(sample for sample in samples if oldest < sample[0] <= now.timestamp())
            )
            for key, samples in self._samples.items()
            if key[:2] == (namespace, service)
        ]
        return Traffic(windows(rises(counters), since), callers(counters))

    def project(self, namespace: str, *, now: datetime, minutes: int = 15, step_s: int = 5) -> ProjectTraffic:
        self._ask("project")
        return self.projects.get(namespace, ProjectTraffic(now - timedelta(minutes=minutes), {}))

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.error:
            raise MetricsUnavailable(self.error)
