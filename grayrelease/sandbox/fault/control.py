"""The control of a process: a loopback port where its faults are set, listed and cleared.

`control.json` in the process's folder (readable by its owner only) names the port, the token and the pid.
One line of JSON is asked and one answered, a connection. Nothing happens here while nobody asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from grayrelease.sandbox.fault.faults import Fault, Faults
from grayrelease.sandbox.private import private_write

FILE = "control.json"
Changed = Callable[[Fault, bool], Awaitable[None]]
"""Called with a fault that was set (True) or is over (False); it is answered once this is done."""


async def nothing_more(fault: Fault, begins: bool) -> None:
    """Do nothing: the fault is looked up where it strikes."""


class Control:
    """Sets and clears the faults of a process; `names` are those that it knows."""

    def __init__(self, faults: Faults, names: frozenset[str], changed: Changed = nothing_more) -> None:
        self.faults, self.names, self.changed = faults, names, changed
        self.token = secrets.token_hex(16)
        self._ends: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[None]:
        """Answer meanwhile."""
        server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        told = {"port": port, "token": self.token, "pid": os.getpid()}
        private_write(folder / FILE, json.dumps(told))
        try:
            yield
        finally:
            (folder / FILE).unlink(missing_ok=True)
            server.close()

    async def set(self, fault: Fault, for_s: float = 0.0) -> None:
        """Put a fault into force, for some seconds or until it is cleared."""
        self._forget_end(fault)
        self.faults.put(fault)
        if for_s:
            loop = asyncio.get_running_loop()
            self._ends[fault.key] = loop.call_later(for_s, self._over, fault)
        await self.changed(fault, True)

    async def clear(self, name: str = "", of: str = "") -> None:
        """End faults of a name, of one thing, or all."""
        for fault in self.faults.drop(name, of):
            self._forget_end(fault)
            await self.changed(fault, False)

    def _over(self, fault: Fault) -> None:
        # The loop itself keeps weak references only.
        task = asyncio.get_running_loop().create_task(self.clear(fault.name, fault.of))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _forget_end(self, fault: Fault) -> None:
        if (end := self._ends.pop(fault.key, None)) is not None:
            end.cancel()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                answer = await self._answer(json.loads(await reader.readline()))
            except (ValueError, TypeError, KeyError) as error:
                answer = {"error": str(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if not hmac.compare_digest(str(asked["token"]).encode(), self.token.encode()):
            return {"error": "this is not the token"}
        if asked["do"] == "set":
            fault = Fault.read(asked["fault"])
            if fault.name not in self.names:
                return {"error": f"{fault.name} is none of {', '.join(sorted(self.names))}"}
            await self.set(fault, float(asked["for_s"]))
        elif asked["do"] == "clear":
            await self.clear(asked["name"], asked["of"])
        return {"faults": [fault.as_object() for fault in self.faults.held.values()]}
