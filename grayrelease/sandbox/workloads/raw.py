"""What the echo speaks besides HTTP/1: lines over TCP, and gRPC (HTTP/2 in plain text).

Both say which version and pod answers. Of HTTP/2 only what an answer takes is done: headers of requests
are not read, so a call of any method gets the same message {1: version, 2: pod}, and a request without a
body the same as JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from struct import pack

from grayrelease.sandbox.workloads.serving import Settings

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4
LARGEST_WINDOW = 2**31 - 1
FIRST_WINDOW = 65535
CUT = (asyncio.IncompleteReadError, ConnectionError)


@asynccontextmanager
async def further_servers(settings: Settings) -> AsyncIterator[None]:
    """Serve TCP and gRPC on the ports that the settings name."""
    wanted = ((settings.tcp_port, lines(settings)), (settings.grpc_port, http2(settings)))
    async with AsyncExitStack() as stack:
        for port, serve in wanted:
            if port:
                server = await asyncio.start_server(serve, settings.address, port, backlog=512)
                await stack.enter_async_context(server)
        yield


def lines(settings: Settings) -> Serve:
    """Answer each line with `VERSION POD LINE`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(f"{settings.name} {settings.pod} ".encode() + line)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    return serve


def http2(settings: Settings) -> Serve:
    """Answer each stream once its request is whole."""
    said = json.dumps({"version": settings.name, "pod": settings.pod}).encode()
    message = _text(1, settings.name) + _text(2, settings.pod)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(len(PREFACE)) == PREFACE:
                # No table: what is not read needs none.
                size, window = (
                    pack(">HI", HEADER_TABLE_SIZE, 0),
                    pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
                )
                writer.write(frame(SETTINGS, 0, 0, size + window))
                writer.write(frame(WINDOW_UPDATE, 0, 0, pack(">I", LARGEST_WINDOW - FIRST_WINDOW)))
                await _streams(reader, writer, said, message)
        except CUT:
            pass
        writer.close()

    return serve


async def _streams(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, message: bytes
) -> None:
    while True:
        kind, flags, stream, payload = await read_frame(reader)
        if kind == SETTINGS and not flags & ACK:
            writer.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            writer.write(frame(PING, ACK, 0, payload))
        elif kind == HEADERS and flags & END_STREAM:
            writer.write(_answer(stream, "application/json", said))
        elif kind == DATA and flags & END_STREAM:
            body = pack(">BI", 0, len(message)) + message
            writer.write(_answer(stream, "application/grpc", body, {"grpc-status": "0"}))
        elif kind == GOAWAY:
            return
        await writer.drain()


def _answer(stream: int, kind: str, body: bytes, trailers: dict[str, str] | None = None) -> bytes:
    head = frame(HEADERS, END_HEADERS, stream, header_block({":status": "200", "content-type": kind}))
    data = frame(DATA, 0 if trailers else END_STREAM, stream, body)
    if not trailers:
        return head + data
    return head + data + frame(HEADERS, END_HEADERS | END_STREAM, stream, header_block(trailers))


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Read a frame: kind, flags, stream and payload. Raises IncompleteReadError at the end."""
    head = await reader.readexactly(9)
    payload = await reader.readexactly(int.from_bytes(head[:3]))
    return head[3], head[4], int.from_bytes(head[5:]) & LARGEST_WINDOW, payload


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Write a frame."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def header_block(headers: dict[str, str]) -> bytes:
    """Write short headers as they are, without a table and without compression."""
    return b"".join(b"\0" + _short(name) + _short(value) for name, value in headers.items())


def _short(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


def _text(number: int, value: str) -> bytes:
    return bytes((number << 3 | 2,)) + _short(value)
