"""A host outside of the cluster: it counts what arrives, and answers with errors that nobody may see."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MARK = "X-Story"
"""The header by which a story's requests are told from other visitors'."""


class Receiver(ThreadingHTTPServer):
    """`got` counts requests by what they are marked with, and by method."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.got: Counter[tuple[str, str]] = Counter()

    def marked(self, mark: str) -> dict[str, int]:
        """Return how many came with a mark, by method."""
        return {method: count for (of, method), count in list(self.got.items()) if of == mark}

    def handle_error(self, *_: Any) -> None:
        """Proxies may leave before they have read an answer that they throw away."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.got[self.headers.get(MARK, ""), self.command] += 1
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
