"""gRPC calls over one HTTP/2 connection, and a new one where that goes.

Headers of answers are not read: what the echo says stands in the message, which a call that failed
doesn't have.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from struct import pack
from typing import cast

from grayrelease.sandbox.workloads.raw import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    GOAWAY,
    HEADERS,
    LARGEST_WINDOW,
    PING,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    header_block,
)
from tests.loss.load.counts import Counts, Flow

RST_STREAM = 3
EMPTY_MESSAGE = pack(">BI", 0, 0)
HEAD = 9


@dataclass
class Call:
    """A call that waits for its answer."""

    asked: float
    message: bytearray = field(default_factory=bytearray)


class Grpc:
    """A caller."""

    def __init__(self, flow: Flow, counts: Counts) -> None:
        self.flow, self.counts = flow, counts
        said = {":method": "POST", ":scheme": "http", ":path": "/echo.Echo/Say", ":authority": flow.host}
        self.headers = header_block({**said, "content-type": "application/grpc", "te": "trailers"})
        self.connections: set[Connection] = set()
        self.current: Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._before: list[float] = []

    @property
    def waiting(self) -> int:
        return len(self._before) + sum(len(each.calls) for each in self.connections)

    def ask(self) -> None:
        if self.current is not None:
            self.current.call(time.monotonic())
            return
        self._before.append(time.monotonic())
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        try:
            _, self.current = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self), self.flow.address, self.flow.port
            )
        except OSError as error:
            for asked in self._before:
                self.counts.lose(self.flow, asked, f"not connected: {error.strerror}")
        else:
            for asked in self._before:
                self.current.call(asked)
        self._before, self._opening = [], None

    def give_up(self, before: float) -> None:
        """Lose what was asked before a moment."""
        for connection in self.connections:
            for stream, call in list(connection.calls.items()):
                if call.asked < before:
                    connection.lose(stream, "no answer")

    def close(self) -> None:
        for each in list(self.connections):
            each.transport.abort()


class Connection(asyncio.Protocol):
    """One connection with the calls that are open on it, by stream."""

    transport: asyncio.Transport

    def __init__(self, caller: Grpc) -> None:
        self.caller = caller
        self.calls: dict[int, Call] = {}
        self.next = 1
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclasses.
        self.transport = cast(asyncio.Transport, transport)
        self.caller.connections.add(self)
        window = frame(WINDOW_UPDATE, 0, 0, pack(">I", LARGEST_WINDOW - FIRST_WINDOW))
        self.transport.write(PREFACE + frame(SETTINGS, 0, 0) + window)

    def call(self, asked: float) -> None:
        stream, self.next = self.next, self.next + 2
        self.calls[stream] = Call(asked)
        head = frame(HEADERS, END_HEADERS, stream, self.caller.headers)
        self.transport.write(head + frame(DATA, END_STREAM, stream, EMPTY_MESSAGE))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= HEAD:
            end = HEAD + int.from_bytes(self.buffer[:3])
            if len(self.buffer) < end:
                return
            head, payload, self.buffer = self.buffer[:HEAD], self.buffer[HEAD:end], self.buffer[end:]
            self._take(head[3], head[4], int.from_bytes(head[5:]) & LARGEST_WINDOW, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            self.transport.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.transport.write(frame(PING, ACK, 0, payload))
        elif kind == RST_STREAM:
            self.lose(stream, f"reset {int.from_bytes(payload)}")
        elif kind == GOAWAY:
            self._go(int.from_bytes(payload[:4]) & LARGEST_WINDOW)
        elif kind in (DATA, HEADERS) and stream in self.calls:
            if kind == DATA:
                self.calls[stream].message += payload
            if flags & END_STREAM:
                self._judge(stream)

    def _judge(self, stream: int) -> None:
        message = bytes(self.calls[stream].message)
        # A flag, the length, then field 1, whose text is the version.
        if len(message) < 7 or len(message) != 5 + int.from_bytes(message[1:5]):
            self.lose(stream, f"no message: {message[:80]!r}")
            return
        call = self.calls.pop(stream)
        version = message[7 : 7 + message[6]].decode()
        self.caller.counts.answered(self.caller.flow, call.asked, version)

    def _go(self, last: int) -> None:
        """Make no new call here; those that the other side never took are lost."""
        if self.caller.current is self:
            self.caller.current = None
        for stream in [each for each in self.calls if each > last]:
            self.lose(stream, "sent away")

    def lose(self, stream: int, fault: str) -> None:
        if call := self.calls.pop(stream, None):
            self.caller.counts.lose(self.caller.flow, call.asked, fault)

    def connection_lost(self, error: Exception | None) -> None:
        self.caller.connections.discard(self)
        self._go(0)
        for stream in list(self.calls):
            self.lose(stream, "cut")
