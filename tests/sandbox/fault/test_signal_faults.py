"""Valkey and Prometheus, stopped and killed by the command, which stays until its fault is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

from demo import prometheus, valkey
from demo.options import ROOT, Options
from demo.part import StartFailed
from demo.supervisor import Supervisor
from grayrelease.sandbox.process import spawn

pytestmark = pytest.mark.processes
SOON_S = 0.2
ONCE = Retry(NoBackoff(), 0)


class Place:
    """A demo's folder with a Valkey and a Prometheus in it, and no more."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.options = Options(folder=folder, sandbox=folder / "sandbox")
        self.supervisor = supervisor
        configuration = self.options.sandbox / "mesh" / "prometheus.yml"
        configuration.parent.mkdir(parents=True)
        configuration.write_text("{}")
        if (program := prometheus.find()) is None:
            raise StartFailed(prometheus.HOW_TO_GET_IT)
        self.supervisor.start(
            valkey.part(self.options.ports.valkey, folder / "valkey"), prometheus.part(program, self.options)
        )

    def fault(self, *words: str) -> subprocess.Popen[bytes]:
        where = ["--sandbox", str(self.options.sandbox), "--demo", str(self.options.folder)]
        return spawn([sys.executable, "-m", "grayrelease.sandbox.fault", *words, *where], cwd=str(ROOT))

    def pings(self) -> bool:
        try:
            with redis.Redis(port=self.options.ports.valkey, socket_timeout=SOON_S, retry=ONCE) as client:
                return bool(client.ping())
        except redis.TimeoutError:
            return False

    def metrics(self, within: float = SOON_S) -> str:
        """Say how Prometheus answers: `ok`, `silent` or `refused`."""
        try:
            requests.get(f"{self.options.prometheus_url}/-/healthy", timeout=within).raise_for_status()
        except requests.Timeout:
            return "silent"
        except requests.ConnectionError:
            return "refused"
        return "ok"

    def restarts(self) -> str:
        """Do as the demo does all the time, and look at Prometheus."""
        self.supervisor.tick()
        return self.metrics()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("demo")
    with Supervisor(folder / "log", ROOT) as supervisor:
        yield Place(folder, supervisor)


def wait(holds: Callable[[], bool], within: float = 10) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_valkey_hangs_until_it_is_cleared_from_elsewhere(place: Place) -> None:
    holding = place.fault("valkey", "hang")
    wait(lambda: not place.pings())
    assert place.fault("clear").wait(10) == 0
    assert place.pings()
    assert holding.wait(1) == 0


def test_valkey_hangs_for_a_time(place: Place) -> None:
    holding = place.fault("valkey", "hang", "--for", "0.5")
    wait(lambda: not place.pings())
    assert holding.wait(10) == 0
    assert place.pings()


def test_who_stops_the_command_ends_the_fault(place: Place) -> None:
    holding = place.fault("prometheus", "hang")
    wait(lambda: place.metrics() == "silent")
    os.kill(holding.pid, signal.SIGTERM)
    assert holding.wait(10) == 0
    assert place.metrics() == "ok"


def test_what_a_killed_command_left_is_cleared_too(place: Place) -> None:
    holding = place.fault("prometheus", "hang")
    wait(lambda: place.metrics() == "silent")
    holding.kill()
    holding.wait(10)
    assert place.metrics() == "silent"
    assert place.fault("clear", "prometheus").wait(10) == 0
    assert place.metrics() == "ok"


def test_a_slow_prometheus_answers_late(place: Place) -> None:
    holding = place.fault("prometheus", "slow", "0.6")
    wait(lambda: place.metrics() == "silent")
    assert place.metrics(within=3) == "ok"
    place.fault("clear").wait(10)
    assert holding.wait(1) == 0


def test_a_prometheus_that_is_down_refuses_connections_and_is_started_again(place: Place) -> None:
    holding = place.fault("prometheus", "down")
    wait(lambda: place.metrics() == "refused")
    place.fault("clear").wait(10)
    assert holding.wait(1) == 0
    wait(lambda: place.restarts() == "ok")


def test_a_part_that_does_not_run_is_named(place: Place, tmp_path: Path) -> None:
    where = ["--sandbox", str(tmp_path), "--demo", str(tmp_path)]
    words = [sys.executable, "-m", "grayrelease.sandbox.fault", "valkey", "hang", *where]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no valkey runs" in done.stderr
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "valkey.pid").write_text(str(os.getpid()))
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is something else" in done.stderr
