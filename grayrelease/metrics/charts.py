"""From Prometheus' answers to charts: pure. What isn't known is None, never zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from grayrelease.metrics.interface import Chart, Series, ServiceTraffic

Answer = list[dict[str, Any]]
"""What Prometheus gives: `metric` (labels) and `value` or `values` ([Unix seconds, text])."""
Values = list[float | None]
Version = tuple[str, str]
"""Service, version."""

CONNECTIONS = frozenset({"", "0"})
"""Classes of what has no answer's code."""
BESIDE = frozenset({"mesh", "open", "sent", "received"})
"""Classes that are no requests of a version."""
UNKNOWN = frozenset({"", "unknown"})  # how Istio writes that it doesn't know


def services(times: tuple[int, ...], rates: Answer, latencies: Answer) -> dict[str, ServiceTraffic]:
    """Draw all services of a project from the answers to `queries.RATES` and `queries.LATENCIES`."""
    by_class = _by_class(times, rates)
    by_bucket = _by_bucket(times, latencies)
    return {
        service: _service(times, service, by_class, by_bucket)
        for service in sorted({service for service, _ in by_class} - UNKNOWN)
    }


def newest(rates: Answer) -> float | None:
    """Give the time of the newest sample, in Unix seconds."""
    times = [float(value) for line in rates if _class(line) == "newest" for _, value in line["values"]]
    return max(times, default=None)


def _service(
    times: tuple[int, ...],
    service: str,
    by_class: Mapping[Version, Mapping[str, Values]],
    by_bucket: Mapping[Version, Mapping[float, Values]],
) -> ServiceTraffic:
    versions = sorted(version for its, version in by_class if its == service and version not in UNKNOWN)

    def chart(values: Callable[[Version], Values]) -> Chart:
        return Chart(times, tuple(Series(each, tuple(values((service, each)))) for each in versions))

    def ratio(first_digit: str) -> Chart:
        return chart(lambda version: _ratio(by_class[version], first_digit, len(times)))

    def quantile(share: float) -> Chart:
        return chart(lambda version: _quantiles(by_bucket.get(version, {}), share, len(times)))

    def of_connections(name: str) -> Chart:
        found = [version for version in versions if name in by_class[service, version]]
        return Chart(times, tuple(Series(each, tuple(by_class[service, each][name])) for each in found))

    mesh = _mesh([classes for (its, _), classes in by_class.items() if its == service], len(times))
    return ServiceTraffic(
        rate=chart(lambda version: _total(by_class[version], len(times))),
        errors=ratio("5"),
        client_errors=ratio("4"),
        p50=quantile(0.5),
        p95=quantile(0.95),
        p99=quantile(0.99),
        mesh_errors=Chart(times, (Series("", tuple(mesh)),)),
        open=of_connections("open"),
        sent=of_connections("sent"),
        received=of_connections("received"),
        opened=of_connections(""),
    )


def _by_class(times: tuple[int, ...], rates: Answer) -> dict[Version, dict[str, Values]]:
    found: dict[Version, dict[str, Values]] = defaultdict(dict)
    for line in rates:
        if _class(line) != "newest":
            found[_version(line)][_class(line)] = _values(times, line)
    return found


def _by_bucket(times: tuple[int, ...], latencies: Answer) -> dict[Version, dict[float, Values]]:
    found: dict[Version, dict[float, Values]] = defaultdict(dict)
    for line in latencies:
        found[_version(line)][float(line["metric"]["le"])] = _values(times, line)
    return found


def _class(line: Mapping[str, Any]) -> str:
    return str(line["metric"].get("class", ""))


def _version(line: Mapping[str, Any]) -> Version:
    labels = line["metric"]
    return labels.get("destination_service_name", ""), labels.get("destination_version", "")


def _values(times: tuple[int, ...], line: Mapping[str, Any]) -> Values:
    known = {int(at): float(value) for at, value in line["values"]}
    return [known.get(at) for at in times]


def _total(classes: Mapping[str, Values], length: int) -> Values:
    """Add up what is known, without the mesh's own errors; None where nothing is."""
    return _sums([values for name, values in classes.items() if name not in BESIDE], length)


def _ratio(classes: Mapping[str, Values], name: str, length: int) -> Values:
    parts = classes.get(name, [None] * length)
    wholes = _total({key: values for key, values in classes.items() if key not in CONNECTIONS}, length)
    return [(part or 0.0) / whole if whole else None for part, whole in zip(parts, wholes, strict=True)]


def _mesh(versions: Iterable[Mapping[str, Values]], length: int) -> Values:
    """Add up the mesh's errors; known to be 0 where requests are known and no error was counted."""
    all_classes = list(versions)
    errors = _sums([classes["mesh"] for classes in all_classes if "mesh" in classes], length)
    counted = BESIDE - {"mesh"}
    known = _sums(
        [values for classes in all_classes for name, values in classes.items() if name not in counted], length
    )
    return [
        error if error is not None or total is None else 0.0
        for error, total in zip(errors, known, strict=True)
    ]


def _sums(lines: Sequence[Values], length: int) -> Values:
    sums: Values = []
    for index in range(length):
        known = [value for line in lines if (value := line[index]) is not None]
        sums.append(sum(known) if known else None)
    return sums


def _quantiles(buckets: Mapping[float, Values], share: float, length: int) -> Values:
    bounds = sorted(buckets)
    return [
        _quantile([(bound, buckets[bound][index] or 0.0) for bound in bounds], share)
        for index in range(length)
    ]


def _quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """Interpolate in cumulative buckets (upper bound, count) as PromQL's histogram_quantile does."""
    total = buckets[-1][1] if buckets else 0.0
    if total <= 0:
        return None
    below, reached = 0.0, 0.0
    for bound, count in buckets:
        if count >= share * total and count > reached:
            if bound == float("inf"):
                return below or None
            return below + (bound - below) * (share * total - reached) / (count - reached)
        below, reached = (bound if bound != float("inf") else below), max(reached, count)
    return below or None
