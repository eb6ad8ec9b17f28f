"""A project's charts, asked for once for all viewers.

Fresh answers lie in Django's cache, where one process at a time renews them. Each process also keeps the last
answer for itself, and asks at most once at a time: without a cache no crowd of viewers reaches Prometheus,
and what was known is still shown, with its age.
"""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from django.core.cache import cache

from grayrelease import metrics
from grayrelease.metrics.interface import MetricsUnavailable, ProjectTraffic

FRESH = timedelta(seconds=2)
RECENT = timedelta(seconds=4)
"""So old at most is what is shown while a newer one is asked for: a page that polls each 2 s never waits."""
KEEP_S = 3600
PATIENCE_S = 1.5  # nobody waits longer, whatever hangs …
IMPATIENCE_S = 0.3  # … and once it is known to fail, hardly at all
LATE = "Prometheus has not answered yet"
LOCK_S = 3
FORMAT = 3  # raise it when what is stored changes shape: old and new processes share a cache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedTraffic:
    """The last charts (None: never had any), asked for at `asked_at`; why and since when newer ones lack."""

    traffic: ProjectTraffic | None
    asked_at: datetime
    error: str = ""
    failing_since: datetime | None = None


@dataclass
class Local:
    """What this process knows: the last answers, and the questions under way."""

    answers: dict[str, SharedTraffic] = field(default_factory=dict)
    questions: dict[str, Future[SharedTraffic]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "metrics"))


_local = Local()


def project_traffic(project_id: int, namespace: str, now: datetime) -> SharedTraffic:
    """Return the charts of a project, at most 4 s old where Prometheus answers, within 1.6 s in any case."""
    start = time.monotonic()
    key = f"traffic/{FORMAT}/{project_id}"
    known = _local.answers.get(key)
    if known is not None and _is_fresh(known, now):
        return known
    known = _newer(known, cache.get(key))
    if known is not None:
        _local.answers[key] = known
        if _is_fresh(known, now) or not cache.add(f"{key}/asking", 1, LOCK_S):
            return known
    asked = _ask_once(key, namespace, now, known)
    if known is not None and not known.error and _is_fresh(known, now, RECENT):
        return known
    failing = known is not None and known.error
    patience = (IMPATIENCE_S if failing else PATIENCE_S) - (time.monotonic() - start)
    try:
        return asked.result(max(patience, 0))
    except TimeoutError:
        return known if known is not None and failing else _failed(known, now, LATE)


def _ask_once(key: str, namespace: str, now: datetime, known: SharedTraffic | None) -> Future[SharedTraffic]:
    """Join the question under way, or put a new one in a thread of its own, which also stores the answer.

    One that was answered since the caller looked is joined too.
    """
    with _local.lock:
        under_way, answer = _local.questions.get(key), _local.answers.get(key)
        answered = answer is not None and answer is not known and _is_fresh(answer, now)
        if under_way is None or (under_way.done() and not answered):
            under_way = _local.threads.submit(_ask, key, namespace, now, known)
            _local.questions[key] = under_way
        return under_way


def _ask(key: str, namespace: str, now: datetime, known: SharedTraffic | None) -> SharedTraffic:
    try:
        answer = SharedTraffic(metrics.connect().project(namespace, now=now), now)
    except MetricsUnavailable as error:
        log.warning("No metrics of %s: %s", namespace, error)
        answer = _failed(known, now, str(error))
    _local.answers[key] = answer
    _local.threads.submit(_store, key, answer)  # nobody waits for a cache that hangs
    return answer


def _store(key: str, answer: SharedTraffic) -> None:
    cache.set(key, answer, KEEP_S)
    cache.delete(f"{key}/asking")


def _failed(known: SharedTraffic | None, now: datetime, why: str) -> SharedTraffic:
    """Keep what was known, and since when it is all there is."""
    if known is None:
        return SharedTraffic(None, now, why, now)
    return replace(known, asked_at=now, error=why, failing_since=known.failing_since or now)


def _is_fresh(known: SharedTraffic, now: datetime, age: timedelta = FRESH) -> bool:
    return abs(now - known.asked_at) < age  # clocks of two machines differ a little


def _newer(one: SharedTraffic | None, other: SharedTraffic | None) -> SharedTraffic | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda known: known.asked_at)


def forget() -> None:
    """Drop what this process knows: after a fork, and between tests."""
    global _local
    _local = Local()


os.register_at_fork(after_in_child=forget)
