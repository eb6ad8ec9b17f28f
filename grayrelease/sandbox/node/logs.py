"""Logs of containers: their files, and kubelet's address for reading them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

Object = dict[str, Any]

POLL_S = 0.2
BLOCK = 64 * 1024


class Logs:
    """One folder for each pod, in it one file for each start of each container."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of_pod(self, pod: Object) -> Path:
        """Give the folder of a pod."""
        metadata = pod["metadata"]
        return self.folder / f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"

    def new(self, pod: Object, container: str, restarts: int) -> Path:
        """Make the place for the output of one start."""
        path = self.of_pod(pod) / container / f"{restarts}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def find(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Path | None:
        """Find the newest output of a container, or the one before."""
        files = [*self.folder.glob(f"{namespace}_{pod}_*/{container}/*.log")]
        ordered = sorted(files, key=lambda path: (path.stat().st_mtime_ns, int(path.stem)))
        wanted = 2 if previous else 1
        return ordered[-wanted] if len(ordered) >= wanted else None

    def remove(self, pod: Object) -> None:
        """Delete what a pod wrote."""
        shutil.rmtree(self.of_pod(pod), ignore_errors=True)


def tail(path: Path, lines: int | None) -> tuple[bytes, int]:
    """Read the last lines of a file, all without a number: the text, and where it ends."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        start = end
        text = b""
        while start > 0 and (lines is None or text.count(b"\n") <= lines):
            start = max(0, start - BLOCK)
            file.seek(start)
            text = file.read(end - start)
    if lines is not None:
        text = b"".join(text.splitlines(keepends=True)[-lines:] if lines else [])
    return text, end


async def follow(path: Path, start: int) -> AsyncIterator[bytes]:
    """Yield what is added to a file, until it is deleted."""
    with path.open("rb") as file:
        file.seek(start)
        while True:
            text = file.read(BLOCK)
            if text:
                yield text
            elif not path.exists():
                return
            else:
                await asyncio.sleep(POLL_S)


def server(logs: Logs) -> web.Application:
    """Make kubelet's HTTP server: /containerLogs/NAMESPACE/POD/CONTAINER and /healthz."""

    async def container_logs(request: web.Request) -> web.StreamResponse:
        query, names = request.query, request.match_info
        previous = query.get("previous") == "true"
        path = logs.find(names["namespace"], names["pod"], names["container"], previous=previous)
        if path is None:
            text = f'container "{names["container"]}" in pod "{names["pod"]}" is waiting to start'
            raise web.HTTPBadRequest(text=text)
        content, end = tail(path, int(query["tailLines"]) if "tailLines" in query else None)
        limit = int(query.get("limitBytes", len(content)))
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(content[:limit])
        if query.get("follow") == "true":
            async for more in follow(path, end):
                await response.write(more)
        return response

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", container_logs)
    app.router.add_get("/healthz", healthz)
    return app
