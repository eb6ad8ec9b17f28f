"""What `traffic` promises: run against the double and against a real Prometheus."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from grayrelease.domain.handing import Source
from grayrelease.domain.traffic import Traffic
from grayrelease.metrics.interface import Metrics
from grayrelease.metrics.memory import Memory
from grayrelease.metrics.prometheus import Prometheus
from tests.metrics.exporter import Exporter, labels, line, scraping

CALLERS = ["caller-1", "caller-2"]


def source(caller: str, namespace: str) -> Source:
    return Source(f"{caller}-v1", namespace, caller)


class Feed(Protocol):
    """Callers that a test lets send; a step ends when they have been scraped."""

    metrics: Metrics
    namespace: str

    def now(self) -> datetime: ...

    def send(
        self, caller: str = "caller-1", *, service: str = "reviews", restarted: bool = False, **sent: int
    ) -> None: ...


class MemoryFeed:
    def __init__(self) -> None:
        self.metrics = Memory(workloads={name: source(name, "demo") for name in CALLERS})
        self.namespace = "demo"
        self.clock = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.clock += timedelta(milliseconds=1)
        return self.clock

    def send(
        self, caller: str = "caller-1", *, service: str = "reviews", restarted: bool = False, **sent: int
    ) -> None:
        self.clock += timedelta(seconds=1)
        self.metrics.scrape(self.namespace, service, self.clock, sent, caller=caller, restarted=restarted)


class PrometheusFeed:
    """Each test has a namespace of its own in one Prometheus, since nothing stored there goes away."""

    def __init__(self, exporter: Exporter, url: str) -> None:
        self.metrics = Prometheus(url, 1.5)
        self.exporter = exporter
        self.namespace = f"demo-{secrets.token_hex(4)}"
        self.counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in CALLERS}
        for name in CALLERS:
            exporter.pages[name] = lambda name=name: self.page(name)  # type: ignore[misc]

    def page(self, caller: str) -> str:
        return "".join(
            line(
                "istio_requests_total",
                count,
                pod=caller,
                **labels(self.namespace, service, version, **self.whose(caller)),
            )
            for (service, version), count in self.counts[caller].items()
        )

    def whose(self, caller: str) -> dict[str, str]:
        known = source(caller, self.namespace)
        names = ("source_workload", "source_workload_namespace", "source_app")
        return dict(zip(names, (known.workload, known.namespace, known.app), strict=True))

    def now(self) -> datetime:
        return datetime.now(UTC)

    def send(
        self, caller: str = "caller-1", *, service: str = "reviews", restarted: bool = False, **sent: int
    ) -> None:
        with self.exporter.changed:
            if restarted:
                self.counts[caller].clear()
            for version, count in sent.items():
                self.counts[caller][service, version] += count
        self.exporter.scraped(caller)


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    exporter = Exporter()
    yield exporter
    exporter.stop()


@pytest.fixture(scope="module")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory, exporter: Exporter) -> Iterator[str]:
    with scraping(tmp_path_factory.mktemp("prometheus"), exporter, CALLERS) as (url, _):
        yield url


@pytest.fixture(params=["memory", pytest.param("prometheus", marks=pytest.mark.processes)])
def feed(request: pytest.FixtureRequest) -> Feed:
    if request.param == "memory":
        return MemoryFeed()
    url = request.getfixturevalue("prometheus_url")
    return PrometheusFeed(request.getfixturevalue("exporter"), url)


def ask(feed: Feed, since: datetime, service: str = "reviews") -> Traffic:
    return feed.metrics.traffic(feed.namespace, service, since=since, now=feed.now())


def total(traffic: Traffic) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for window in traffic.windows:
        counts.update(window.counts)
    return {version: count for version, count in counts.items() if count}


def test_it_counts_what_callers_sent_since(feed: Feed) -> None:
    feed.send(v1=1000)
    since = feed.now()
    feed.send(v1=80, v2=20)
    feed.send(v1=70, v2=30)
    traffic = ask(feed, since)
    assert total(traffic) == {"v1": 150, "v2": 50}
    assert all(window.end > since and window.start < window.end for window in traffic.windows)
    ends = [window.end for window in traffic.windows]
    assert ends == sorted(set(ends))


def test_it_leaves_out_windows_that_ended_before(feed: Feed) -> None:
    feed.send(v1=1000)
    feed.send(v1=500)
    since = feed.now()
    feed.send(v1=5)
    assert total(ask(feed, since)) == {"v1": 5}


def test_a_callers_first_scrape_is_only_a_baseline(feed: Feed) -> None:
    since = feed.now()
    feed.send(v1=1000)
    assert total(ask(feed, since)) == {}
    feed.send(v1=1)
    assert total(ask(feed, since)) == {"v1": 1}


def test_a_version_that_appears_counts_from_its_first_request(feed: Feed) -> None:
    feed.send(v1=1000)
    since = feed.now()
    feed.send(v2=7)
    assert total(ask(feed, since)) == {"v2": 7}


def test_a_counter_that_was_reset_counts_from_zero(feed: Feed) -> None:
    feed.send(v1=1000)
    since = feed.now()
    feed.send(v1=3, restarted=True)
    assert total(ask(feed, since)) == {"v1": 3}


def test_it_adds_up_callers(feed: Feed) -> None:
    feed.send("caller-1", v1=1000)
    feed.send("caller-2", v1=500)
    since = feed.now()
    feed.send("caller-1", v1=8, v2=2)
    feed.send("caller-2", v1=1, v2=9)
    assert total(ask(feed, since)) == {"v1": 9, "v2": 11}


def test_it_tells_services_apart(feed: Feed) -> None:
    feed.send(service="ratings", v1=1000)
    feed.send(service="reviews", v1=1000)
    since = feed.now()
    feed.send(service="ratings", v1=10)
    feed.send(service="reviews", v1=3)
    assert total(ask(feed, since)) == {"v1": 3}
    assert total(ask(feed, since, "ratings")) == {"v1": 10}
    assert ask(feed, since, "details") == Traffic()


def test_it_says_when_a_caller_last_sent_to_each_version(feed: Feed) -> None:
    feed.send(v1=1000, v2=1000)
    feed.send(v1=1, v2=1)
    between = feed.now()
    feed.send(v2=1)
    feed.send()
    (caller,) = ask(feed, between).callers
    assert caller.pod == "caller-1"
    assert caller.last_request["v1"] < between < caller.last_request["v2"] < caller.last_seen


def test_it_names_each_caller_of_the_last_minutes(feed: Feed) -> None:
    feed.send("caller-1", v1=1)
    feed.send("caller-2", v2=1)
    found = {caller.pod: set(caller.last_request) for caller in ask(feed, feed.now()).callers}
    assert found == {"caller-1": {"v1"}, "caller-2": {"v2"}}


def test_requests_that_reached_no_version_are_left_out(feed: Feed) -> None:
    feed.send(v1=1000, unknown=10)
    since = feed.now()
    feed.send(v1=1, unknown=5)
    traffic = ask(feed, since)
    assert total(traffic) == {"v1": 1}
    assert set(traffic.callers[0].last_request) == {"v1"}


@pytest.mark.parametrize("service", ['a"b', "a\\b", "a\nb", 'x"} or istio_requests_total{pod!="', "审阅"])
def test_a_name_is_only_a_name(feed: Feed, service: str) -> None:
    feed.send(service=service, v1=1000)
    feed.send(service="other", v1=1000)
    since = feed.now()
    feed.send(service=service, v1=2)
    feed.send(service="other", v1=100)
    assert total(ask(feed, since, service)) == {"v1": 2}


def test_it_names_the_workloads_that_sent_requests(feed: Feed) -> None:
    feed.send("caller-1", v1=1000)
    feed.send("caller-1", v1=1, v2=1)
    assert sources(feed) == (source("caller-1", feed.namespace),)
    feed.send("caller-2", v1=1)
    assert sources(feed) == (source("caller-1", feed.namespace), source("caller-2", feed.namespace))
    assert sources(feed, "details") == ()


def test_a_workload_whose_counter_stands_at_nothing_is_no_caller(feed: Feed) -> None:
    feed.send("caller-1", v1=0)
    feed.send("caller-1", v1=0)
    assert sources(feed) == ()


def sources(feed: Feed, service: str = "reviews") -> tuple[Source, ...]:
    return feed.metrics.sources(feed.namespace, service, now=feed.now())
