"""The agent's side of the nursery: processes for containers, started in milliseconds."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grayrelease.sandbox.node.environment import own_environment
from grayrelease.sandbox.process import spawn

log = logging.getLogger(__name__)
PAUSE_S = 0.5


class Child:
    """A container's process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ended(self) -> int:
        """Wait for the end: the exit code, negative for the signal that made it."""
        return await asyncio.shield(self._code)

    def send_signal(self, number: int) -> None:
        """Signal the process, if it has not ended."""
        if not self._code.done():
            os.kill(self.pid, number)

    def end(self, code: int) -> None:
        """Note how it ended."""
        if not self._code.done():
            self._code.set_result(code)


class Nursery:
    """Starts containers' processes by one that forks; if it dies, so do they, and it is started anew."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._writer: asyncio.StreamWriter | None = None
        self._ready = asyncio.Event()
        self._births: dict[int, asyncio.Future[Child]] = {}
        self._children: dict[int, Child] = {}
        self._number = 0

    async def start(self, arguments: Sequence[str], env: Mapping[str, str], log_file: Path) -> Child:
        """Start a workload, its output appended to a file; ConnectionError if the nursery died meanwhile."""
        await self._ready.wait()
        assert self._writer is not None
        self._number += 1
        born: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._births[self._number] = born
        wanted = {
            "id": self._number,
            "arguments": list(arguments),
            "env": dict(env),
            "log": str(log_file),
            "folder": str(self.data),
        }
        self._writer.write(json.dumps(wanted).encode() + b"\n")
        return await born

    async def run(self) -> None:
        """Keep a nursery for ever."""
        while True:
            await self._live()
            log.warning("the nursery ended, and all containers with it")
            await asyncio.sleep(PAUSE_S)

    async def _live(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "grayrelease.sandbox.workloads.nursery", str(theirs.fileno())]
        # Errors while it loads go where the agent's own go.
        process = spawn(command, env=own_environment(), cwd=str(self.data), pass_fds=[theirs.fileno()])
        theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._ready.set()
        try:
            while line := await reader.readline():
                self._hear(json.loads(line))
        except ConnectionError as error:
            log.warning("%s", error)
        finally:
            self._ready.clear()
            self._writer.close()
            process.kill()
            process.wait()
            self._lose_all()

    def _hear(self, said: dict[str, int]) -> None:
        if "id" in said:
            child = self._children[said["pid"]] = Child(said["pid"])
            born = self._births.pop(said["id"])
            if born.cancelled():
                child.send_signal(signal.SIGKILL)
            else:
                born.set_result(child)
        elif said["pid"] in self._children:
            self._children.pop(said["pid"]).end(said["code"])

    def _lose_all(self) -> None:
        for child in self._children.values():
            child.end(-signal.SIGKILL)
        for born in self._births.values():
            if not born.done():
                born.set_exception(ConnectionError("the nursery ended"))
        self._children.clear()
        self._births.clear()
