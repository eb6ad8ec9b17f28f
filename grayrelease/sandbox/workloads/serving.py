"""What all workloads have in common: settings, faults asked for, a log, and a soft end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Longer than any proxy keeps an idle connection: a server that closes first cuts requests on their way.
KEEP_ALIVE_S = 7200
FINISH_S = 10
CALL_S = 3


@dataclass(frozen=True)
class Settings:
    """What image and environment say. Times in seconds, `error_rate` from 0 to 1.

    `version` is the image's; the echo calls itself `name`, which VERSION can set.
    TCP and gRPC are served on `tcp_port` and `grpc_port` where these are not 0.
    """

    address: str = "127.0.0.1"
    port: int = 9080
    pod: str = "local"
    version: str = "v1"
    name: str = "v1"
    outbound: str = ""
    error_rate: float = 0
    latency: float = 0
    drain: float = 2
    tcp_port: int = 0
    grpc_port: int = 0

    @classmethod
    def of(cls, variables: Mapping[str, str], version: str) -> Self:
        """Read the variables that the node and the pod's spec set."""
        return cls(
            address=variables.get("POD_IP", cls.address),
            port=int(variables.get("PORT", cls.port)),
            pod=variables.get("POD_NAME", cls.pod),
            version=version,
            name=variables.get("VERSION", version),
            outbound=variables.get("SANDBOX_OUTBOUND", ""),
            error_rate=float(variables.get("ERROR_RATE") or 0),
            latency=float(variables.get("LATENCY_MS") or 0) / 1000,
            drain=float(variables.get("DRAIN_S") or cls.drain),
            tcp_port=int(variables.get("TCP_PORT") or 0),
            grpc_port=int(variables.get("GRPC_PORT") or 0),
        )


@dataclass
class Answer:
    """What a called service said; status 0 if it could not be reached."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Calls:
    """Calls to other services, through the pod's sidecar."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def get(self, host: str, path: str, headers: Mapping[str, str], timeout: float = CALL_S) -> Answer:
        """Ask host:port of the mesh; nothing is tried twice."""
        if not self.settings.outbound:
            # Names of services are known to sidecars only.
            return Answer(503, b"no sidecar")
        try:
            async with self._open().get(
                self.settings.outbound + path,
                headers={**headers, "Host": host},
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
            ) as response:
                return Answer(response.status, await response.read(), response.headers)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            print(f"{host}{path}: {type(error).__name__}: {error}", flush=True)
            return Answer(0)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
            # It would ask again by itself where a connection was cut.
            self._session._retry_connection = False
        return self._session


class Log:
    """At most one line a second about requests, with how many there were since the last."""

    def __init__(self) -> None:
        self._since = 0
        self._next = 0.0

    def note(self, request: web.BaseRequest, status: int, seconds: float) -> None:
        """Write a line about a request, or count it."""
        self._since += 1
        now = time.monotonic()
        if now < self._next:
            return
        more = f" ({self._since} since the last line)" if self._since > 1 else ""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(
            f"{stamp} {request.method} {request.path_qs} {status} {seconds * 1000:.0f} ms{more}", flush=True
        )
        self._since, self._next = 0, now + 1


def with_faults(settings: Settings, handler: Handler) -> Handler:
    """Wait and fail as often as the settings ask for, except for health checks."""

    async def faulty(request: web.BaseRequest) -> web.StreamResponse:
        if settings.latency and request.path != "/health":
            await asyncio.sleep(settings.latency)
        if settings.error_rate and request.path != "/health" and random.random() < settings.error_rate:
            return web.json_response({"error": "asked for by ERROR_RATE"}, status=500)
        return await handler(request)

    return faulty


def with_log(handler: Handler) -> Handler:
    """Note each request but health checks."""
    log = Log()

    async def logged(request: web.BaseRequest) -> web.StreamResponse:
        started = time.monotonic()
        response = await handler(request)
        if request.path != "/health":
            log.note(request, response.status, time.monotonic() - started)
        return response

    return logged


async def serve(settings: Settings, handler: Handler) -> None:
    """Serve until SIGTERM, then as long as the settings say, then finish what runs.

    Kubernetes sends SIGTERM and takes the endpoint away at the same moment; proxies hear of it later.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    server = web.Server(
        with_log(with_faults(settings, handler)), access_log=None, keepalive_timeout=KEEP_ALIVE_S
    )
    runner = web.ServerRunner(server, shutdown_timeout=FINISH_S)
    await runner.setup()
    await web.TCPSite(runner, settings.address, settings.port, backlog=512).start()
    print(f"{settings.pod} ({settings.version}) listens on {settings.address}:{settings.port}", flush=True)
    await ending.wait()
    print(f"ending: serves {settings.drain:g} s more", flush=True)
    await asyncio.sleep(settings.drain)
    await runner.cleanup()
    print("ended", flush=True)


def settings_from(version: str) -> Settings:
    """Read the settings of this process; a bad number ends it with status 2, as a bad option would."""
    try:
        return Settings.of(os.environ, version)
    except ValueError as error:
        print(f"bad setting: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2) from error
