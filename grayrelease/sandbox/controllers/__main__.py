"""Run the controllers: `python -m grayrelease.sandbox.controllers --kubeconfig FILE`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

import uvloop

from grayrelease.sandbox.client import Client
from grayrelease.sandbox.controllers.run import Controllers
from grayrelease.sandbox.process import die_with_parent


async def serve(kubeconfig: str) -> None:
    """Work until SIGTERM or SIGINT."""
    async with Client.from_kubeconfig(kubeconfig, agent="kube-controller-manager") as client:
        work = asyncio.create_task(Controllers(client).run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            return


def main() -> None:
    """Read the arguments and work."""
    die_with_parent()
    parser = argparse.ArgumentParser(description="The sandbox's controllers.")
    parser.add_argument("--kubeconfig", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s controllers %(levelname)s %(message)s")
    uvloop.run(serve(arguments.kubeconfig))


if __name__ == "__main__":
    main()
