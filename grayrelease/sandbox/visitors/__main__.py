"""Visit Bookinfo: `python -m grayrelease.sandbox.visitors --rate 20 --duration 30`; the report is JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from urllib.parse import urlsplit

import uvloop

from grayrelease.sandbox.process import die_with_parent
from grayrelease.sandbox.visitors.traffic import Plan, Traffic

NAME = "productpage.bookinfo.localhost"
REPORT_S = 5


async def visit(plan: Plan, *, report: bool) -> None:
    """Visit until the end or a signal, and print the summary."""
    traffic, until = Traffic(plan), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    print(f"visiting {plan.url} as {plan.host}, {plan.rate:g} a second", file=sys.stderr, flush=True)
    telling = asyncio.create_task(_tell(traffic)) if report else None
    seconds = await traffic.run(until)
    if telling:
        telling.cancel()
    print(json.dumps(traffic.summary.as_json(seconds), indent=2), flush=True)


async def _tell(traffic: Traffic) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        summary = traffic.summary
        said = {
            "requests": summary.requests,
            "bad": summary.faults.total(),
            "versions": dict(summary.versions),
        }
        print(json.dumps(said), file=sys.stderr, flush=True)


def plan_from(options: argparse.Namespace) -> Plan:
    """Read where to go: Python can't resolve names under localhost, so the name goes into the Host header."""
    url = options.url or options.gateway.rstrip("/") + "/productpage"
    port = urlsplit(url).port
    host = options.host or (f"{NAME}:{port}" if port else NAME)
    return Plan(url, host, options.rate, options.duration, options.people, options.concurrency, options.seed)


def rate(text: str) -> float:
    """Read a rate above zero."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def main() -> None:
    """Read the arguments and visit."""
    die_with_parent(signal.SIGTERM)
    parser = argparse.ArgumentParser(description="Visitors of the sandbox's Bookinfo.")
    parser.add_argument("--gateway", default="http://127.0.0.1:30140", help="address of the gateway")
    parser.add_argument("--url", default="", help="address to ask, instead of the gateway's /productpage")
    parser.add_argument("--host", default="", help=f"Host header; default {NAME}:PORT")
    parser.add_argument("--rate", type=rate, default=20, help="visits per second")
    parser.add_argument("--duration", type=float, default=0, help="seconds; 0 until stopped")
    parser.add_argument("--people", type=int, default=40, help="how many different visitors")
    parser.add_argument("--concurrency", type=int, default=200, help="most requests open at once")
    parser.add_argument("--seed", type=int, default=None, help="the same visitors in the same order")
    parser.add_argument("--report", action="store_true", help=f"a line of counts each {REPORT_S} s as well")
    options = parser.parse_args()
    uvloop.run(visit(plan_from(options), report=options.report))


if __name__ == "__main__":
    main()
