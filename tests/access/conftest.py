from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

Made = TypeVar("Made")


@dataclass(frozen=True)
class Site:
    """A served dashboard: where, what its addresses are made of, and who is signed in by which cookie."""

    url: str
    names: dict[str, int | str]
    sessions: dict[str, str]

    def address(self, path: str) -> str:
        return self.url + path.format(**self.names)


@pytest.fixture(scope="session")
def database_from_here() -> None:
    """Let Django use its connection where Playwright's loop runs, which is in this thread as well."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="module")
def site(database_from_here: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """Rows to look at, served from this process; clusters and metrics are in memory."""
    from django.core.management import call_command
    from django.test import override_settings

    with django_db_blocker.unblock(), override_settings(ROOT_URLCONF="tests.access.urls"), ExitStack() as on:
        on.callback(_aside, lambda: call_command("flush", interactive=False, verbosity=0))
        yield on.enter_context(_served())


def _served() -> Any:
    from contextlib import contextmanager

    from django.test import override_settings
    from pytest_django.live_server_helper import LiveServer

    from grayrelease import cluster, metrics
    from grayrelease.cluster.memory import Memory
    from tests.access import rows

    @contextmanager
    def served() -> Iterator[Site]:
        with (
            cluster.use(Memory()) as double,
            metrics.use(rows.metrics()),
            override_settings(PROMETHEUS_URL="http://127.0.0.1:9"),
        ):
            names = _aside(lambda: rows.fill(double))
            sessions = _aside(
                lambda: {who: rows.session_of(who) for who in ("operator", "viewer", "stranger", "admin")}
            )
            server = LiveServer("127.0.0.1:0")
            try:
                yield Site(server.url, names, sessions)
            finally:
                server.stop()

    return served()


def _aside(work: Callable[[], Made]) -> Made:
    """Do it in a thread of its own, and end that thread's connection to the database."""
    from django.db import connections

    def done() -> Made:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as one:
        return one.submit(done).result()
