"""How the adapter takes what an API server, or what stands in its way, may answer."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.sandbox import apiserver
from grayrelease import cluster
from grayrelease.cluster.interface import AlreadyExists, Conflict, NotFound, Refused, Unreachable
from grayrelease.cluster.kubernetes import Kubernetes
from tests.cluster_fixture import Cluster

TIMEOUT = (0.3, 0.5)


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


class Server:
    """Answers each request with the next of `answers` (status, headers, body); the last one stays."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, b'{"metadata": {}}')]
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.delay = threading.Event()
        self.delay.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = json.loads(body) if body else None
                server.asked.append((self.command, self.path, _lower(self.headers.items()), sent))
                server.delay.wait(5)
                first, *rest = server.answers
                server.answers = rest or [first]
                status, headers, content = first
                with suppress(BrokenPipeError):  # the client left
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(content))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *words: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def says(self, status: int, reason: str = "", message: str = "no", **headers: str) -> None:
        body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers = [(status, named, json.dumps(body).encode())]

    def stop(self) -> None:
        self.delay.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Kubernetes:
    return Kubernetes.connected(str(kubeconfig(tmp_path, server.url)), TIMEOUT)


def kubeconfig(folder: Path, url: str) -> Path:
    path = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


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


def test_it_sends_who_it_is_and_what_it_was_decided_on(server: Server, client: Kubernetes) -> None:
    client.delete("VirtualService", "demo", "reviews", uid="u", resource_version="7")
    method, path, headers, body = server.asked[0]
    assert (method, path) == (
        "DELETE",
        "/apis/networking.istio.io/v1/namespaces/demo/virtualservices/reviews",
    )
    assert headers["authorization"] == "Bearer secret"
    assert body["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert body["propagationPolicy"] == "Background"


def test_its_writes_carry_our_field_manager(server: Server, client: Kubernetes) -> None:
    manifest = {"kind": "Pod", "metadata": {"namespace": "demo", "name": "x"}, "spec": {"unknownField": 1}}
    client.create(manifest, dry_run=True)
    client.replace({**manifest, "metadata": {**manifest["metadata"], "uid": "u", "resourceVersion": "7"}})
    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("POST", "/api/v1/namespaces/demo/pods?fieldManager=grayrelease&dryRun=All"),
        ("PUT", "/api/v1/namespaces/demo/pods/x?fieldManager=grayrelease"),
    ]
    assert server.asked[0][3] == manifest


def test_it_reads_logs_as_text(server: Server, client: Kubernetes) -> None:
    server.answers = [(200, {}, "ein\nzwölf\n".encode() + b"\xff")]
    assert client.logs("demo", "x", lines=20, container="app") == "ein\nzwölf\n�"
    assert server.asked[0][1].startswith("/api/v1/namespaces/demo/pods/x/log?tailLines=20&limitBytes=")
    assert server.asked[0][1].endswith("&container=app")


def test_a_kind_that_is_not_installed_is_not_served(server: Server, client: Kubernetes) -> None:
    server.says(404, "NotFound")
    assert not client.serves("HTTPRoute")
    assert not client.serves("HTTPRoute")
    assert len(server.asked) == 1


def test_a_server_that_fails_leaves_it_open_what_it_serves(server: Server, client: Kubernetes) -> None:
    server.says(503)
    with pytest.raises(Unreachable):
        client.serves("HTTPRoute")
    server.answers = [(200, {}, b'{"resources": [{"kind": "HTTPRoute"}]}')]
    assert client.serves("HTTPRoute")


def test_threads_share_a_client_until_the_kubeconfig_changes(
    server: Server, tmp_path: Path, settings: Any
) -> None:
    path = kubeconfig(tmp_path, server.url)
    settings.KUBECONFIG = str(path)
    first = cluster.connect()
    assert cluster.connect() is first
    os.utime(path, ns=(1, 1))
    assert cluster.connect() is not first


def test_a_forked_worker_makes_a_client_of_its_own(server: Server, tmp_path: Path, settings: Any) -> None:
    settings.KUBECONFIG = str(kubeconfig(tmp_path, server.url))
    parents = cluster.connect()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, b"another" if cluster.connect() is not parents else b"the same")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20) == b"another"
    os.close(reading)
    os.close(writing)
