"""Run the mesh: `python -m grayrelease.sandbox.mesh --kubeconfig F --data DIR --gateway-port 30140`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import uvloop

from grayrelease.sandbox.client import Client
from grayrelease.sandbox.fault.control import Control
from grayrelease.sandbox.mesh import lag
from grayrelease.sandbox.mesh.envoy import EnvoyError, binary, check_version
from grayrelease.sandbox.mesh.mesh import Mesh, Options
from grayrelease.sandbox.mesh.translate.registry import Settings
from grayrelease.sandbox.process import die_with_parent

PORT_WAIT_S = 3.0
PORT_POLL_S = 0.05


def main(arguments: list[str]) -> int:
    """Serve until a signal; 0 after one, 1 when the proxies cannot run."""
    die_with_parent()
    logging.basicConfig(format="%(asctime)s mesh %(levelname)s %(message)s", level=logging.INFO)
    asked = _parser().parse_args(arguments)
    try:
        check_version(binary())
        uvloop.run(_serve(asked))
    except EnvoyError as error:
        print(f"mesh: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grayrelease.sandbox.mesh", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of its own")
    parser.add_argument("--gateway-port", type=int, default=30140)
    parser.add_argument("--proxies", type=int, default=2, help="number of Envoy processes")
    parser.add_argument("--no-retries", action="store_true", help="try nothing twice by default")
    parser.add_argument("--lag", type=lag.parse, default={}, help="seconds: 1, 0-2, routes=0,clusters=0.5-2")
    parser.add_argument("--seed", type=int, default=0, help="of the lags that are drawn")
    return parser


async def _serve(asked: argparse.Namespace) -> None:
    options = _options(asked)
    (options.data / "drafts").mkdir(parents=True, exist_ok=True)
    (options.data / "mesh.json").unlink(missing_ok=True)
    await _wait_for_port(options.gateway_port)
    async with (
        Client.from_kubeconfig(asked.kubeconfig, agent="sandbox-mesh") as client,
        aiohttp.ClientSession() as session,
    ):
        mesh = Mesh(client, session, options)
        async with Control(mesh.faults, frozenset({"hold"}), mesh.hold).open(options.data):
            await _until_signal(mesh)


def _options(asked: argparse.Namespace) -> Options:
    return Options(
        data=asked.data.resolve(),
        gateway_port=asked.gateway_port,
        proxies=asked.proxies,
        settings=Settings(retries=0) if asked.no_retries else Settings(),
        lags=asked.lag,
        seed=asked.seed,
    )


async def _until_signal(mesh: Mesh) -> None:
    running = asyncio.create_task(mesh.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        logging.info("stopped")


async def _wait_for_port(port: int) -> None:
    # Envoy shares ports: it would start beside one that still has it, and each would get half the visitors.
    deadline = asyncio.get_running_loop().time() + PORT_WAIT_S
    while not _is_free(port):
        if asyncio.get_running_loop().time() > deadline:
            raise EnvoyError(f"port {port} is taken: choose another with --gateway-port")
        await asyncio.sleep(PORT_POLL_S)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
