"""How we ask about traffic: a few questions, the same for Prometheus and the double."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grayrelease.domain.handing import Source
from grayrelease.domain.traffic import Traffic


class MetricsUnavailable(Exception):
    """No answer, or not an answer: the message says why in one line."""


@dataclass(frozen=True)
class Series:
    """One line of a chart: values at `Chart.times`; None where nothing is known (never zero instead)."""

    version: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """Lines over common times (Unix seconds)."""

    times: tuple[int, ...]
    series: tuple[Series, ...]


NOTHING = Chart((), ())


@dataclass(frozen=True)
class ServiceTraffic:
    """The last 15 minutes of one service, by version.

    rate in requests/s (of a TCP service: connections opened/s), errors (5xx) as a ratio 0..1, client_errors
    (4xx) likewise, latency quantiles in ms; `mesh_errors`: requests that no version caused to fail, per
    second. Of a TCP service also connections opened/s by themselves, open connections, and bytes/s that were
    sent to callers and received from them.
    """

    rate: Chart
    errors: Chart
    client_errors: Chart
    p50: Chart
    p95: Chart
    p99: Chart
    mesh_errors: Chart
    open: Chart = NOTHING
    sent: Chart = NOTHING
    received: Chart = NOTHING
    opened: Chart = NOTHING

    @property
    def connections(self) -> bool:
        """Tell if connections were counted."""
        return bool(self.open.series)

    @property
    def requests(self) -> bool:
        """Tell if requests were counted: only they have answers, and so a ratio of errors."""
        return any(value is not None for series in self.errors.series for value in series.values)


@dataclass(frozen=True)
class ProjectTraffic:
    """All services of a namespace, from one set of queries; `sampled_at` is the newest sample's time."""

    sampled_at: datetime
    services: Mapping[str, ServiceTraffic]


class Metrics(Protocol):
    """One Prometheus. Every call has a timeout and raises `MetricsUnavailable`."""

    def traffic(self, namespace: str, service: str, *, since: datetime, now: datetime) -> Traffic:
        """Return the windows since a route write and the callers of the last 15 minutes."""
        ...

    def sources(self, namespace: str, service: str, *, now: datetime) -> tuple[Source, ...]:
        """Return the workloads that sent HTTP requests in the last 15 minutes, as they count themselves."""
        ...

    def project(self, namespace: str, *, now: datetime, minutes: int = 15, step_s: int = 5) -> ProjectTraffic:
        """Return what the charts of a project need."""
        ...
