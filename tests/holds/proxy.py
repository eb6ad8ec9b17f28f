"""Between the dashboard and the API server: answers late, or refuses writes, when a test says so."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from demo.ports import free_port

HOP = {"transfer-encoding", "content-length", "connection", "content-encoding"}
CONFLICT = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "the object has been modified; please apply your changes to the latest version and try again",
    "reason": "Conflict",
    "code": 409,
}


class Proxy:
    """A reverse proxy in a thread. A context manager."""

    def __init__(self, target: str) -> None:
        self.target, self.port = target, free_port()
        self.delay = 0.0
        """Seconds that each answer is held back."""
        self.conflicts = 0
        """So many of the next replacements are answered with 409."""
        self.loop = asyncio.new_event_loop()
        self.up = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Proxy:
        self.thread.start()
        assert self.up.wait(5)
        return self

    def __exit__(self, *exception: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def heal(self) -> None:
        self.delay, self.conflicts = 0.0, 0

    def write_kubeconfig(self, original: Path, copy: Path) -> None:
        """Write a kubeconfig that leads here."""
        config = yaml.safe_load(original.read_text())
        for each in config["clusters"]:
            each["cluster"]["server"] = f"http://127.0.0.1:{self.port}"
        copy.touch(0o600)
        copy.write_text(yaml.safe_dump(config))

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        runner = self.loop.run_until_complete(self._start())
        self.up.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self.session.close())
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()

    async def _start(self) -> web.AppRunner:
        self.session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._pass)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner

    async def _pass(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay)
        if request.method == "PUT" and self.conflicts:
            self.conflicts -= 1
            return web.json_response(CONFLICT, status=409)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url, body = self.target + request.raw_path, await request.read()
        try:
            async with self.session.request(request.method, url, headers=headers, data=body) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=str(error))
