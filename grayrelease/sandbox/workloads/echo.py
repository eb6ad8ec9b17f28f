"""A cheap workload: says who it is, and calls others when asked.

With TCP_PORT and GRPC_PORT it speaks these as well (`raw`).
"""

from __future__ import annotations

from aiohttp import web

from grayrelease.sandbox.workloads.bookinfo import VERSION_HEADER, forwarded
from grayrelease.sandbox.workloads.serving import Calls, Handler, Settings


def echo(settings: Settings, calls: Calls) -> Handler:
    """Answer {version, pod, path, headers}; /call?host=reviews:9080&path=/reviews/0 hands an answer on."""
    mine = {VERSION_HEADER: settings.name}

    async def handle(request: web.BaseRequest) -> web.Response:
        if request.path == "/call":
            query = request.query
            answer = await calls.get(query["host"], query.get("path", "/"), forwarded(request.headers))
            headers = {name: answer.headers[name] for name in (VERSION_HEADER,) if name in answer.headers}
            return web.Response(status=answer.status or 503, body=answer.body, headers=headers)
        headers = {name.lower(): value for name, value in request.headers.items()}
        said = {"version": settings.name, "pod": settings.pod, "path": request.path_qs, "headers": headers}
        return web.json_response(said, headers=mine)

    return handle
