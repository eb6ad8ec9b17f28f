"""Lines over TCP: a connection for each, since each connection is led to a version when it is opened."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from tests.loss.load.counts import Counts, Flow

LINE = b"hello\n"


class Tcp:
    """A caller."""

    def __init__(self, flow: Flow, counts: Counts) -> None:
        self.flow, self.counts = flow, counts
        self.open: dict[Line, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        return len(self._tasks) + len(self.open)

    def ask(self) -> None:
        task = asyncio.create_task(self._connect(time.monotonic()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, asked: float) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: Line(self, asked), self.flow.address, self.flow.port
            )
        except OSError as error:
            self.counts.lose(self.flow, asked, f"not connected: {error.strerror}")

    def give_up(self, before: float) -> None:
        """Lose what was asked before a moment."""
        for line, asked in list(self.open.items()):
            if asked < before:
                line.end("no answer")

    def close(self) -> None:
        for each in list(self.open):
            each.transport.abort()


class Line(asyncio.Protocol):
    """One connection for one line."""

    transport: asyncio.Transport

    def __init__(self, caller: Tcp, asked: float) -> None:
        self.caller, self.asked = caller, asked
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclasses.
        self.transport = cast(asyncio.Transport, transport)
        self.caller.open[self] = self.asked
        self.transport.write(LINE)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.endswith(b"\n"):
            self._judge()

    def _judge(self) -> None:
        words = self.buffer.split(b" ")
        if len(words) != 3 or words[2] != LINE:
            self.end(f"said {self.buffer[:80]!r}")
            return
        if self.caller.open.pop(self, None) is not None:
            self.caller.counts.answered(self.caller.flow, self.asked, words[0].decode())
        self.transport.close()

    def end(self, fault: str) -> None:
        if self.caller.open.pop(self, None) is not None:
            self.caller.counts.lose(self.caller.flow, self.asked, fault)
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.end("cut")
