"""The mesh: follows the cluster, translates it, feeds the proxies and keeps them running."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from grayrelease.sandbox.client import Client, Follower, Key, Object
from grayrelease.sandbox.fault.faults import Fault, Faults
from grayrelease.sandbox.mesh import scrape
from grayrelease.sandbox.mesh.check import check
from grayrelease.sandbox.mesh.envoy import Envoy, EnvoyError
from grayrelease.sandbox.mesh.feed import Feed
from grayrelease.sandbox.mesh.files import ResourceFiles, write_atomically
from grayrelease.sandbox.mesh.lag import KINDS, Kind, Lags, named
from grayrelease.sandbox.mesh.placement import Placement
from grayrelease.sandbox.mesh.translate.objects import Objects
from grayrelease.sandbox.mesh.translate.proxies import Configuration, Folder, configuration
from grayrelease.sandbox.mesh.translate.registry import Registry, Settings

log = logging.getLogger(__name__)

ISTIO = "/apis/networking.istio.io/v1"
GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
PATHS = {
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
    "pods": "/api/v1/pods",
    "virtual_services": f"{ISTIO}/virtualservices",
    "destination_rules": f"{ISTIO}/destinationrules",
    "gateways": f"{ISTIO}/gateways",
    "service_entries": f"{ISTIO}/serviceentries",
    "http_routes": f"{GATEWAY_API}/httproutes",
    "api_gateways": f"{GATEWAY_API}/gateways",
    "namespaces": "/api/v1/namespaces",
}
QUIET_S = 0.002
CHECK_AFTER_S = 0.1
RESTART_S = 0.1


@dataclass(frozen=True)
class Options:
    """How the mesh runs; `data` is its folder, absolute."""

    data: Path
    gateway_port: int
    proxies: int = 2
    settings: Settings = Settings()
    lags: Lags | None = None
    seed: int = 0


class Mesh:
    """`run()` serves until it is cancelled; then the proxies end."""

    def __init__(self, client: Client, session: aiohttp.ClientSession, options: Options) -> None:
        self.options = options
        self.faults = Faults()
        self.followers = {name: Follower(client, path, self._changed) for name, path in PATHS.items()}
        self.placement = Placement(options.proxies)
        self.envoys = []
        self.feeds = []
        for number in range(options.proxies):
            files = ResourceFiles(options.data / f"mesh-{number}")
            self.envoys.append(Envoy(f"mesh-{number}", files, session))
            self.feeds.append(Feed(files, options.lags or {}, f"{options.seed}/{number}"))
        self._started = False
        self._pending: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._written = asyncio.Event()

    async def run(self) -> None:
        """Serve. Raises EnvoyError when a proxy does not start at the beginning."""
        following = [asyncio.create_task(follower.run()) for follower in self.followers.values()]
        try:
            await asyncio.gather(*(follower.synced.wait() for follower in self.followers.values()))
            await self._start()
            keeping = (self._keep(envoy) for envoy in self.envoys)
            await asyncio.gather(self._check(), *keeping, *following)
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*(envoy.stop() for envoy in self.envoys))

    async def _start(self) -> None:
        for feed, wanted in zip(self.feeds, self._translated(), strict=True):
            feed.start(wanted)
        scrape.write_configuration(self.options.data)
        await asyncio.gather(*(envoy.start() for envoy in self.envoys))
        self._started = True
        # What changed while they started.
        self._translate()
        self._tell()

    def _changed(self, key: Key, old: Object | None, new: Object | None) -> None:
        if self._started and self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(QUIET_S, self._translate)

    def _translate(self) -> None:
        self._pending = None
        began = time.perf_counter()
        now = asyncio.get_running_loop().time()
        for feed, wanted in zip(self.feeds, self._translated(), strict=True):
            feed.change(wanted, now)
        self._flush()
        log.debug("translated and written in %.1f ms", (time.perf_counter() - began) * 1000)

    def _flush(self) -> None:
        now = asyncio.get_running_loop().time()
        for feed in self.feeds:
            feed.flush(now)
        self._after_write()

    async def hold(self, fault: Fault, begins: bool) -> None:
        """Hold back what the faults in force name, and let the rest go on. Raises ValueError."""
        try:
            held = frozenset(kind for each in self.faults.named("hold") for kind in _kinds(each))
        except ValueError:
            self.faults.drop(fault.name, fault.of)
            raise
        for feed in self.feeds:
            feed.held = held
        if self._started:
            self._flush()

    def _after_write(self) -> None:
        self._written.set()
        due = min((feed.due for feed in self.feeds if feed.due is not None), default=None)
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if due is not None:
            self._late = asyncio.get_running_loop().call_at(due, self._flush)

    def _translated(self) -> list[Configuration]:
        registry = Registry(self._objects(), self.options.settings)
        sidecars = [key for key, workload in registry.workloads.items() if workload.sidecar]
        written = []
        for number, pods in enumerate(self.placement.spread(sidecars)):
            folder = Folder(self.feeds[number].files.root)
            port = self.options.gateway_port if number == 0 else None
            written.append(configuration(registry, [registry.workloads[pod] for pod in pods], folder, port))
        return written

    def _objects(self) -> Objects:
        return Objects(**{name: list(follower.objects.values()) for name, follower in self.followers.items()})

    async def _keep(self, envoy: Envoy) -> None:
        """Start a proxy again whenever it ends."""
        while True:
            code = await envoy.ended()
            log.error("%s ended with %s; it is started again", envoy.name, code)
            await asyncio.sleep(RESTART_S)
            try:
                await envoy.start()
            except EnvoyError as error:
                log.error("%s", error)
            else:
                self._tell()

    async def _check(self) -> None:
        """Look after each write whether the proxies took it: they say nothing by themselves."""
        while True:
            await self._written.wait()
            await asyncio.sleep(CHECK_AFTER_S)
            self._written.clear()
            for envoy, feed in zip(self.envoys, self.feeds, strict=True):
                if await check(envoy, feed):
                    feed.drop_unused_endpoints()

    def _tell(self) -> None:
        """Write where the proxies are, for Prometheus and for people."""
        scrape.write_targets(self.options.data, {envoy.name: envoy.admin for envoy in self.envoys})
        proxies = [
            {"name": envoy.name, "pid": envoy.process.pid, "admin": envoy.admin}
            for envoy in self.envoys
            if envoy.process is not None
        ]
        told = {"pid": os.getpid(), "gateway_port": self.options.gateway_port, "proxies": proxies}
        write_atomically(self.options.data / "mesh.json", told, self.options.data / "drafts")
        log.info("%s", json.dumps(told))


def _kinds(fault: Fault) -> list[Kind]:
    return [named(each) for each in fault.of.split(",")] if fault.of else list(KINDS)
