from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from grayrelease.watcher import Watcher
    from tests.world import World


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """Bookinfo runs in a cluster in memory."""
    from grayrelease import cluster, metrics
    from grayrelease.cluster.memory import Memory
    from grayrelease.metrics.memory import Memory as Metrics
    from tests.world import bookinfo_world

    double = Memory()
    with metrics.use(Metrics(error="metrics are off")), cluster.use(double):
        yield bookinfo_world(double)
    double.happened.cut()


class Rung:
    """Whom a bell rang for, and when (monotonic); `deaf`: nobody hears it."""

    def __init__(self) -> None:
        self.times: list[tuple[int, float]] = []
        self.deaf = False

    def __call__(self, target_id: int) -> bool:
        self.times.append((target_id, time.monotonic()))
        return not self.deaf

    @property
    def targets(self) -> list[int]:
        return [target for target, _ in self.times]

    def after(self, moment: float) -> float:
        """Return the seconds from a moment to the first ring after it."""
        return min(at for _, at in self.times if at > moment) - moment


@pytest.fixture
def rung() -> Rung:
    return Rung()


@pytest.fixture
def watch(rung: Rung) -> Callable[[], AbstractContextManager[Watcher]]:
    """Return a context manager: a watcher that runs in a thread, with `rung` for its bell."""
    from django.db import connections

    from grayrelease.cluster.stream import Rhythm
    from grayrelease.watcher import Watcher
    from grayrelease.watcher.bell import Bell

    @contextmanager
    def running() -> Iterator[Watcher]:
        watcher, stopped = Watcher(Bell(rung), Rhythm(watch=2, longest_pause=0.3)), threading.Event()

        def run() -> None:
            watcher.run(stopped)
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield watcher
        finally:
            stopped.set()
            thread.join()

    return running
