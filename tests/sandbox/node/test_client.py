"""The client and its follower, against a small server that does what API servers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from grayrelease.sandbox import client as api
from grayrelease.sandbox.client import ApiError, Client, Follower

Object = dict[str, Any]


def pod(name: str, version: int, **parts: Any) -> Object:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, **parts}


class Server:
    """Lists `items`; each watch sends what is in `events`, and ends when told."""

    def __init__(self) -> None:
        self.items: list[Object] = []
        self.version = 1
        self.lists = 0
        self.watches: list[str] = []
        self.events: asyncio.Queue[Object | None] = asyncio.Queue()
        self.url = ""

    async def __aenter__(self) -> Server:
        self.runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.01)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.runner.cleanup()

    def say(self, kind: str, item: Object) -> None:
        self.events.put_nowait({"type": kind, "object": item})

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/broken":
            return web.json_response({"reason": "NotFound", "message": "no"}, status=404)
        if "watch" not in request.query:
            self.lists += 1
            metadata = {"resourceVersion": str(self.version)}
            return web.json_response(
                {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": self.items}
            )
        self.watches.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        while (event := await self.events.get()) is not None:
            await response.write(json.dumps(event).encode() + b"\n")
        return response


def follow(
    test: Callable[[Server, Follower, Callable[[Callable[[], bool]], Awaitable[None]]], Awaitable[None]],
) -> None:
    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.005)

    async def run() -> None:
        async with Server() as server, Client(server.url) as client:
            server.items = [pod("a", 1)]
            follower = Follower(client, "/api/v1/pods", lambda *_: None)
            task = asyncio.create_task(follower.run())
            try:
                await until(lambda: len(server.watches) == 1)
                await test(server, follower, until)
            finally:
                task.cancel()

    asyncio.run(run())


def test_a_follower_keeps_what_the_server_has() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        assert follower.objects["shop", "a"]["kind"] == "Pod"
        server.say("ADDED", pod("b", 2))
        await until(lambda: ("shop", "b") in follower.objects)
        server.say("DELETED", pod("a", 3))
        await until(lambda: ("shop", "a") not in follower.objects)

    follow(test)


def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        server.say("BOOKMARK", pod("", 9))
        server.events.put_nowait(None)
        await until(lambda: server.watches == ["1", "9"])
        assert server.lists == 1

    follow(test)


def test_a_version_too_old_makes_it_list_again() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        server.items, server.version = [pod("c", 20)], 20
        server.events.put_nowait({"type": "ERROR", "object": {"code": 410, "reason": "Expired"}})
        await until(lambda: list(follower.objects) == [("shop", "c")])
        assert server.lists == 2

    follow(test)


def test_it_survives_a_server_that_goes_away_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "RETRY_S", 0.02)

    async def test(server: Server, follower: Follower, until: Any) -> None:
        port = server.runner.addresses[0][1]
        await server.runner.cleanup()
        server.items = [pod("d", 5)]
        server.runner = web.ServerRunner(web.Server(server._answer), shutdown_timeout=0.01)
        await server.runner.setup()
        await web.TCPSite(server.runner, "127.0.0.1", port).start()
        await until(lambda: list(follower.objects) == [("shop", "d")])

    follow(test)


def test_the_answer_of_a_write_is_known_at_once_and_not_taken_back_by_an_older_event() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        follower.put(pod("a", 7, status="written"))
        server.say("MODIFIED", pod("a", 5, status="older"))
        server.say("ADDED", pod("b", 6))
        await until(lambda: ("shop", "b") in follower.objects)
        assert follower.objects["shop", "a"]["status"] == "written"

    follow(test)


def test_what_was_deleted_does_not_come_back_with_a_late_answer() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        server.say("DELETED", pod("a", 8))
        await until(lambda: not follower.objects)
        follower.put(pod("a", 7))
        assert not follower.objects

    follow(test)


def test_an_object_may_be_larger_than_a_buffer() -> None:
    async def test(server: Server, follower: Follower, until: Any) -> None:
        server.say("ADDED", pod("large", 2, data="x" * 1_000_000))
        await until(lambda: ("shop", "large") in follower.objects)
        assert len(follower.objects["shop", "large"]["data"]) == 1_000_000

    follow(test)


def test_an_error_carries_status_and_reason() -> None:
    async def run() -> ApiError:
        async with Server() as server, Client(server.url) as client:
            with pytest.raises(ApiError) as caught:
                await client.get("/broken")
            return caught.value

    error = asyncio.run(run())
    assert (error.status, error.reason) == (404, "NotFound")
