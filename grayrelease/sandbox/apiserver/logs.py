"""Logs of pods: passed through from the node agent that runs them."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.objects import Object, look_up
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.store import Store

NODES = "/nodes"
PASSED = ("tailLines", "follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "limitBytes")
CONNECT_S = 3.0


def _container(pod: Object, place: Place, asked: str) -> str:
    """The container whose log is asked for; it must be named where there are several."""
    names = [each["name"] for key in ("initContainers", "containers") for each in pod["spec"].get(key, ())]
    if asked:
        if asked not in names:
            raise errors.bad_request(f"container {asked} is not valid for pod {place.name}")
        return asked
    if len(pod["spec"]["containers"]) == 1:
        return str(pod["spec"]["containers"][0]["name"])
    listed = " ".join(names)
    raise errors.bad_request(
        f"a container name must be specified for pod {place.name}, choose one of: [{listed}]"
    )


def address_of(store: Store, node_name: str) -> str | None:
    """Where a node's agent listens: `http://IP:PORT`; None if the node does not say."""
    node = store.get(NODES, ("", node_name))
    if node is None:
        return None
    port = look_up(node, ".status.daemonEndpoints.kubeletEndpoint.Port")
    addresses = look_up(node, ".status.addresses") or []
    found = next((each["address"] for each in addresses if each["type"] == "InternalIP"), None)
    return f"http://{found}:{port}" if found and port else None


async def stream(
    request: web.BaseRequest, store: Store, place: Place, session: aiohttp.ClientSession
) -> web.StreamResponse:
    """Answer a request for a pod's log; 204 for a pod that no node has taken yet."""
    pod = store.get(place.resource.name, place.key)
    if pod is None:
        raise place.not_found()
    container = _container(pod, place, request.query.get("container", ""))
    node = pod["spec"].get("nodeName")
    if not node:
        return web.Response(status=204)
    address = address_of(store, node)
    if address is None:
        raise errors.error(
            500, f'Get "containerLogs/{place.namespace}/{place.name}/{container}": no node {node}'
        )
    url = f"{address}/containerLogs/{place.namespace}/{place.name}/{container}"
    parameters = {key: request.query[key] for key in PASSED if key in request.query}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    try:
        async with session.get(url, params=parameters, timeout=timeout) as answer:
            return await _passed_on(request, answer)
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise errors.error(500, f'Get "{url}": {problem}') from problem


async def _passed_on(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    if answer.status >= 400:
        raise errors.error(answer.status, (await answer.text()).strip(), "BadRequest")
    response = web.StreamResponse(headers={"content-type": "text/plain"})
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response
