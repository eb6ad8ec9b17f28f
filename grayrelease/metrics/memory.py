"""Metrics in memory, fed by tests scrape by scrape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta

from grayrelease.domain.handing import Source
from grayrelease.domain.traffic import Traffic
from grayrelease.metrics.charts import UNKNOWN
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
    """The questions so far: `traffic`, `sources` or `project`."""
    workloads: dict[str, Source] = field(default_factory=dict)
    """Caller → its workload; nothing is known of others."""

    def __post_init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str], list[tuple[float, float]]] = defaultdict(list)

    def scrape(
        self,
        namespace: str,
        service: str,
        at: datetime,
        sent: Mapping[str, int],
        *,
        caller: str = "caller-1",
        restarted: bool = False,
    ) -> None:
        """Let a caller be scraped, having sent so many requests by version since its last scrape.

        Its first scrape is the baseline: what it names there falls into no window. `restarted`: its counters
        began at 0 again since then.
        """
        known = {key[3] for key in self._samples if key[:3] == (namespace, service, caller)}
        for version in sorted(known | set(sent)):
            samples = self._samples[namespace, service, caller, version]
            total = samples[-1][1] if samples and not restarted else 0
            samples.append((at.timestamp(), total + sent.get(version, 0)))

    def traffic(self, namespace: str, service: str, *, since: datetime, now: datetime) -> Traffic:
        self._ask("traffic")
        counters = list(self._counters(namespace, service, (now - CALLERS).timestamp(), now.timestamp()))
        return Traffic(windows(rises(counters), since), callers(counters))

    def _counters(self, namespace: str, service: str, start: float, end: float) -> Iterator[Counter]:
        for (its_namespace, its_service, caller, version), samples in self._samples.items():
            inside = tuple(sample for sample in samples if start < sample[0] <= end)
            if (its_namespace, its_service) == (namespace, service) and inside:
                yield Counter(caller, "" if version in UNKNOWN else version, inside)

    def sources(self, namespace: str, service: str, *, now: datetime) -> tuple[Source, ...]:
        self._ask("sources")
        start, end = (now - CALLERS).timestamp(), now.timestamp()
        counted = [each for each in self._counters(namespace, service, 0, end) if _rose(each, start)]
        unknown = Source("unknown", "unknown", "unknown")
        found = {self.workloads.get(each.caller, unknown) for each in counted}
        return tuple(sorted(found, key=astuple))

    def project(self, namespace: str, *, now: datetime, minutes: int = 15, step_s: int = 5) -> ProjectTraffic:
        self._ask("project")
        return self.projects.get(namespace, ProjectTraffic(now - timedelta(minutes=minutes), {}))

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.error:
            raise MetricsUnavailable(self.error)


def _rose(counter: Counter, start: float) -> bool:
    """Tell if a counter rose after `start`, or came to be above 0."""
    before = [value for at, value in counter.samples if at <= start]
    after = [value for at, value in counter.samples if at > start]
    return any(value != (before[-1:] or [0])[0] for value in after)
