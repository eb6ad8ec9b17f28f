"""Run the node agent: `python -m grayrelease.sandbox.node --kubeconfig FILE --data FOLDER`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from contextlib import suppress
from pathlib import Path

import uvloop
from aiohttp import web

from grayrelease.sandbox.client import Client
from grayrelease.sandbox.fault.control import Control
from grayrelease.sandbox.node.addresses import Addresses, claim_network
from grayrelease.sandbox.node.agent import Agent
from grayrelease.sandbox.node.events import Recorder
from grayrelease.sandbox.node.faults import NAMES
from grayrelease.sandbox.node.logs import Logs, server
from grayrelease.sandbox.node.nursery import Nursery
from grayrelease.sandbox.node.place import Place
from grayrelease.sandbox.node.register import node
from grayrelease.sandbox.process import die_with_parent


async def serve(options: argparse.Namespace) -> None:
    """Work until SIGTERM or SIGINT; the pods' processes end with this one."""
    data: Path = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    logs = Logs(data / "pods")
    claimed, claim = claim_network(data)
    network = options.pod_cidr or claimed
    runner = web.AppRunner(server(logs), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    port = runner.addresses[0][1]
    async with Client.from_kubeconfig(options.kubeconfig, agent="kubelet") as client:
        recorder = Recorder(client, options.name)
        place = Place(
            options.name, client, recorder, logs, Addresses(network), Nursery(data), data, options.back_off
        )
        agent = Agent(place, node(options.name, port, network))
        try:
            async with Control(place.faults, NAMES, agent.obey).open(data):
                await _until_signal(agent)
        finally:
            claim.close()
            await runner.cleanup()


async def _until_signal(agent: Agent) -> None:
    work = asyncio.create_task(agent.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


def main() -> None:
    """Read the arguments and work."""
    die_with_parent()
    parser = argparse.ArgumentParser(description="The sandbox's node: pods become local processes.")
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder for logs")
    parser.add_argument("--name", default="sandbox")
    parser.add_argument("--port", type=int, default=0, help="of kubelet's HTTP server; 0 takes a free one")
    parser.add_argument(
        "--pod-cidr", default="", help="addresses of pods; default 127.X.0.0/16, X from --data"
    )
    parser.add_argument("--back-off", type=float, default=10, help="seconds before the second restart")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s node %(levelname)s %(message)s")
    uvloop.run(serve(options))


if __name__ == "__main__":
    main()
