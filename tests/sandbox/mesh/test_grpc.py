"""gRPC through real proxies: shares by request over one connection, spoken to the workload as HTTP/2."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from struct import pack
from typing import Any

import pytest

from grayrelease.sandbox.process import ended, spawn
from grayrelease.sandbox.workloads.raw import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    SETTINGS,
    frame,
    header_block,
    read_frame,
)
from tests.sandbox.mesh.manifests import destination_rule, endpoint_slice, virtual_service
from tests.sandbox.mesh.scene import ROOT, Scene, until_true

pytestmark = pytest.mark.processes

JSON = dict[str, Any]
GRPC_PORT, TCP_PORT, HTTP_PORT = 7001, 7002, 7003
CALL = {
    ":method": "POST",
    ":scheme": "http",
    ":path": "/echo.Echo/Say",
    ":authority": f"calls:{GRPC_PORT}",
    "content-type": "application/grpc",
    "te": "trailers",
}


class Client:
    """A gRPC client with one connection, for one call after the other. `async with`."""

    def __init__(self, address: str, port: int) -> None:
        self.place = address, port
        self.stream = 1

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection(*self.place)
        self.writer.write(PREFACE + frame(SETTINGS, 0, 0))
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()

    async def call(self) -> bytes:
        """Give the message of an answer, empty where there is none."""
        stream, self.stream = self.stream, self.stream + 2
        self.writer.write(frame(HEADERS, END_HEADERS, stream, header_block(CALL)))
        self.writer.write(frame(DATA, END_STREAM, stream, pack(">BI", 0, 0)))
        message = b""
        while True:
            kind, flags, number, payload = await read_frame(self.reader)
            if kind == SETTINGS and not flags:
                self.writer.write(frame(SETTINGS, 1, 0))
            if number == stream and kind == DATA:
                message += payload
            if number == stream and flags & END_STREAM and kind in (DATA, HEADERS):
                return message


def start_echo(address: str, version: str, log: Path) -> Any:
    """Run the echo as the node would."""
    ports = {"PORT": str(HTTP_PORT), "GRPC_PORT": str(GRPC_PORT), "TCP_PORT": str(TCP_PORT)}
    who = {"POD_IP": address, "POD_NAME": f"echo-{version}", "DRAIN_S": "0"}
    command = [sys.executable, "-m", "grayrelease.sandbox.workloads", "echo", version]
    with log.open("wb") as output:
        return spawn(command, env={**os.environ, **ports, **who}, log=output, cwd=str(ROOT))


async def furnish(scene: Scene) -> list[Any]:
    echoes = [
        start_echo(scene.address(number), f"v{number - 2}", scene.folder / f"echo-{number}.log")
        for number in (3, 4)
    ]
    ports = [{"name": "grpc", "port": GRPC_PORT, "targetPort": GRPC_PORT}]
    spec = {"selector": {"app": "reviews"}, "ports": ports}
    await scene.apply({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "calls"}, "spec": spec})
    piece = endpoint_slice("calls", {f"reviews-v{n - 2}": scene.address(n) for n in (3, 4)})
    piece["ports"] = [{"name": "grpc", "port": GRPC_PORT, "protocol": "TCP"}]
    await scene.apply(piece)
    await scene.apply(destination_rule("calls", "v1", "v2"))
    await scene.apply(virtual_service("calls", {"v1": 60, "v2": 40}))
    return echoes


def test_grpc_calls_of_one_connection_are_shared(tmp_path: Path) -> None:
    async def run() -> None:
        async with Scene(tmp_path) as scene:
            echoes = await furnish(scene)
            await scene.start_mesh("--proxies", "2")

            async def answers() -> bool:
                async with Client(scene.address(1), 15001) as client:
                    return b"echo-v" in await client.call()

            await until_true(answers)
            async with Client(scene.address(1), 15001) as client:
                found = Counter([await client.call() for _ in range(200)])
            versions = {message[9:11].decode() if message else "" for message in found}
            assert len(found) == 2 and all(b"echo-v" in message for message in found), versions
            assert all(count > 40 for count in found.values())
            for echo in echoes:
                echo.terminate()
                await ended(echo)

    asyncio.run(run())


def test_the_echo_says_who_it_is_over_tcp(tmp_path: Path) -> None:
    async def run() -> None:
        address = "127.99.0.9"
        echo = start_echo(address, "v7", tmp_path / "log")
        try:

            async def listens() -> bool:
                try:
                    reader, writer = await asyncio.open_connection(address, TCP_PORT)
                except ConnectionRefusedError:
                    return False
                writer.write(b"hello\n")
                said = await reader.readline()
                writer.close()
                return said == b"v7 echo-v7 hello\n"

            await until_true(listens)
        finally:
            echo.terminate()
            await ended(echo)

    asyncio.run(run())
