"""Probes of containers: HTTP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

FAST_S = 0.05


@dataclass(frozen=True)
class Probe:
    """How to ask a container; without a path a connection is enough. Times in seconds."""

    address: str
    port: int
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    period: float = 10
    timeout: float = 1
    failures: int = 3

    async def fault(self) -> str:
        """Ask once: what is wrong, or nothing."""
        try:
            async with asyncio.timeout(self.timeout):
                return await (self._connect() if self.path is None else self._get())
        except TimeoutError:
            return f"{self._what()}: context deadline exceeded"
        except OSError as error:
            return f"{self._what()}: {(error.strerror or str(error)).lower()}"

    def _what(self) -> str:
        if self.path is None:
            return f"dial tcp {self.address}:{self.port}"
        return f'Get "http://{self.address}:{self.port}{self.path}"'

    async def _connect(self) -> str:
        _, writer = await asyncio.open_connection(self.address, self.port)
        writer.close()
        return ""

    async def _get(self) -> str:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {self.address}:{self.port}", "Connection: close"]
        lines += ["User-Agent: kube-probe/1.36", *(f"{name}: {value}" for name, value in self.headers)]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        try:
            first = (await reader.readline()).split()
        finally:
            writer.close()
        code = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
        return "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"


def probe_of(container: Object, name: str, address: str) -> Probe | None:
    """Read readinessProbe or livenessProbe; None where there is none that asks by HTTP or TCP."""
    spec = container.get(name) or {}
    ask: Object = spec.get("httpGet") or spec.get("tcpSocket") or {}
    port = _number(container, ask["port"]) if ask else None
    if port is None:
        return None
    return Probe(
        ask.get("host") or address,
        port,
        path=ask.get("path", "/") if "httpGet" in spec else None,
        headers=tuple((each["name"], each["value"]) for each in ask.get("httpHeaders") or []),
        delay=spec.get("initialDelaySeconds", 0),
        period=spec.get("periodSeconds", 10),
        timeout=spec.get("timeoutSeconds", 1),
        failures=spec.get("failureThreshold", 3),
    )


def first_port(container: Object, address: str) -> Probe | None:
    """Ask whether the first declared port listens, where there is no readiness probe."""
    ports = container.get("ports") or []
    return Probe(address, ports[0]["containerPort"]) if ports else None


async def until_it_listens(probe: Probe) -> None:
    """Wait for the first good answer, asking often."""
    while await probe.fault():
        await asyncio.sleep(FAST_S)


async def watch(probe: Probe, *, eager: bool) -> AsyncIterator[tuple[str, bool | None]]:
    """Ask for ever; yield each fault ("" for none), and good, bad after enough faults in a row, or None.

    `eager` asks often until the first good answer, as people wait for a pod to become ready; only each
    period's fault counts.
    """
    await asyncio.sleep(probe.delay)
    loop = asyncio.get_running_loop()
    counts_at, failed = loop.time() + (probe.period if eager else 0), 0
    while True:
        fault = await probe.fault()
        if not fault or loop.time() >= counts_at:
            counts_at = loop.time() + probe.period
            eager = eager and bool(fault)
            failed = failed + 1 if fault else 0
            yield fault, True if not fault else False if failed >= probe.failures else None
        await asyncio.sleep(min(FAST_S, probe.period) if eager else probe.period)


def _number(container: Object, port: int | str) -> int | None:
    if isinstance(port, int):
        return port
    named = {each.get("name"): each["containerPort"] for each in container.get("ports") or []}
    return named.get(port)
