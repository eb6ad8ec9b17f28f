"""Visits at a steady rate, by an absolute schedule and whatever the answers take."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import aiohttp

from grayrelease.sandbox.visitors.answers import Seen, classify
from grayrelease.sandbox.visitors.people import Visitor, crowd
from grayrelease.sandbox.visitors.summary import Summary

TIMEOUT_S = 10
LAG_S = 1.0


@dataclass(frozen=True)
class Plan:
    """Where, how often (per second), how long (seconds, 0 for ever), how many people and open requests."""

    url: str
    host: str
    rate: float
    duration: float = 0
    people: int = 40
    concurrency: int = 200
    seed: int | None = None


class Traffic:
    """The visits of a plan; `summary` counts them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.summary = Summary()
        self.chance = random.Random(plan.seed)
        self.people = crowd(plan.people, self.chance)
        self._open: set[asyncio.Task[None]] = set()
        self._started = 0.0

    async def run(self, until: asyncio.Event) -> float:
        """Visit until the duration is over or `until` is set; give the seconds it took."""
        self._started = time.perf_counter()
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
            # It would ask again by itself where a connection was cut, and hide what we count.
            session._retry_connection = False
            await self._visit_on_time(session, until)
            took = self._now()
            await asyncio.gather(*self._open)
        return took

    async def _visit_on_time(self, session: aiohttp.ClientSession, until: asyncio.Event) -> None:
        due, pause = 0.0, 1 / self.plan.rate
        while not until.is_set() and not (self.plan.duration and due >= self.plan.duration):
            wait = due - self._now()
            if wait > 0:
                await _wait(until, wait)
                continue
            if -wait > LAG_S:
                # The machine slept or is too slow: go on from now instead of a flood.
                due = self._now()
            self._send(session)
            due += pause
            await asyncio.sleep(0)

    def _send(self, session: aiohttp.ClientSession) -> None:
        if len(self._open) >= self.plan.concurrency:
            self.summary.skip()
            return
        task = asyncio.create_task(self._visit(session, self.chance.choice(self.people)))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _visit(self, session: aiohttp.ClientSession, visitor: Visitor) -> None:
        at = self._now()
        status, seen = await self._ask(session, visitor)
        self.summary.add(visitor.name, status, seen, at, self._now() - at)

    async def _ask(self, session: aiohttp.ClientSession, visitor: Visitor) -> tuple[int, Seen]:
        headers = visitor.headers() | {"Host": self.plan.host}
        try:
            async with session.get(self.plan.url, headers=headers, allow_redirects=False) as response:
                body = await response.text(errors="replace")
                visitor.keep(response.headers.getall("Set-Cookie", []))
                return response.status, classify(response.status, body)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, classify(0, "")

    def _now(self) -> float:
        # Not the loop's time, which counts whole milliseconds.
        return time.perf_counter() - self._started


async def _wait(until: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        return
