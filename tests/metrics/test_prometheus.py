"""A real Prometheus with known rates, and servers that fail in each way."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from grayrelease import metrics
from grayrelease.domain.traffic import Traffic
from grayrelease.metrics.interface import Chart, MetricsUnavailable, ServiceTraffic
from grayrelease.metrics.memory import Memory
from grayrelease.metrics.prometheus import Prometheus
from tests.metrics.exporter import Exporter, labels, line, scraping

BOUNDS = ("1", "5", "10", "25", "50", "100", "+Inf")


def steady(namespace: str, start: float) -> str:
    """Counters that grow by 80/s (v1) and 20/s (v2, every tenth a 500), and 1/s that reaches no pod."""
    seconds = time.monotonic() - start

    def requests(rate: float, version: str, **more: str) -> str:
        named = labels(namespace, "reviews", version, pod="caller-1", **more)
        return line("istio_requests_total", rate * seconds, **named)

    def bucket(version: str, bound: str, rate: float) -> str:
        named = labels(namespace, "reviews", version, pod="caller-1", le=bound)
        return line("istio_request_duration_milliseconds_bucket", rate * seconds, **named)

    return "".join(
        [
            requests(80, "v1"),
            requests(18, "v2"),
            requests(2, "v2", response_code="500"),
            requests(1, "unknown", response_code="503", response_flags="URX,UF"),
            *(bucket("v1", bound, 80 if float(bound) >= 10 else 0) for bound in BOUNDS),
            *(bucket("v2", bound, 20 if float(bound) >= 50 else 0) for bound in BOUNDS),
        ]
    )


def connections(namespace: str, start: float) -> str:
    """A TCP service: v1 gets 8 connections a second and keeps one in four, v2 gets 2 and keeps none."""
    seconds = time.monotonic() - start

    def count(metric: str, version: str, value: float) -> str:
        named = labels(namespace, "db", version, pod="caller-1", request_protocol="tcp")
        del named["response_code"]
        return line(f"istio_tcp_{metric}_total", value, **named)

    return "".join(
        [
            count("connections_opened", "v1", 8 * seconds),
            count("connections_opened", "v2", 2 * seconds),
            count("connections_closed", "v1", 6 * seconds),
            count("connections_closed", "v2", 2 * seconds),
            count("sent_bytes", "v1", 1000 * seconds),
            count("received_bytes", "v1", 3000 * seconds),
        ]
    )


def newest(chart: Chart) -> dict[str, float | None]:
    return {series.version: series.values[-1] for series in chart.series}


@pytest.mark.processes
def test_it_draws_a_project_as_it_is(tmp_path: Path) -> None:
    exporter, namespace, start = Exporter(), f"demo-{secrets.token_hex(4)}", time.monotonic()
    exporter.pages["caller-1"] = lambda: steady(namespace, start) + connections(namespace, start)
    try:
        with scraping(tmp_path, exporter, ["caller-1"]) as (url, supervisor):
            client = Prometheus(url, 1.5)
            drawn = _wait_for_full_windows(client, namespace)
            now = datetime.now(UTC)
            tcp = client.project(namespace, now=now).services["db"]
            asked = client.traffic(namespace, "db", since=now - timedelta(seconds=5), now=now)
            supervisor.stop_part("prometheus")
            with pytest.raises(MetricsUnavailable, match="cannot be reached"):
                client.project(namespace, now=datetime.now(UTC))
    finally:
        exporter.stop()
    assert newest(drawn.rate) == {"v1": pytest.approx(80, rel=0.1), "v2": pytest.approx(20, rel=0.1)}
    assert newest(drawn.errors) == {"v1": 0, "v2": pytest.approx(0.1, rel=0.1)}
    assert newest(drawn.client_errors) == {"v1": 0, "v2": 0}
    assert newest(drawn.p50) == {"v1": pytest.approx(7.5), "v2": pytest.approx(37.5)}
    assert newest(drawn.p99) == {"v1": pytest.approx(9.95), "v2": pytest.approx(49.75)}
    assert newest(drawn.mesh_errors) == {"": pytest.approx(1, rel=0.1)}
    assert drawn.rate.series[0].values[0] is None
    assert len(drawn.rate.times) == 181
    assert not drawn.connections
    _check_connections(tcp, asked)


def _check_connections(tcp: ServiceTraffic, asked: Traffic) -> None:
    """Connections count as requests do, but have no answers; who holds one still sends."""
    assert tcp.connections
    assert newest(tcp.rate) == {"v1": pytest.approx(8, rel=0.1), "v2": pytest.approx(2, rel=0.1)}
    assert newest(tcp.errors) == {"v1": None, "v2": None}
    assert newest(tcp.sent) == {"v1": pytest.approx(1000, rel=0.1)}
    assert newest(tcp.received) == {"v1": pytest.approx(3000, rel=0.1)}
    held = newest(tcp.open)
    assert held["v1"] and held["v1"] > 2
    assert held["v2"] == 0
    total = sum(sum(window.counts.values()) for window in asked.windows)
    share = sum(window.counts.get("v1", 0) for window in asked.windows) / total
    assert share == pytest.approx(0.8, abs=0.1)
    [caller] = asked.callers
    assert caller.last_request["v1"] == caller.last_seen


def _wait_for_full_windows(client: Prometheus, namespace: str) -> metrics.interface.ServiceTraffic:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        traffic = client.project(namespace, now=datetime.now(UTC))
        drawn = traffic.services.get("reviews")
        if drawn is not None and drawn.p99.series and all(series.values[-4] for series in drawn.p99.series):
            assert datetime.now(UTC) - traffic.sampled_at < timedelta(seconds=6)
            return drawn
        client.scales.clear()  # the first answers know little of the interval
        threading.Event().wait(0.5)
    raise AssertionError("no full charts within 60 s")


@pytest.mark.processes
def test_a_project_without_traffic_has_no_services(tmp_path: Path) -> None:
    exporter, now = Exporter(), datetime.now(UTC)
    try:
        with scraping(tmp_path, exporter, ["caller-1"]) as (url, _):
            traffic = Prometheus(url, 1.5).project("empty", now=now)
    finally:
        exporter.stop()
    assert traffic.services == {}
    assert now - traffic.sampled_at >= timedelta(minutes=15)


def ask(url: str, timeout: float = 0.5) -> None:
    now = datetime.now(UTC)
    Prometheus(url, timeout).traffic("demo", "reviews", since=now - timedelta(seconds=5), now=now)


def test_without_an_address_metrics_are_off() -> None:
    with pytest.raises(MetricsUnavailable, match="Metrics are off: PROMETHEUS_URL is not set"):
        ask("")


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (503, b"starting", "refuses: .*503.*starting"),
        (400, b'{"status":"error","error":"parse error\\n at 1:2"}', "refuses: .*parse error"),
        (200, b"<html>", "cannot be read"),
        (200, b"{}", "cannot be read"),
        (200, b"null", "cannot be read"),
        (200, b'{"data":{"result":[{"metric":{}}]}}', "cannot be read"),
    ],
)
def test_what_is_no_answer_is_told_in_one_line(status: int, body: bytes, why: str) -> None:
    with answering(status, body) as url, pytest.raises(MetricsUnavailable, match=why) as raised:
        ask(url)
    assert "\n" not in str(raised.value)


def test_a_server_that_is_not_there_is_named_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port, start = unused.getsockname()[1], time.monotonic()
        with pytest.raises(MetricsUnavailable, match=f"Prometheus at 127.0.0.1:{port} cannot be reached"):
            ask(f"http://user:secret@127.0.0.1:{port}/")
    assert time.monotonic() - start < 0.3


def test_a_server_that_hangs_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        with pytest.raises(MetricsUnavailable, match="gave no answer within 0.5 s"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert time.monotonic() - start < 0.8


def test_connect_gives_the_double_in_use() -> None:
    memory = Memory()
    with metrics.use(memory):
        assert metrics.connect() is memory
    assert metrics.connect() is not memory
    assert metrics.connect() is metrics.connect()


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
