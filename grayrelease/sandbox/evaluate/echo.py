"""The upstream of all clusters: says what it was asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

ASKED_STATUS = "x-echo-status"
MARK = "x-upstream"
SEEN = "x-upstream-saw"
ALWAYS = {MARK: "1", "x-powered-by": "echo", "x-version": "1"}


class Echo:
    """A server on a socket in the file system. `async with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Echo:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        serving = dict(self._serving)
        for writer in serving.values():
            # Their readers come to an end then.
            writer.transport.abort()
        await asyncio.gather(*serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(_answer(head))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            del self._serving[task]
            writer.close()


def _answer(head: str) -> bytes:
    first, *rest = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = [line.partition(": ")[::2] for line in rest if line]
    body = json.dumps({"path": path, "headers": headers})
    status = next((value for name, value in headers if name.lower() == ASKED_STATUS), "200")
    told = {**ALWAYS, "content-length": str(len(body))}
    if method == "HEAD":
        # There is no body to say it in.
        told[SEEN] = body.encode().hex()
    lines = [f"HTTP/1.1 {status} Told", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return ("\r\n".join(lines) + ("" if method == "HEAD" else body)).encode("latin-1")
