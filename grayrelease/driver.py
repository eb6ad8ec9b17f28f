"""One process without broker: carries out what waits and what was not heard.

It keeps the inventories for which the watcher does not vouch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from grayrelease.reconcile import Outcome, applications, inventory, reconcile, sweeping

log = logging.getLogger(__name__)

LOOK_S = 0.25
FRESH_LOOK_S = 0.1
"""As long as somebody waits for what a deed brings."""
THREADS = 8
"""Runs at the same time: one cluster that is slow does not hold up the others."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
DATABASE_PAUSE_S = 1.0

Key = tuple[str, int]


@dataclass(frozen=True)
class Job:
    """A row to work on. `wanted` is what people want of it: another one is tried at once."""

    key: Key
    wanted: int
    run: Callable[[], Outcome]


@dataclass
class Pause:
    """After failures: not before `until` (monotonic), unless something else is wanted."""

    wanted: int
    seconds: float
    until: float


@dataclass
class Driver:
    """Looks each 250 ms, after a deed more often.

    `look` is one look: tests call it, and `idle` to wait for what it began.
    """

    threads: int = THREADS
    busy: set[Key] = field(default_factory=set)
    pauses: dict[Key, Pause] = field(default_factory=dict)
    database_down: bool = False
    fresh: bool = False

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="driver")
        self._lock = threading.Lock()
        self._refreshed: dict[int, float] = {}

    def run(self, stopped: threading.Event) -> None:
        """Look until `stopped`; ends once the runs under way have ended."""
        while not stopped.wait(self._pause()):
            self.look()
        self._pool.shutdown(cancel_futures=True)

    def _pause(self) -> float:
        if self.database_down:
            return DATABASE_PAUSE_S
        return FRESH_LOOK_S if self.fresh else LOOK_S

    def look(self) -> None:
        """Begin what is due and not under way. Survives a database that is away."""
        close_old_connections()
        try:
            for job in self._jobs():
                self._begin(job)
        except (DatabaseError, InterfaceError) as error:
            self._database_is(down=True, error=error)
            connection.close()
        else:
            self._database_is(down=False)

    def idle(self) -> bool:
        with self._lock:
            return not self.busy

    def _jobs(self) -> Iterator[Job]:
        waiting = sweeping.waiting_targets()
        # What is under way isn't among them; it may wait for something again.
        self.fresh = any(due.fresh for due in waiting) or (self.fresh and not self.idle())
        for due in waiting:
            run = partial(reconcile, due.id, rolling_back=due.rolling_back)
            yield Job(("target", due.id), due.generation, run)
        for pk in sweeping.waiting_applications():
            yield Job(("application", pk), 0, partial(applications.create, pk))
        for pk in inventory.unwatched():
            if self._refreshed.get(pk, 0.0) < time.monotonic() - inventory.EVERY_S:
                yield Job(("inventory", pk), 0, partial(inventory.refresh, pk))

    def _begin(self, job: Job) -> None:
        pause = self.pauses.get(job.key)
        if pause and pause.wanted == job.wanted and time.monotonic() < pause.until:
            return
        with self._lock:
            if job.key in self.busy:
                return
            self.busy.add(job.key)
        kind, pk = job.key
        if kind == "inventory":
            self._refreshed[pk] = time.monotonic()
        self._pool.submit(self._work, job)

    def _work(self, job: Job) -> None:
        outcome = Outcome.FAILED
        close_old_connections()
        try:
            outcome = job.run()
        except (DatabaseError, InterfaceError) as error:
            log.warning("%s %s: the database: %s", *job.key, _line(error))
            connection.close()
        except BaseException:
            log.exception("%s %s", *job.key)
            raise
        finally:
            self._paused(job, failed=outcome == Outcome.FAILED)
            with self._lock:
                self.busy.discard(job.key)

    def _paused(self, job: Job, failed: bool) -> None:
        """Wait longer after each failure; say so once when it begins, and once when it is over."""
        before = self.pauses.pop(job.key, None)
        if failed:
            seconds = min(before.seconds * 2, LONGEST_PAUSE_S) if before else FIRST_PAUSE_S
            self.pauses[job.key] = Pause(job.wanted, seconds, time.monotonic() + seconds)
        if failed != bool(before):
            log.warning("%s %s %s", *job.key, "fails; trying again" if failed else "works again")

    def _database_is(self, *, down: bool, error: Exception | None = None) -> None:
        if down != self.database_down:
            self.database_down = down
            log.warning("the database is %s", f"away: {_line(error)}" if down else "back")


def _line(error: Exception | None) -> str:
    return " ".join(str(error).split())
