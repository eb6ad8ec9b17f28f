"""How the adapter takes what an API server, or what stands in its way, may answer, and how long it waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.sandbox import apiserver
from grayrelease.cluster.interface import AlreadyExists, Conflict, NotFound, Refused, Unreachable
from grayrelease.cluster.kubernetes import Kubernetes
from tests.cluster.answering import TIMEOUT, Server, kubeconfig
from tests.cluster_fixture import Cluster


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "BadRequest", Refused),
        (401, "Unauthorized", Unreachable),
        (403, "Forbidden", Refused),
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (409, "", Conflict),
        (413, "RequestEntityTooLarge", Refused),
        (422, "Invalid", Refused),
        (429, "TooManyRequests", Unreachable),
        (302, "", Unreachable),
        (500, "InternalError", Unreachable),
        (503, "ServiceUnavailable", Unreachable),
        (504, "Timeout", Unreachable),
    ],
)
def test_each_answer_has_its_error_with_the_clusters_word(
    server: Server, client: Kubernetes, status: int, reason: str, error: type[Exception]
) -> None:
    server.says(status, reason, "because of the weather")
    with pytest.raises(error, match="because of the weather"):
        client.get("Pod", "demo", "x")
    assert len(server.asked) == 1


def test_a_conflict_is_never_tried_again(server: Server, client: Kubernetes) -> None:
    server.says(409, "Conflict", Retry_After="0")
    with pytest.raises(Conflict):
        client.get("Pod", "demo", "x")
    assert len(server.asked) == 1


def test_it_waits_where_the_server_asks_to(server: Server, tmp_path: Path) -> None:
    client = Kubernetes.connected(str(kubeconfig(tmp_path, server.url)), (1.0, 3.0))
    server.answers = [(429, {"Retry-After": "1"}, b"{}"), (200, {}, b'{"kind": "Pod"}')]
    start = time.monotonic()
    assert client.get("Pod", "demo", "x") == {"kind": "Pod"}
    assert time.monotonic() - start >= 1
    assert len(server.asked) == 2


def test_it_does_not_wait_longer_than_its_timeout(server: Server, client: Kubernetes) -> None:
    server.says(429, "TooManyRequests", Retry_After="1")
    with within(0.5), pytest.raises(Unreachable):
        client.get("Pod", "demo", "x")
    assert len(server.asked) == 1


def test_a_server_that_asks_to_wait_for_ever_is_left_in_time(server: Server, client: Kubernetes) -> None:
    server.says(429, "TooManyRequests", Retry_After="0")
    with within(1.5), pytest.raises(Unreachable):
        client.get("Pod", "demo", "x")
    assert len(server.asked) <= 6


def test_a_proxys_page_is_told_in_one_line(server: Server, client: Kubernetes) -> None:
    server.answers = [(502, {}, b"<html>\n  <h1>Bad gateway</h1>\n</html>")]
    with pytest.raises(Unreachable, match="<html> <h1>Bad gateway</h1> </html>"):
        client.get("Pod", "demo", "x")


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"null", b"\xff\xfe"])
def test_what_is_no_kubernetes_is_said_to_be_none(server: Server, client: Kubernetes, body: bytes) -> None:
    server.answers = [(200, {}, body)]
    with pytest.raises(Unreachable, match="does not speak Kubernetes"):
        client.get("Pod", "demo", "x")


def test_a_server_that_hangs_is_left_in_time(server: Server, client: Kubernetes) -> None:
    server.delay.clear()
    with within(1.0), pytest.raises(Unreachable, match=r"gave no answer within 0.5 s"):
        client.get("Pod", "demo", "x")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        client = Kubernetes.connected(str(kubeconfig(tmp_path, url)), TIMEOUT)
        with within(1.0), pytest.raises(Unreachable, match=rf"{url} cannot be reached: .*Connection refused"):
            client.get("Pod", "demo", "x")


def test_an_answer_that_breaks_off_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = Kubernetes.connected(str(kubeconfig(tmp_path, url)), TIMEOUT)
        thread = threading.Thread(target=_break_off, args=(listener,))
        thread.start()
        with pytest.raises(Unreachable, match="broke off"):
            client.get("Pod", "demo", "x")
        thread.join()


def _break_off(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"kind"')


@pytest.mark.processes
def test_it_goes_on_after_the_server_was_killed_and_started_again(tmp_path: Path) -> None:
    with Cluster(tmp_path) as sandbox:
        client = Kubernetes.connected(str(sandbox.kubeconfig), (1.0, 3.0))
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
        sandbox.supervisor.running["apiserver"].kill()
        with pytest.raises(Unreachable):
            client.get("Namespace", "", "demo")
        sandbox.supervisor.stop_part("apiserver")
        sandbox.supervisor.start(apiserver(sandbox.options))
        assert client.get("Namespace", "", "demo")["metadata"]["name"] == "demo"
