"""A real API server, a real mesh, and small workloads of this process in place of a node's pods."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web

from demo.ports import free_port
from grayrelease.sandbox.client import ApiError, Client
from grayrelease.sandbox.process import ended, spawn
from tests.sandbox.mesh.manifests import endpoint_slice, pod, pod_status, service

JSON = dict[str, Any]
NAMESPACE = "demo"
ROOT = Path(__file__).resolve().parents[3]
START_S = 20.0
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Service": f"/api/v1/namespaces/{NAMESPACE}/services",
    "Pod": f"/api/v1/namespaces/{NAMESPACE}/pods",
    "EndpointSlice": f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices",
    "VirtualService": f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/virtualservices",
    "DestinationRule": f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/destinationrules",
    "Gateway": f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/gateways",
}


class Scene:
    """Productpage calls reviews v1 and v2, each with one pod. `async with`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gateway_port = free_port()
        self.info: JSON = {}
        self._versions: dict[tuple[str, str], str] = {}
        self._processes: list[Any] = []
        self._servers: dict[str, web.AppRunner] = {}
        # Addresses of their own, so that two runs on one machine do not meet.
        self.network = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"

    def address(self, number: int) -> str:
        return f"{self.network}.{number}"

    async def __aenter__(self) -> Self:
        self._start("apiserver", "--port", "0", "--data", str(self.folder))
        kubeconfig = self.folder / "kubeconfig"
        await until(kubeconfig.exists)
        self.client = Client.from_kubeconfig(kubeconfig)
        self.session = aiohttp.ClientSession()
        await until_true(self._answers)
        await self.apply({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": NAMESPACE}})
        for name in ("productpage", "reviews"):
            await self.apply(service(name))
        await self.run_pod("productpage-v1", "productpage", "v1", 1)
        await self.run_pod("productpage-v1b", "productpage", "v1", 2)
        await self.run_pod("reviews-v1", "reviews", "v1", 3)
        await self.run_pod("reviews-v2", "reviews", "v2", 4)
        await self.endpoints("productpage", {"productpage-v1": 1, "productpage-v1b": 2})
        await self.endpoints("reviews", {"reviews-v1": 3, "reviews-v2": 4})
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()
        await self.client.close()
        for process in reversed(self._processes):
            process.terminate()
            await ended(process)
        for runner in self._servers.values():
            await runner.cleanup()

    async def start_mesh(self, *options: str) -> Any:
        """Start the mesh, and wait until its proxies serve."""
        told = self.folder / "mesh" / "mesh.json"
        arguments = ["--kubeconfig", str(self.folder / "kubeconfig"), "--data", str(told.parent)]
        process = self._start("mesh", *arguments, "--gateway-port", str(self.gateway_port), *options)
        await until(lambda: told.exists() and json.loads(told.read_text())["pid"] == process.pid)
        self.info = json.loads(told.read_text())
        return process

    def log(self, part: str = "mesh") -> str:
        return (self.folder / f"{part}.log").read_text()

    async def run_pod(self, name: str, app: str, version: str, number: int) -> None:
        """Serve at an address, and tell the API server of a ready pod there."""
        self._servers[name] = await serve(self.address(number), f"{app} {version}")
        await self.apply(pod(name, app, version))
        path = f"{PATHS['Pod']}/{name}"
        await self.client.patch(f"{path}/status", pod_status(self.address(number)))

    async def stop_pod(self, name: str) -> None:
        """Stop serving."""
        await self._servers.pop(name).cleanup()

    async def endpoints(self, app: str, pods: dict[str, int]) -> None:
        """Name the ready pods of a service."""
        await self.apply(endpoint_slice(app, {name: self.address(number) for name, number in pods.items()}))

    async def apply(self, item: JSON) -> None:
        """Create or replace an object by one PUT (or POST the first time)."""
        path = PATHS[item["kind"]]
        key = item["kind"], item["metadata"]["name"]
        if key in self._versions:
            item["metadata"]["resourceVersion"] = self._versions[key]
            answer = await self.client.put(f"{path}/{key[1]}", item)
        else:
            answer = await self.client.post(path, item)
        self._versions[key] = answer["metadata"]["resourceVersion"]

    async def delete(self, kind: str, name: str) -> None:
        options = {"gracePeriodSeconds": 0} if kind == "Pod" else None
        await self.client.delete(f"{PATHS[kind]}/{name}", options)
        self._versions.pop((kind, name), None)

    async def call(self, host: str = "reviews:9080", caller: int = 1, **headers: str) -> tuple[int, str]:
        """Call as a workload does, through its own proxy."""
        return await self._get(f"http://{self.address(caller)}:15001/", host, headers)

    async def visit(self, host: str) -> tuple[int, str]:
        """Call the gateway."""
        return await self._get(f"http://127.0.0.1:{self.gateway_port}/", host, {})

    async def statistics(self) -> str:
        """Give what Prometheus gets from all proxies."""
        texts = []
        for proxy in self.info["proxies"]:
            url = f"http://{proxy['admin']}/stats/prometheus"
            async with self.session.get(url, params={"filter": r"^istio\.", "usedonly": ""}) as response:
                texts.append(await response.text())
        return "\n".join(texts)

    async def refused(self) -> list[str]:
        """Name the updates that proxies refused."""
        found = []
        for proxy in self.info["proxies"]:
            url = f"http://{proxy['admin']}/stats"
            async with self.session.get(url, params={"filter": "update_rejected"}) as response:
                lines = (await response.text()).splitlines()
            found += [f"{proxy['name']} {line}" for line in lines if not line.endswith(": 0")]
        return found

    async def _get(self, url: str, host: str, headers: dict[str, str]) -> tuple[int, str]:
        async with self.session.get(url, headers={"Host": host, **headers}) as response:
            return response.status, await response.text()

    async def _answers(self) -> bool:
        try:
            await self.client.list("/api/v1/pods")
        except (aiohttp.ClientError, ApiError):
            return False
        return True

    def _start(self, part: str, *arguments: str) -> Any:
        command = [sys.executable, "-m", f"grayrelease.sandbox.{part}", *arguments]
        with (self.folder / f"{part}.log").open("ab") as log:
            process = spawn(command, log=log, cwd=str(ROOT))
        self._processes.append(process)
        return process


async def serve(address: str, text: str, port: int = 9080) -> web.AppRunner:
    """Answer everything at an address with a text."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    return runner


async def until(condition: Callable[[], bool], within_s: float = START_S) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def until_true(condition: Callable[[], Awaitable[bool]], within_s: float = START_S) -> None:
    """Wait for a condition that has to be asked for."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.002)
