"""A Prometheus server, asked by its HTTP API."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from grayrelease.domain.handing import Source
from grayrelease.domain.traffic import Traffic
from grayrelease.metrics import charts, queries
from grayrelease.metrics.charts import Answer
from grayrelease.metrics.interface import MetricsUnavailable, ProjectTraffic
from grayrelease.metrics.windows import Counter, callers, moment, rises, still_open, windows

CALLERS_S = 15 * 60
WINDOWS_S = 5 * 60  # raw samples are asked for at most so far back …
BEFORE_S = 60  # … and so long before a write, for the scrape that is the baseline; ≥ CALLERS_STEP_S
SCALE_S = 60
UNKNOWN_INTERVAL_S = 15.0
BUCKET_LIMIT = 6_000  # about 300 counters; above it there are no latencies rather than slow ones

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scale:
    """How often a project's callers are scraped, and how many latency buckets they have."""

    at: float
    interval_s: float
    buckets: float

    @property
    def window_s(self) -> float:
        """Rates need four samples, and no more, to follow a change."""
        return max(4 * self.interval_s, 5)


class Prometheus:
    """The questions of `Metrics`. Each takes at most `timeout` seconds in all, and nothing is tried twice."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        self.client = _client(self.url) if url else None
        self.scales: dict[str, Scale] = {}

    def traffic(self, namespace: str, service: str, *, since: datetime, now: datetime) -> Traffic:
        """Return windows and callers; windows reach back 5 minutes at most, however old the write is."""
        deadline = time.monotonic() + self.timeout
        range_s = min((now - since).total_seconds(), WINDOWS_S) + BEFORE_S
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(self._at, queries.callers(namespace, service, CALLERS_S), now, deadline)
            raw = self._at(queries.samples(namespace, service, range_s), now, deadline)
            last = asked.result()
        return _read(lambda: _traffic(raw, last, since, now.timestamp() - queries.CALLERS_STEP_S))

    def sources(self, namespace: str, service: str, *, now: datetime) -> tuple[Source, ...]:
        deadline = time.monotonic() + self.timeout
        answer = self._at(queries.sources(namespace, service, CALLERS_S), now, deadline)
        return _read(lambda: tuple(sorted({_source(line["metric"]) for line in answer}, key=astuple)))

    def project(self, namespace: str, *, now: datetime, minutes: int = 15, step_s: int = 5) -> ProjectTraffic:
        """Return the charts from two queries, and once a minute a third one."""
        deadline = time.monotonic() + self.timeout
        scale = self._scale(namespace, now, deadline)
        times = queries.grid(now, minutes, step_s)
        rates = self._over(queries.rates(namespace, scale.window_s), times, step_s, deadline)
        latencies: Answer = []
        if scale.buckets <= BUCKET_LIMIT:
            query = queries.latencies(namespace, scale.window_s)
            latencies = self._or_nothing(query, times, step_s, deadline)
        return _read(lambda: _project(times, rates, latencies))

    def _or_nothing(self, query: str, times: tuple[int, ...], step_s: int, deadline: float) -> Answer:
        """Ask for latencies, which cost twenty times as much: without an answer the rest still counts."""
        try:
            return self._over(query, times, step_s, deadline)
        except MetricsUnavailable as error:
            log.warning("No latencies: %s", error)
            return []

    def _scale(self, namespace: str, now: datetime, deadline: float) -> Scale:
        """Ask how often it scrapes and how much there is, once a minute."""
        known = self.scales.get(namespace)
        if known is None or time.monotonic() - known.at >= SCALE_S:
            answer = self._at(queries.scale(namespace), now, deadline)
            known = _read(lambda: _scale(answer))
            self.scales[namespace] = known
        return known

    def _at(self, query: str, at: datetime, deadline: float) -> Answer:
        params = {"time": f"{at.timestamp():.3f}"}
        return self._ask(lambda client, left: client.custom_query(query, params, timeout=left), deadline)

    def _over(self, query: str, times: tuple[int, ...], step_s: int, deadline: float) -> Answer:
        start, end = (datetime.fromtimestamp(times[index], UTC) for index in (0, -1))
        return self._ask(
            lambda client, left: client.custom_query_range(query, start, end, str(step_s), timeout=left),
            deadline,
        )

    def _ask(self, question: Callable[[Any, float], Any], deadline: float) -> Answer:
        if self.client is None:
            raise MetricsUnavailable("Metrics are off: PROMETHEUS_URL is not set")
        if (left := deadline - time.monotonic()) <= 0:
            raise MetricsUnavailable(self._late())
        try:
            return _read(lambda: list(question(self.client, left)))
        except (requests.Timeout, requests.ConnectionError, HTTPError) as error:
            why = self._late() if "timed out" in str(error) else f"{self._name} cannot be reached: {error}"
            raise MetricsUnavailable(_line(why)) from error
        except (requests.RequestException, PrometheusApiClientException) as error:
            raise MetricsUnavailable(_line(f"{self._name} refuses: {error}")) from error

    def _late(self) -> str:
        return f"{self._name} gave no answer within {self.timeout} s"

    @property
    def _name(self) -> str:
        address = urlsplit(self.url)
        return f"Prometheus at {address.hostname}:{address.port or address.scheme}"


def _client(url: str) -> PrometheusConnect:
    session = requests.Session()
    client = PrometheusConnect(url, session=session, retry=Retry(total=0))
    # The library mounts an adapter of its own on the address; the longer prefix wins.
    adapter = HTTPAdapter(pool_maxsize=32, max_retries=Retry(total=0))
    session.mount(f"{url}/api", adapter)
    return client


def _read(answer: Callable[[], T]) -> T:
    try:
        return answer()
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MetricsUnavailable(_line(f"Prometheus' answer cannot be read: {error!r}")) from error


def _traffic(raw: Answer, last: Answer, since: datetime, begin: float) -> Traffic:
    counted = [_counter(line) for line in raw if not _is_closed(line)]
    closed = [_counter(line) for line in raw if _is_closed(line)]
    opened = [_counter(line) for line in raw if line["metric"].get("__name__") == queries.OPENED]
    sent: dict[tuple[str, str], float] = {}
    seen: dict[str, float] = {}
    for line in last:
        caller, version, at = _caller(line["metric"]), _version(line["metric"]), float(line["value"][1])
        if line["metric"]["what"] == "scrape":
            seen[caller] = max(at, seen.get(caller, 0))
        elif version:
            sent[caller, version] = max(at, sent.get((caller, version), 0))
    busy = still_open(opened, closed)
    found = callers(counted, sent, seen, begin, busy)
    homes = {_caller(line["metric"]): _home(line["metric"]) for line in (*raw, *last)}
    at_home = tuple(replace(each, namespace=homes[each.pod]) for each in found)
    return Traffic(windows(rises(counted), since), at_home)


def _counter(line: Mapping[str, Any]) -> Counter:
    return Counter(
        caller=_caller(line["metric"]),
        version=_version(line["metric"]),
        samples=tuple((float(at), float(value)) for at, value in line["values"]),
    )


def _is_closed(line: Mapping[str, Any]) -> bool:
    return bool(line["metric"].get("__name__") == queries.CLOSED)


def _scale(answer: Answer) -> Scale:
    """Until two scrapes are known the answer is believed for a moment only."""
    found = {line["metric"]["what"]: float(line["value"][1]) for line in answer}
    at = time.monotonic() - (0 if "interval" in found else SCALE_S)
    return Scale(at, found.get("interval", UNKNOWN_INTERVAL_S), found.get("buckets", 0))


def _project(times: tuple[int, ...], rates: Answer, latencies: Answer) -> ProjectTraffic:
    """Where nothing was sampled in all that time, `sampled_at` is its start: nothing is newer than that."""
    newest = charts.newest(rates)
    return ProjectTraffic(
        sampled_at=moment(times[0] if newest is None else newest),
        services=charts.services(times, rates, latencies),
    )


def _source(labels: dict[str, str]) -> Source:
    names = ("source_workload", "source_workload_namespace", "source_app")
    workload, namespace, app = (labels.get(name) or "unknown" for name in names)
    return Source(workload, namespace, app)


def _caller(labels: dict[str, str]) -> str:
    return labels.get("pod") or labels.get("instance", "")


def _home(labels: dict[str, str]) -> str:
    """Return the namespace of a caller's pod, as the caller itself says it."""
    return labels.get("source_workload_namespace", "") if labels.get("pod") else ""


def _version(labels: dict[str, str]) -> str:
    version = labels.get("destination_version", "")
    return "" if version in charts.UNKNOWN else version


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
