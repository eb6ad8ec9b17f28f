"""The last 15 minutes of a release's service as one table: what the charts draw and people can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from grayrelease.domain.plan import Exposure
from grayrelease.metrics import shared
from grayrelease.metrics.interface import Chart, ServiceTraffic
from grayrelease.models import Event
from grayrelease.operations import DEEDS
from grayrelease.views.shown import Shown

Values = tuple[float | None, ...]
MOVES = (*DEEDS, "step", "fall", "held")
"""Events after which another exposure is wanted: people's deeds, and what happened by itself."""
RATE_WINDOW_S = 60
"""A rate tells of at most so many seconds before its time."""
WHOLE = 1000
"""Above it, as bytes are, numbers have no decimals."""
EVERY = 2
"""Every second sample is drawn: 10 s apart are 90 rows."""


@dataclass(frozen=True)
class Column:
    """One line of a chart: its figure, name, ink, and values at the table's times."""

    group: str
    label: str
    tag: str
    role: str
    values: Values
    choice: str = ""
    stepped: bool = False


@dataclass(frozen=True)
class Traffic:
    """What is known of the service's traffic, and how old it is; `error` says why nothing newer is."""

    sampled_at: datetime | None = None
    error: str = ""
    failing_since: datetime | None = None
    times: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    mesh_errors: float | None = None
    rates: dict[str, float | None] = field(default_factory=dict)
    observed: tuple[int, int] | None = None
    """Requests to the candidate, and to both versions, since the present share was verified."""
    streams: bool = False
    """Connections alone were counted, no requests."""

    @property
    def age(self) -> float | None:
        return None if self.sampled_at is None else _seconds_since(self.sampled_at)

    @property
    def stale(self) -> bool:
        return self.age is not None and self.age > settings.STALE_AFTER_S

    @property
    def off(self) -> bool:
        return not settings.PROMETHEUS_URL

    @property
    def groups(self) -> set[str]:
        """Return the charts that have lines."""
        return {column.group for column in self.columns}

    def table(self) -> SafeString:
        """Write head and rows; built here since a template would take ten times as long."""
        head = format_html_join("", HEAD, (_head(column) for column in self.columns))
        title = gettext("Time")
        rows = mark_safe("".join(self._rows()))  # numbers and dashes: nothing of it needs escaping
        return format_html("<thead><tr><th>{}</th>{}</tr></thead><tbody>{}</tbody>", title, head, rows)

    def _rows(self) -> Iterable[str]:
        for index, time in reversed(list(enumerate(self.times))):
            cells = "".join(f"<td>{_cell(column.values[index])}</td>" for column in self.columns)
            yield f"<tr>{_time(time)}{cells}</tr>"


HEAD = (
    '<th class="num" data-group="{}" data-role="{}" data-tag="{}" data-choice="{}" data-stepped="{}">{}</th>'
)


def _head(column: Column) -> tuple[str, ...]:
    stepped = "1" if column.stepped else ""
    return (column.group, column.role, column.tag, column.choice, stepped, column.label)


def _time(time: int) -> str:
    at = datetime.fromtimestamp(time, tz=timezone.get_default_timezone())
    return f'<td data-t="{time}">{at:%H:%M:%S}</td>'


def _cell(value: float | None) -> str:
    """Write a number; absent is a dash and never zero."""
    if value is None:
        return "–"
    return f"{value:.4g}" if abs(value) < WHOLE else f"{value:.0f}"


def traffic(row: Shown) -> Traffic:
    """Ask the shared cache for the project's traffic and lay out this release's service."""
    if not settings.PROMETHEUS_URL:
        return Traffic()
    project = row.target.project
    found = shared.project_traffic(project.pk, project.namespace, timezone.now())
    if found.traffic is None:
        return Traffic(error=found.error, failing_since=found.failing_since)
    known = Traffic(found.traffic.sampled_at, found.error, found.failing_since)
    service = found.traffic.services.get(row.target.service)
    return known if service is None else _laid_out(known, row, service)


def _laid_out(known: Traffic, row: Shown, service: ServiceTraffic) -> Traffic:
    times = service.rate.times
    chosen = [index for index in range(len(times)) if (len(times) - 1 - index) % EVERY == 0]
    return replace(
        known,
        times=tuple(times[index] for index in chosen),
        columns=tuple(_thinned(column, chosen) for column in columns(row, service)),
        mesh_errors=_newest(_line(service.mesh_errors, "")),
        rates={name: _newest(_line(service.rate, name)) for name, _ in _roles(row)},
        observed=_observed(row, service.rate),
        streams=service.connections and not service.requests,
    )


def _observed(row: Shown, rate: Chart) -> tuple[int, int] | None:
    """Count the requests since the share was verified, from rates that look back RATE_WINDOW_S each."""
    verified = row.observed.verified_at if row.observed else None
    if verified is None or len(rate.times) < 2:
        return None
    step, since = rate.times[1] - rate.times[0], verified.timestamp() + RATE_WINDOW_S
    sums = {
        series.version: round(
            step * sum(v or 0 for v, t in zip(series.values, rate.times, strict=True) if t > since)
        )
        for series in rate.series
    }
    both = sum(sums.values())
    return (sums.get(row.release.candidate, 0), both) if both else None


def _thinned(column: Column, chosen: list[int]) -> Column:
    return replace(column, values=tuple(column.values[index] for index in chosen))


def columns(row: Shown, service: ServiceTraffic) -> Iterable[Column]:
    """Lay out all charts: share (set and observed), connections and bytes, requests, errors, latency."""
    candidate = row.release.candidate
    was_set = _set_share(row, service.rate.times) if row.brings else ()
    if any(share is not None for share in was_set):
        set_name = gettext("%(version)s set") % {"version": candidate}
        yield Column("share", set_name, "", "set", was_set, stepped=True)
    shares = _shares(service.rate, [name for name, _ in _roles(row)])
    for name, role in _roles(row):
        label = gettext("%(version)s observed") % {"version": name}
        yield Column("share", label, name, role, shares[name])
    if service.connections:
        yield from _connections(row, service)
    if service.requests or not service.connections:
        yield from _requests(row, service)


def _connections(row: Shown, service: ServiceTraffic) -> Iterable[Column]:
    charts = {
        "opened": (service.opened, gettext("%(version)s opened /s")),
        "open": (service.open, gettext("%(version)s open")),
        "sent": (service.sent, gettext("%(version)s bytes/s to callers")),
        "received": (service.received, gettext("%(version)s bytes/s from callers")),
    }
    for group, (chart, label) in charts.items():
        for name, role in _roles(row):
            yield Column(group, label % {"version": name}, name, role, _line(chart, name, service.rate.times))


def _requests(row: Shown, service: ServiceTraffic) -> Iterable[Column]:
    for name, role in _roles(row):
        both, opened = (_line(chart, name, service.rate.times) for chart in (service.rate, service.opened))
        yield Column("rate", f"{name} /s", name, role, tuple(map(_less, both, opened)))
    for name, role in _roles(row):
        yield Column("errors", f"{name} 5xx %", name, role, _scaled(service.errors, name))
    for choice, chart in (("p50", service.p50), ("p95", service.p95), ("p99", service.p99)):
        for name, role in _roles(row):
            yield Column("latency", f"{name} {choice} ms", name, role, _line(chart, name), choice)


def _less(value: float | None, part: float | None) -> float | None:
    return None if value is None else value - (part or 0)


def _roles(row: Shown) -> list[tuple[str, str]]:
    """Return the versions of the target with their roles: stable, this release's, those of others."""
    own = [(row.release.candidate, "candidate")] if row.brings else []
    others = [(each.release.candidate, "third") for each in row.others if each.brings]
    return [(row.target.stable if row.live else row.release.stable, "stable"), *own, *others]


def _line(chart: Chart, version: str, times: tuple[int, ...] = ()) -> Values:
    """Return a version's values; where it has none they are unknown, at the chart's times or at these."""
    found = next((series.values for series in chart.series if series.version == version), None)
    return found if found is not None else (None,) * len(times or chart.times)


def _scaled(chart: Chart, version: str) -> Values:
    return tuple(None if value is None else value * 100 for value in _line(chart, version))


def _newest(values: Values) -> float | None:
    return values[-1] if values else None


def _shares(rate: Chart, names: Iterable[str]) -> dict[str, Values]:
    """Return each version's part of the requests in percent; unknown while nobody asks anything."""
    lines = {series.version: series.values for series in rate.series}
    totals = [sum(value for value in column if value) for column in zip(*lines.values(), strict=True)]
    unknown: Values = (None,) * len(rate.times)
    return {name: tuple(map(_part, lines[name], totals)) if name in lines else unknown for name in names}


def _part(value: float | None, total: float) -> float | None:
    return 100 * (value or 0) / total if total else None


def _set_share(row: Shown, times: Iterable[int]) -> Values:
    """Return everyone's share as it was set at each time, in percent; None where nobody set one."""
    moves = Event.objects.filter(release=row.release, kind__in=MOVES).order_by("id")
    changes = [
        (at.timestamp(), _everyones(row, after))
        for at, after in moves.values_list("at", "data__after")
        if "share" in (after or {})
    ]
    ended = row.release.ended_at.timestamp() if row.release.ended_at else float("inf")
    return tuple(_at(changes, time) if time <= ended else None for time in times)


def _everyones(row: Shown, after: dict[str, Any]) -> float | None:
    """Return the share of all visitors; nobody sets what part of them an audience is, and copies are none."""
    said = after.get("exposure")
    exposure = Exposure.model_validate_json(said) if said else row.plan.steps[0].exposure
    if exposure.audience or (exposure.mirror and not exposure.share):
        return None
    return float(after["share"]) / 10


def _at(changes: list[tuple[float, float | None]], time: int) -> float | None:
    before = [share for at, share in changes if at <= time]
    return before[-1] if before else None


def _seconds_since(at: datetime) -> float:
    return round(max(0.0, (timezone.now() - at).total_seconds()), 1)
