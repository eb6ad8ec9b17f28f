"""Run a workload: `python -m grayrelease.sandbox.workloads NAME VERSION` (settings: serving.Settings)."""

from __future__ import annotations

import argparse

import uvloop

from grayrelease.sandbox.workloads.bookinfo import details, ratings, reviews
from grayrelease.sandbox.workloads.echo import echo
from grayrelease.sandbox.workloads.productpage import productpage
from grayrelease.sandbox.workloads.raw import further_servers
from grayrelease.sandbox.workloads.serving import Calls, serve, settings_from

WORKLOADS = {
    "productpage": productpage,
    "details": details,
    "reviews": reviews,
    "ratings": ratings,
    "echo": echo,
}


async def run(name: str, version: str) -> None:
    """Serve until told to end."""
    settings = settings_from(version)
    calls = Calls(settings)
    async with further_servers(settings):
        await serve(settings, WORKLOADS[name](settings, calls))
    await calls.close()


def start(name: str, version: str) -> None:
    """Run a workload until its end."""
    uvloop.run(run(name, version))


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description="A workload of the sandbox.")
    parser.add_argument("name", choices=WORKLOADS)
    parser.add_argument("version")
    options = parser.parse_args()
    start(options.name, options.version)


if __name__ == "__main__":
    main()
