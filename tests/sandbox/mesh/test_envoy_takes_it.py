"""Envoy takes what the golden files hold: it says nothing by itself of most that it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from demo.ports import free_port
from grayrelease.sandbox.mesh.check import check
from grayrelease.sandbox.mesh.envoy import Envoy
from grayrelease.sandbox.mesh.feed import Feed
from grayrelease.sandbox.mesh.files import ResourceFiles
from grayrelease.sandbox.mesh.translate.proxies import Folder, configuration
from grayrelease.sandbox.mesh.translate.registry import Registry, Settings
from grayrelease.sandbox.mesh.translate.workloads import Workload
from tests.sandbox.mesh.test_translate import GOLDEN, objects

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_envoy_takes_every_golden_configuration(name: str, tmp_path: Path) -> None:
    registry = Registry(objects(GOLDEN / f"{name}.yaml"), Settings())
    pods = [workload for workload in registry.workloads.values() if workload.sidecar]
    asyncio.run(start(tmp_path / "proxy", registry, pods))


async def start(root: Path, registry: Registry, pods: list[Workload]) -> None:
    async with aiohttp.ClientSession() as session:
        feed = Feed(ResourceFiles(root), {}, seed="")
        feed.start(configuration(registry, pods, Folder(root), free_port()))
        envoy = Envoy("proxy", feed.files, session)
        try:
            await envoy.start()
            assert await check(envoy, feed)
        finally:
            await envoy.stop()


def test_a_refused_route_table_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        registry = Registry(objects(GOLDEN / "canary.yaml"), Settings())
        async with aiohttp.ClientSession() as session:
            feed = Feed(ResourceFiles(tmp_path / "proxy"), {}, seed="")
            pods = [workload for workload in registry.workloads.values() if workload.sidecar]
            feed.start(configuration(registry, pods, Folder(tmp_path / "proxy"), free_port()))
            envoy = Envoy("proxy", feed.files, session)
            try:
                await envoy.start()
                assert await check(envoy, feed)
                name, table = next(iter(feed.written["routes"].items()))
                feed.files.write("routes", [table | {"virtual_hosts": [{"name": "no domains"}]}], name)
                assert not await check(envoy, feed)
            finally:
                await envoy.stop()

    asyncio.run(run())
    assert "REFUSED by proxy: http.outbound.rds." in caplog.text
