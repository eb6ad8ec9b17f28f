"""Metrics: `connect` gives the Prometheus of the settings. Nothing else chooses between it and a double."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from grayrelease.metrics.interface import Metrics

_double: Metrics | None = None
_clients: dict[str, Metrics] = {}


def connect() -> Metrics:
    """Return the client: one per process, shared by its threads. Nothing is sent.

    Where PROMETHEUS_URL is empty every question raises MetricsUnavailable. The first call of a process costs
    the import of the library (0.2 s).
    """
    if _double is not None:
        return _double
    url = settings.PROMETHEUS_URL
    if url not in _clients:
        from grayrelease.metrics.prometheus import Prometheus

        _clients[url] = Prometheus(url, settings.PROMETHEUS_TIMEOUT)
    return _clients[url]


@contextmanager
def use(double: Metrics) -> Iterator[Metrics]:
    """Let `connect` give this double, in all threads, until the block ends: for tests."""
    global _double
    before, _double = _double, double
    try:
        yield double
    finally:
        _double = before


os.register_at_fork(after_in_child=_clients.clear)  # a forked worker must not share connections
