"""The bell against a broker that is away, and one that accepts and never answers. Real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from grayrelease import tasks
from grayrelease.celery import app

LONGEST_S = 1.2


@contextmanager
def broker_at(port: int) -> Iterator[None]:
    """Let the app's messages go there."""
    before = app.conf.broker_url
    _forget_connections()
    app.conf.broker_url = app.conf.broker_write_url = f"redis://127.0.0.1:{port}/0"
    try:
        yield
    finally:
        _forget_connections()
        app.conf.broker_url = app.conf.broker_write_url = before


def _forget_connections() -> None:
    app.pool.force_close_all()
    app._pool = None
    app.amqp._producer_pool = None


def rung_within(port: int) -> tuple[bool, float]:
    with broker_at(port):
        began = time.monotonic()
        return tasks.ring(tasks.reconcile, 1), time.monotonic() - began


def test_a_broker_that_never_answers_holds_nobody_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rung, seconds = rung_within(silent.getsockname()[1])
        silent.settimeout(0.1)
        asked, _ = silent.accept()
        asked.close()
    assert not rung
    assert seconds <= LONGEST_S


def test_a_broker_that_is_away_is_no_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    rung, seconds = rung_within(port)
    assert not rung
    assert seconds <= LONGEST_S
