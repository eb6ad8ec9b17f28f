"""Call the echo until a signal: the flows are read as a JSON list from stdin, the report goes to stdout."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import uvloop

from grayrelease.sandbox.process import die_with_parent
from tests.loss.load.counts import Counts, Flow
from tests.loss.load.grpc import Grpc
from tests.loss.load.http1 import Http1
from tests.loss.load.tcp import Tcp

TICK_S = 0.004
LATE_S = 1.0
"""Requests that are later than this are not sent any more: the machine was elsewhere."""
TIMEOUT_S = 10.0
MOST_WAITING = 200


class Caller(Protocol):
    """Who asks for one flow."""

    @property
    def waiting(self) -> int: ...
    def ask(self) -> None: ...
    def give_up(self, before: float) -> None: ...
    def close(self) -> None: ...


CALLERS: Mapping[str, Callable[[Flow, Counts], Caller]] = {"http": Http1, "grpc": Grpc, "tcp": Tcp}


class Pace:
    """A flow at its rate, by an absolute schedule and whatever the answers take."""

    def __init__(self, flow: Flow, counts: Counts, begin: float) -> None:
        self.flow, self.counts = flow, counts
        self.caller: Caller = CALLERS[flow.protocol](flow, counts)
        # Not all flows at the same moment.
        self.begin = begin + random.random() / flow.rate
        self.done = 0

    def keep(self, now: float) -> None:
        """Send what is due."""
        due = int((now - self.begin) * self.flow.rate) - self.done
        late = max(0, due - max(1, int(LATE_S * self.flow.rate)))
        full = max(0, due - late - (MOST_WAITING - self.caller.waiting))
        if late:
            self.counts.skip(self.flow, late, "late")
        if full:
            self.counts.skip(self.flow, full, "too many wait")
        for _ in range(due - late - full):
            self.caller.ask()
        self.done += max(0, due)


async def call(flows: list[Flow]) -> None:
    """Call until a signal, wait for the last answers, and print the report."""
    until, counts, begin = asyncio.Event(), Counts(), time.monotonic()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    paces = [Pace(flow, counts, begin) for flow in flows]
    print("calling", flush=True)
    while not until.is_set():
        _once(paces, send=True)
        await asyncio.sleep(TICK_S)
    seconds = time.monotonic() - begin
    while any(pace.caller.waiting for pace in paces):
        _once(paces, send=False)
        await asyncio.sleep(TICK_S)
    for pace in paces:
        pace.caller.close()
    print(json.dumps(counts.report(seconds)), flush=True)


def _once(paces: list[Pace], send: bool) -> None:
    now = time.monotonic()
    for pace in paces:
        if send:
            pace.keep(now)
        pace.caller.give_up(now - TIMEOUT_S)


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM)
    uvloop.run(call([Flow(**each) for each in json.loads(sys.stdin.readline())]))
