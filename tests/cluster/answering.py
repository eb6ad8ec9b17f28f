"""An API server that answers as a test says, and a kubeconfig that leads to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

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
