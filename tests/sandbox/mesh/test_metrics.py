"""What a real Prometheus makes of the proxies' counters: Istio's names and labels, and every request once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from demo import prometheus
from demo.ports import free_port
from grayrelease.domain import handing
from grayrelease.metrics.prometheus import Prometheus as OurPrometheus
from grayrelease.sandbox.process import ended, spawn
from tests.sandbox.mesh.manifests import destination_rule, gateway, gateway_route, virtual_service
from tests.sandbox.mesh.scene import Scene, until_true

pytestmark = pytest.mark.processes

SERVICE = "reviews.demo.svc.cluster.local"
FROM_PRODUCTPAGE = {
    "reporter": "source",
    "namespace": "demo",
    "pod": "productpage-v1",
    "instance": "mesh-0",
    "source_workload": "productpage-v1",
    "source_workload_namespace": "demo",
    "source_app": "productpage",
    "source_version": "v1",
    "destination_service": SERVICE,
    "destination_service_name": "reviews",
    "destination_service_namespace": "demo",
    "request_protocol": "http",
}
TO_REVIEWS_V2 = {
    "destination_workload": "reviews-v2",
    "destination_workload_namespace": "demo",
    "destination_app": "reviews",
    "destination_version": "v2",
    "response_code": "200",
    "response_flags": "-",
}

Series = dict[str, str]


class Prometheus:
    """A real one, on what the mesh wrote. `async with`."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.url = f"http://127.0.0.1:{free_port()}"

    async def __aenter__(self) -> Prometheus:
        program = prometheus.find_or_fetch()
        assert program is not None, prometheus.HOW_TO_GET_IT
        command = [
            str(program),
            f"--config.file={self.scene.folder / 'mesh' / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.scene.folder / 'prometheus'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        with (self.scene.folder / "prometheus.log").open("wb") as log:
            self.process = spawn(command, log=log)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.process.kill()
        await ended(self.process)

    async def series(self, query: str) -> list[tuple[Series, float]]:
        async with self.scene.session.get(f"{self.url}/api/v1/query", params={"query": query}) as response:
            found: Any = (await response.json())["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    async def reaches(self, query: str, value: float) -> None:
        """Wait until a query's sum is a value: a scrape or two later."""

        async def is_so() -> bool:
            try:
                return sum(count for _, count in await self.series(query)) == value
            except aiohttp.ClientError:
                return False

        await until_true(is_so)


async def some_traffic(scene: Scene) -> None:
    """60 calls: 20 before there are subsets, 30 by subsets, 10 to one that is missing. 5 visits."""
    await scene.apply(destination_rule("reviews", "v1", "v2"))
    for _ in range(20):
        await scene.call()
    await send_all_to(scene, "v2", (200, "reviews v2"))
    for _ in range(30):
        await scene.call()
    await send_all_to(scene, "v9", (503, ""))
    for _ in range(10):
        await scene.call()
    await scene.apply(gateway())
    await scene.apply(gateway_route("page.localhost", "productpage"))

    async def served() -> bool:
        return (await scene.visit("page.localhost"))[0] == 200

    await until_true(served)
    for _ in range(4):
        await scene.visit("page.localhost")


async def send_all_to(scene: Scene, subset: str, answer: tuple[int, str]) -> None:
    """Change the route; the one that asks whether it is in effect is the other caller."""
    await scene.apply(virtual_service("reviews", {subset: 100}))

    async def is_so() -> bool:
        return await scene.call(caller=2) == answer

    await until_true(is_so)


def test_every_request_is_counted_once_with_istios_labels(tmp_path: Path) -> None:
    async def run() -> None:
        async with Scene(tmp_path) as scene:
            await scene.start_mesh("--proxies", "2")
            async with Prometheus(scene) as server:
                await some_traffic(scene)
                mine = 'istio_requests_total{reporter="source",pod="productpage-v1"}'
                await server.reaches(mine, 60)
                await check_source(server)
                await check_destination(server)
                await check_gateway(server)
                await check_histogram(server)
                await check_callers(server)

    asyncio.run(run())


async def check_source(server: Prometheus) -> None:
    mine = 'istio_requests_total{reporter="source",pod="productpage-v1",response_code="%s"}'
    for labels, _ in await server.series(mine % 200):
        assert labels.items() >= FROM_PRODUCTPAGE.items()
    answered = await server.series(mine % 200)
    versions = {labels["destination_version"]: count for labels, count in answered}
    # One series for each version, though it was called by two clusters of Envoy.
    assert len(answered) == 2 and sum(versions.values()) == 50 and versions["v2"] >= 30
    v2 = next(labels for labels, _ in answered if labels["destination_version"] == "v2")
    assert v2.items() >= TO_REVIEWS_V2.items()
    [(missing, count)] = await server.series(mine % 503)
    assert count == 10
    assert missing.items() >= (FROM_PRODUCTPAGE | {"response_flags": "NC"}).items()
    assert missing["destination_workload"] == missing["destination_version"] == "unknown"
    assert not {"src", "dst", "svc", "asked", "called_service"} & missing.keys()


async def check_destination(server: Prometheus) -> None:
    query = 'istio_requests_total{reporter="destination",pod="reviews-v2",source_version="v1"}'
    await server.reaches(f"count({query})", 1)
    found = await server.series(query)
    assert found[0][0].items() >= TO_REVIEWS_V2.items()
    assert found[0][0]["destination_service"] == SERVICE
    assert found[0][0]["source_workload"] == "productpage-v1"


async def check_gateway(server: Prometheus) -> None:
    query = 'istio_requests_total{source_workload="istio-ingressgateway",response_code="200"}'
    await server.reaches(query, 10)
    counts = {labels["reporter"]: 0.0 for labels, _ in await server.series(query)}
    for labels, count in await server.series(query):
        counts[labels["reporter"]] += count
        assert labels["destination_service_name"] == "productpage"
    assert counts == {"source": 5, "destination": 5}


async def check_callers(server: Prometheus) -> None:
    """What the product makes of them: the gateway is none, and the page is named."""
    asked = OurPrometheus(server.url, 5)
    for service, between in (("productpage", ()), ("reviews", ("productpage-v1",))):
        found = await asyncio.to_thread(asked.sources, "demo", service, now=datetime.now(UTC))
        assert found
        assert handing.between(found, [gateway()["spec"]["selector"]], "demo") == between


async def check_histogram(server: Prometheus) -> None:
    name = "istio_request_duration_milliseconds"
    await server.reaches(f'{name}_count{{reporter="source",pod="productpage-v1"}}', 60)
    buckets = await server.series(f'{name}_bucket{{reporter="source",pod="productpage-v1",le="+Inf"}}')
    assert sum(count for _, count in buckets) == 60
    [(_, millis)] = await server.series(
        f'histogram_quantile(0.5, sum by (le) ({name}_bucket{{destination_version="v2"}}))'
    )
    assert 0 < millis < 1000
