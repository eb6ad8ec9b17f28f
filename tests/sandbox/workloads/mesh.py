"""Workloads as processes, and a proxy for them that knows where each service is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from demo.ports import free_port
from grayrelease.sandbox.process import spawn


class Workload:
    """One process with its address."""

    def __init__(self, log: Path, name: str, version: str = "v1", **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {"PORT": str(self.port), "POD_NAME": f"{name}-{version}-abc", "DRAIN_S": "0", **variables}
        command = [sys.executable, "-m", "grayrelease.sandbox.workloads", name, version]
        with log.open("ab") as output:
            self.process = spawn(command, env={**os.environ, **settings}, log=output)
        wait_until_it_answers(self.url + "/health")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextmanager
def running(log: Path, *wanted: tuple[str, str], **variables: str) -> Iterator[list[Workload]]:
    """Run workloads, by name and version."""
    started: list[Workload] = []
    try:
        for name, version in wanted:
            started.append(Workload(log, name, version, **variables))
        yield started
    finally:
        for each in started:
            each.stop()


def wait_until_it_answers(url: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise


class Proxy:
    """Sends requests on by their Host header; what it saw is in `seen`."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    async def __aenter__(self) -> Proxy:
        self._session = aiohttp.ClientSession()
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.seen.append((request.host, {name.lower(): value for name, value in request.headers.items()}))
        place = self.places.get(request.host)
        if place is None:
            return web.Response(status=503)
        async with self._session.get(place + request.path_qs, headers=request.headers) as answer:
            version = {
                name: value for name, value in answer.headers.items() if name.lower() == "x-app-version"
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=version)
