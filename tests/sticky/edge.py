"""A real Envoy with the mesh's tables for several moments of a release, each behind a socket of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grayrelease.sandbox.evaluate.loading import Loading
from grayrelease.sandbox.evaluate.questions import Group, registry
from grayrelease.sandbox.mesh.envoy import binary
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.mesh.translate.routes import Caller
from grayrelease.sandbox.process import spawn
from tests.sticky.browser import Browser

START_S = 60
CONNECTIONS = 4
PIPELINED = 64
OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "error")
GATEWAY = Caller("istio-system", {"istio": "ingressgateway"}, gateway=True)
END = b"\r\n\r\n"


class Upstreams(Loading):
    """Each subset of the service leads to a server of its own."""

    def _add_cluster(self, name: str, alive: bool) -> None:
        super()._add_cluster(name, alive)
        subset = name.split("|")[2] if name.count("|") == 3 else ""
        for ends in self.clusters[name]["load_assignment"]["endpoints"]:
            ends["lb_endpoints"][0]["endpoint"]["address"]["pipe"]["path"] = str(self.folder / f"up-{subset}")

    def _listener(self, socket: Path, hosts: list[Object], gateway: bool) -> Object:
        found = super()._listener(socket, hosts, gateway)
        for chain in found["filter_chains"]:
            chain["filters"][0]["typed_config"].pop("access_log")  # nobody reads it
        return found


class Workload(asyncio.Protocol):
    """Says its version to each request, and gives a cookie of its own to those who have none."""

    def __init__(self, version: str, serving: set[Workload]) -> None:
        self.version, self.serving, self.rest = version, serving, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.serving.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.serving.discard(self)

    def data_received(self, data: bytes) -> None:
        *whole, self.rest = (self.rest + data).split(END)
        for head in whole:
            own = b"" if b"session=" in head else b"set-cookie: session=s1; Path=/; HttpOnly\r\n"
            said = f"HTTP/1.1 200 OK\r\nx-version: {self.version}\r\ncontent-length: 0\r\n".encode()
            self.transport.write(said + own + b"\r\n")


@dataclass(frozen=True)
class Edge:
    """Where browsers knock: at `host` and `path`, at the socket of a moment."""

    loading: Loading
    port: int
    host: str
    path: str

    async def visit(self, moment: int, browsers: Sequence[Browser]) -> None:
        """Let each browser ask once, over a few connections that are kept alive."""
        socket = self.loading.socket(moment, self.port)
        some = [browsers[start::CONNECTIONS] for start in range(CONNECTIONS)]
        await asyncio.gather(*(self._connection(socket, each) for each in some if each))

    async def _connection(self, socket: Path, browsers: Sequence[Browser]) -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            for start in range(0, len(browsers), PIPELINED):
                now = browsers[start : start + PIPELINED]
                writer.write(b"".join(each.request(self.host, self.path) for each in now))
                for each in now:
                    head = (await reader.readuntil(END)).decode()
                    assert head.startswith("HTTP/1.1 200 "), head
                    each.take(head)
        finally:
            await closed(writer)


@asynccontextmanager
async def edge(
    moments: Sequence[Sequence[Any]], port: int, host: str, path: str, caller: Caller = GATEWAY
) -> AsyncIterator[Edge]:
    """Run an Envoy as a caller's, with the objects of each moment."""
    with TemporaryDirectory(prefix="edge-", ignore_cleanup_errors=True) as name:
        loading = Upstreams(Path(name))
        for number, objects in enumerate(moments):
            loading.add(number, Group(registry(list(objects)), caller, {0: {"port": port}}))
        start = loading.folder / "envoy.json"
        start.write_text(json.dumps(loading.bootstrap()))
        async with workloads(loading.folder, {"gr-v1": "v1", "gr-v2": "v2", "": "any"}):
            with (loading.folder / "log").open("wb") as log:
                envoy = spawn([str(binary()), "-c", str(start), *OPTIONS], log=log)
            try:
                await listening([Path(each["name"]) for each in loading.listeners])
                assert envoy.poll() is None, (loading.folder / "log").read_text()
                yield Edge(loading, port, host, path)
            finally:
                envoy.kill()
                envoy.wait()


@asynccontextmanager
async def workloads(folder: Path, versions: Mapping[str, str]) -> AsyncIterator[None]:
    """Serve each version at the socket of its subset."""
    serving: set[Workload] = set()
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_unix_server(partial(Workload, version, serving), folder / f"up-{subset}")
        for subset, version in versions.items()
    ]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        for each in list(serving):
            each.transport.abort()
        await asyncio.sleep(0)


async def listening(sockets: Sequence[Path]) -> None:
    """Wait until all sockets take connections."""
    async with asyncio.timeout(START_S):
        for socket in sockets:
            while not await _takes(socket):
                await asyncio.sleep(0.01)


async def _takes(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    await closed(writer)
    return True


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()
