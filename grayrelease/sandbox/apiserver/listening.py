"""The port of the API server, which a fault can close, and its other faults as they begin and end."""

from __future__ import annotations

from aiohttp import web

from grayrelease.sandbox.apiserver.faults import Breaking
from grayrelease.sandbox.apiserver.store import Store
from grayrelease.sandbox.fault.faults import Fault

BACKLOG = 512


class Listening:
    """Opens the port; closes it and all its connections while the server plays dead."""

    def __init__(self, runner: web.ServerRunner, host: str, port: int) -> None:
        self._runner, self._host, self.port = runner, host, port
        self._site: web.TCPSite | None = None

    async def open(self) -> None:
        """Listen; port 0 becomes the one that the kernel chooses."""
        if self._site is None:
            self._site = web.TCPSite(self._runner, self._host, self.port, backlog=BACKLOG)
            await self._site.start()
            self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Refuse connections, and end those there are, whatever they were doing."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        for handler in self._runner.server.connections if self._runner.server else ():
            if handler.transport is not None:
                handler.transport.abort()


class Beginning:
    """Does what the beginning and the end of a fault need."""

    def __init__(self, listening: Listening, breaking: Breaking, store: Store) -> None:
        self._listening, self._breaking, self._store = listening, breaking, store

    async def changed(self, fault: Fault, begins: bool) -> None:
        match fault.name, begins:
            case "down", True:
                await self._listening.close()
            case "down", False:
                await self._listening.open()
            case "cut", True:
                self._breaking.cut(fault)
                self._breaking.faults.strike(fault)
            case "stale", True:
                self._breaking.stale_version = self._store.version
