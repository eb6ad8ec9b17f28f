"""TCP through real proxies: shares of connections, changes, and Istio's counters of both sides."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.tcp_ports import outbound_port
from tests.sandbox.mesh.manifests import ISTIO, destination_rule, endpoint_slice
from tests.sandbox.mesh.scene import Scene, until_true
from tests.sandbox.mesh.test_metrics import Prometheus

pytestmark = pytest.mark.processes

JSON = dict[str, Any]
PORT = 7000
SERVICE = "store.demo.svc.cluster.local"


def service() -> JSON:
    ports = [{"name": "tcp", "port": PORT, "targetPort": PORT}]
    spec = {"selector": {"app": "reviews"}, "ports": ports}
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "store"}, "spec": spec}


def shares(**weights: int) -> JSON:
    route = [
        {"destination": {"host": "store", "subset": subset}, "weight": weight}
        for subset, weight in weights.items()
    ]
    spec = {"hosts": ["store"], "tcp": [{"route": route}]}
    return {"kind": "VirtualService", "apiVersion": ISTIO, "metadata": {"name": "store"}, "spec": spec}


async def serve(address: str, text: str) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode() + b" heard " + await reader.read(100))
        writer.close()

    return await asyncio.start_server(answer, address, PORT)


async def connect(scene: Scene) -> str:
    """Say 4 bytes to the service, as a pod would through its proxy."""
    number = outbound_port(SERVICE, PORT)
    reader, writer = await asyncio.open_connection(scene.address(1), number)
    writer.write(b"ping")
    try:
        return (await reader.read()).decode()
    except ConnectionError:
        return ""
    finally:
        writer.close()


async def furnish(scene: Scene) -> list[asyncio.Server]:
    servers = [await serve(scene.address(number), f"v{number - 2}") for number in (3, 4)]
    await scene.apply(service())
    addresses = {f"reviews-v{number - 2}": scene.address(number) for number in (3, 4)}
    piece = endpoint_slice("store", addresses)
    piece["ports"] = [{"name": "tcp", "port": PORT, "protocol": "TCP"}]
    await scene.apply(piece)
    await scene.apply(destination_rule("store", "v1", "v2"))
    await scene.apply(shares(v1=80, v2=20))
    return servers


async def says(scene: Scene, text: str) -> None:
    async def is_so() -> bool:
        try:
            return await connect(scene) == text
        except ConnectionError:
            return False

    await until_true(is_so)


async def all_say(scene: Scene, text: str) -> None:
    """Wait until a dozen connections in a row lead to one answer."""

    async def is_so() -> bool:
        return {await connect(scene) for _ in range(12)} == {text}

    await until_true(is_so)


def test_connections_are_shared_by_weight_and_counted_on_both_sides(tmp_path: Path) -> None:
    async def run() -> None:
        async with Scene(tmp_path) as scene:
            servers = await furnish(scene)
            await scene.start_mesh("--proxies", "2")
            async with Prometheus(scene) as prometheus:
                await says(scene, "v1 heard ping")
                answers = Counter([await connect(scene) for _ in range(300)])
                assert set(answers) == {"v1 heard ping", "v2 heard ping"}
                assert 25 < answers["v2 heard ping"] < 100
                await check_counters(prometheus, 300)
                await scene.apply(shares(v2=100))
                started = asyncio.get_running_loop().time()
                await all_say(scene, "v2 heard ping")
                # Far more than it takes, since tests share the machine.
                assert asyncio.get_running_loop().time() - started < 1
                assert {await connect(scene) for _ in range(20)} == {"v2 heard ping"}
                await scene.apply(shares(v9=100))
                await says(scene, "")
                await check_failures(prometheus)
            assert await scene.refused() == []
            for server in servers:
                server.close()

    asyncio.run(run())


async def check_counters(prometheus: Prometheus, least: int) -> None:
    for reporter in ("source", "destination"):
        mine = f'reporter="{reporter}",destination_service="{SERVICE}",response_flags="-"'
        opened = f"istio_tcp_connections_opened_total{{{mine}}}"
        await until_true(lambda query=opened: more_than(prometheus, query, least))
        for version in ("v1", "v2"):
            [(labels, count)] = await prometheus.series(
                f"sum by (source_workload, source_version, request_protocol) "
                f'(istio_tcp_connections_opened_total{{{mine},destination_version="{version}"}})'
            )
            assert count > 20
            assert labels == {
                "source_workload": "productpage-v1",
                "source_version": "v1",
                "request_protocol": "tcp",
            }
        await prometheus.reaches(f"istio_tcp_connections_closed_total{{{mine}}} - {opened}", 0)
        [(_, sent)] = await prometheus.series(f"sum(istio_tcp_sent_bytes_total{{{mine}}})")
        [(_, received)] = await prometheus.series(f"sum(istio_tcp_received_bytes_total{{{mine}}})")
        [(_, count)] = await prometheus.series(f"sum({opened})")
        assert (sent, received) == (count * len("v1 heard ping"), count * len("ping"))


async def check_failures(prometheus: Prometheus) -> None:
    missing = 'istio_tcp_connections_opened_total{reporter="source",response_flags="NC"}'
    await until_true(lambda: more_than(prometheus, missing, 0))
    [(labels, _)] = (await prometheus.series(missing))[:1]
    assert labels["destination_service_name"] == "store" and labels["destination_workload"] == "unknown"


async def more_than(prometheus: Prometheus, query: str, value: float) -> bool:
    return sum(count for _, count in await prometheus.series(query)) > value
