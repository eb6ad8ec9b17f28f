"""What the API server breaks on purpose: it refuses, waits, errs, cuts watches, lists what was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from grayrelease.sandbox.apiserver import errors, query
from grayrelease.sandbox.fault.faults import Fault, Faults

NAMES = frozenset({"down", "slow", "conflict", "throttle", "error", "cut", "stale", "unauthorized"})
WRITES = ("PUT", "PATCH", "DELETE")
TOO_MANY = "Too many requests, please try again later."
FAILED = "etcdserver: request timed out"


class Breaking:
    """The faults in force, asked before each request while there are some."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.stale_version = 0
        self._watches: dict[int, web.BaseRequest] = {}

    async def before(self, request: web.BaseRequest) -> web.Response | None:
        """Wait, or answer instead of the server. Raises ApiError for an error of its own."""
        agent = request.headers.get("User-Agent", "")
        for fault in self.faults.named("slow", agent):
            await asyncio.sleep(fault.seconds)
        for fault in list(self.faults.named("throttle", agent)):
            self.faults.strike(fault)
            # Plain text, as the real server's filter answers.
            return web.Response(status=429, text=TOO_MANY, headers={"Retry-After": f"{fault.seconds:.0f}"})
        for fault in list(self.faults.named("unauthorized", agent)):
            self.faults.strike(fault)
            raise errors.error(401, "Unauthorized", "Unauthorized")
        for fault in list(self.faults.named("error", agent)):
            self.faults.strike(fault)
            raise errors.ApiError(500, errors.failure(500, FAILED))
        if request.method in WRITES and (target := query.target(request.path)) is not None:
            for fault in list(self.faults.named("conflict", agent)):
                self.faults.strike(fault)
                raise errors.conflict(target.plural, target.group, target.name)
        return None

    def listed_version(self, request: web.BaseRequest) -> int:
        """Give the version that lists are served from; 0 for the present one."""
        agent = request.headers.get("User-Agent", "")
        return self.stale_version if any(self.faults.named("stale", agent)) else 0

    @contextmanager
    def watching(self, request: web.BaseRequest) -> Iterator[None]:
        """Know of an open watch meanwhile; one that begins while watches are cut ends at once."""
        # Requests are equal to each other, and have no hash.
        self._watches[id(request)] = request
        try:
            if self.faults and any(self.faults.named("cut", request.headers.get("User-Agent", ""))):
                abort(request)
            yield
        finally:
            del self._watches[id(request)]

    def cut(self, fault: Fault) -> None:
        """End all open watches in the middle of their streams."""
        for request in list(self._watches.values()):
            if fault.agent in request.headers.get("User-Agent", ""):
                abort(request)


def abort(request: web.BaseRequest) -> None:
    """End a connection without a word."""
    if request.transport is not None:
        request.transport.abort()
