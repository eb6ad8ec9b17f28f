"""HTTP/1.1 over connections that are kept. Only what an answer of the echo, or of Envoy, takes is read."""

from __future__ import annotations

import asyncio
import re
import time
from typing import cast

from tests.loss.load.counts import Counts, Flow

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
VERSION = re.compile(rb"\r\nx-app-version: (\S+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: close", re.IGNORECASE)


class Http1:
    """A caller: each request gets a connection that waits for nothing else."""

    def __init__(self, flow: Flow, counts: Counts) -> None:
        self.flow, self.counts = flow, counts
        cookie = f"Cookie: {flow.who}\r\n" if flow.who else ""
        self.request = f"GET /loss HTTP/1.1\r\nHost: {flow.host}\r\n{cookie}\r\n".encode()
        self.free: list[Connection] = []
        self.busy: dict[object, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        return len(self.busy)

    def ask(self) -> None:
        asked = time.monotonic()
        if self.free:
            self.free.pop().ask(asked)
            return
        task = asyncio.create_task(self._connect(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, asked: float) -> None:
        token = object()
        self.busy[token] = asked
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self), self.flow.address, self.flow.port
            )
        except OSError as error:
            self.counts.lose(self.flow, asked, f"not connected: {error.strerror}")
        else:
            connection.ask(asked)
        finally:
            del self.busy[token]

    def give_up(self, before: float) -> None:
        """Lose what was asked before a moment."""
        for each, asked in list(self.busy.items()):
            if asked < before and isinstance(each, Connection):
                each.end("no answer")

    def close(self) -> None:
        for each in self.free:
            each.transport.abort()


class Connection(asyncio.Protocol):
    """One connection; at most one request is open on it."""

    transport: asyncio.Transport

    def __init__(self, caller: Http1) -> None:
        self.caller = caller
        self.asked = 0.0
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclasses.
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, asked: float) -> None:
        self.asked, self.buffer = asked, b""
        self.caller.busy[self] = asked
        self.transport.write(self.caller.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, split, body = self.buffer.partition(b"\r\n\r\n")
        if not split:
            return
        length = LENGTH.search(head)
        if length is None:
            self.end("an answer without a length")
        elif len(body) >= int(length[1]):
            self._judge(head, body)

    def _judge(self, head: bytes, body: bytes) -> None:
        version, status = VERSION.search(head), head[9:12]
        if status != b"200" or version is None:
            self.end(f"status {status.decode()} {body[:80].decode('latin-1')}")
            return
        del self.caller.busy[self]
        self.caller.counts.answered(self.caller.flow, self.asked, version[1].decode())
        if CLOSES.search(head):
            self.transport.abort()
        else:
            self.caller.free.append(self)

    def end(self, fault: str) -> None:
        """Lose the open request, if there is one, and the connection with it."""
        if self.caller.busy.pop(self, None) is not None:
            self.caller.counts.lose(self.caller.flow, self.asked, fault)
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.caller.free:
            self.caller.free.remove(self)
        self.end("cut")
