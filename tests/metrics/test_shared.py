"""One question for all viewers, whatever answers or doesn't."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches

from grayrelease import metrics
from grayrelease.metrics import shared
from grayrelease.metrics.interface import ProjectTraffic
from grayrelease.metrics.memory import Memory

project = 0  # another one for each test: an answer may be stored after its test ended
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DRAWN = ProjectTraffic(NOW, {})


class Slow(Memory):
    """Answers once `release` is set."""

    release = threading.Event()

    def project(self, *words: Any, **named: Any) -> ProjectTraffic:
        traffic = super().project(*words, **named)
        self.release.wait(5)
        return traffic


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> Iterator[None]:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    shared.forget()
    global project
    project += 1
    yield
    shared.forget()


@pytest.fixture
def memory() -> Iterator[Memory]:
    memory = Memory({"demo": DRAWN})
    with metrics.use(memory):
        yield memory


def ask(seconds: float = 0) -> shared.SharedTraffic:
    return shared.project_traffic(project, "demo", NOW + timedelta(seconds=seconds))


def wait_until_stored() -> None:
    """The answer is stored by another thread, and the right to ask given back."""
    deadline = time.monotonic() + 5
    while caches["default"].get(f"traffic/{shared.FORMAT}/{project}/asking") is not None:
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def test_a_fresh_answer_is_shared(memory: Memory) -> None:
    assert ask().traffic == DRAWN
    assert ask(1.9).traffic == DRAWN
    assert memory.asked == ["project"]


def test_an_old_answer_is_asked_for_again(memory: Memory) -> None:
    ask()
    wait_until_stored()
    assert ask(4.1).asked_at == NOW + timedelta(seconds=4.1)
    assert memory.asked == ["project"] * 2


def test_nobody_waits_for_what_is_newer_than_a_recent_answer() -> None:
    slow = Slow({"demo": DRAWN})
    slow.release.set()
    try:
        with metrics.use(slow):
            ask()
            wait_until_stored()
            slow.release.clear()
            assert ask(2.1).asked_at == NOW
            slow.release.set()
            wait_until_stored()
            assert ask(2.2).asked_at == NOW + timedelta(seconds=2.1)
            assert slow.asked == ["project"] * 2
    finally:
        slow.release.set()


def test_another_process_finds_it_in_the_cache(memory: Memory) -> None:
    ask()
    wait_until_stored()
    shared.forget()
    assert ask(1).asked_at == NOW
    assert memory.asked == ["project"]


def test_while_another_process_asks_the_last_answer_is_shown(memory: Memory) -> None:
    ask()
    wait_until_stored()
    caches["default"].add(f"traffic/{shared.FORMAT}/{project}/asking", 1, 3)
    assert ask(5).asked_at == NOW
    assert memory.asked == ["project"]


def test_a_failure_keeps_what_was_known_and_since_when(memory: Memory) -> None:
    ask()
    wait_until_stored()
    memory.error = "Prometheus is away"
    first = ask(5)
    wait_until_stored()
    second = ask(8)
    assert (first.traffic, first.error, first.failing_since) == (
        DRAWN,
        "Prometheus is away",
        NOW + timedelta(seconds=5),
    )
    assert second.failing_since == first.failing_since
    wait_until_stored()
    memory.error = ""
    assert (ask(11).error, ask(11).failing_since) == ("", None)


def test_a_failure_at_first_has_no_charts(memory: Memory) -> None:
    memory.error = "Prometheus is away"
    assert ask() == shared.SharedTraffic(None, NOW, "Prometheus is away", NOW)


def test_many_viewers_at_once_ask_once() -> None:
    slow = Slow({"demo": DRAWN})
    slow.release.clear()
    with metrics.use(slow), ThreadPoolExecutor(20) as viewers:
        answers = [viewers.submit(ask) for _ in range(20)]
        slow.release.set()
        assert {answer.result().traffic is not None for answer in answers} == {True}
    assert slow.asked == ["project"]


def test_nobody_waits_for_a_prometheus_that_hangs() -> None:
    slow = Slow({"demo": DRAWN})
    slow.release.clear()
    try:
        with metrics.use(slow):
            start = time.monotonic()
            answer = ask()
            assert time.monotonic() - start < 1.7
            assert answer.traffic is None
            assert answer.error == shared.LATE
    finally:
        slow.release.set()


def test_a_cache_that_hangs_costs_little_and_asks_no_more_often(memory: Memory, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        settings.CACHES = {
            "default": {
                "BACKEND": "grayrelease.cache.TolerantCache",
                "LOCATION": f"redis://127.0.0.1:{hanging.getsockname()[1]}/0",
                "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
            }
        }
        caches["default"].get("first")  # imports the client library
        start = time.monotonic()
        assert ask().traffic == DRAWN
        assert time.monotonic() - start < 1.6
        for seconds in (0.5, 1.0, 1.5):
            assert ask(seconds).traffic == DRAWN
        assert memory.asked == ["project"]
        shared._local.threads.shutdown(wait=True)
