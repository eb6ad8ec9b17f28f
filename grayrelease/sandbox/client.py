"""A small asynchronous client of the Kubernetes API for the sandbox's own parts."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from grayrelease.sandbox import kubeconfig

Object = dict[str, Any]
Key = tuple[str, str]
PatchKind = Literal["merge", "strategic", "json", "apply"]

PATCH_TYPES: Mapping[str, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
CALL_S = 10.0
WATCH_S = 240
RETRY_S = 0.2
MISSING_S = 1.0
NOT_FOUND = 404
UNREACHABLE = (aiohttp.ClientError, ConnectionError, TimeoutError)


class ApiError(Exception):
    """An answer of 400 or above: `status`, and `reason` and `body` of the Status object."""

    def __init__(self, status: int, body: Object) -> None:
        super().__init__(f"{status} {body.get('reason', '')}: {body.get('message', '')}")
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.body = body


class Gone(Exception):
    """A watch from a version that the server no longer holds: list again."""


def key_of(item: Object) -> Key:
    """Name an object within its path: (namespace or "", name)."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


class Client:
    """Calls of one API server; `async with`, or `close()` at the end."""

    def __init__(
        self,
        server: str,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        agent: str = "grayrelease-sandbox",
    ) -> None:
        self.server = server.rstrip("/")
        self.headers = {"User-Agent": f"{agent}/1", "Accept": "application/json", **(headers or {})}
        self.tls = tls
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_kubeconfig(cls, path: str | Path, *, agent: str = "grayrelease-sandbox") -> Self:
        """Read the current context of a kubeconfig; the user agent is the field manager of writes."""
        server, headers, tls = kubeconfig.read(path)
        return cls(server, headers=headers, tls=tls, agent=agent)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, **query: str) -> Object:
        """Read one object or list."""
        return await self._call("GET", path, query=query)

    async def list(self, path: str, selector: str = "", **query: str) -> tuple[list[Object], str]:
        """Read a collection: its items, and the resourceVersion to watch from."""
        if selector:
            query["labelSelector"] = selector
        answer = await self._call("GET", path, query=query)
        # Items of built-in types come without these two.
        named = {"kind": answer["kind"].removesuffix("List"), "apiVersion": answer["apiVersion"]}
        items = [named | item for item in answer.get("items") or []]
        return items, answer["metadata"]["resourceVersion"]

    async def post(self, path: str, body: Object, **query: str) -> Object:
        """Create an object."""
        return await self._call("POST", path, body, query=query)

    async def put(self, path: str, body: Object, **query: str) -> Object:
        """Replace an object."""
        return await self._call("PUT", path, body, query=query)

    async def patch(self, path: str, body: Any, kind: PatchKind = "merge", **query: str) -> Object:
        """Change an object; `apply` needs the query `fieldManager`."""
        return await self._call("PATCH", path, body, query=query, content_type=PATCH_TYPES[kind])

    async def delete(self, path: str, body: Object | None = None, **query: str) -> Object:
        """Delete an object; `body` holds delete options."""
        return await self._call("DELETE", path, body, query=query)

    async def watch(
        self, path: str, resource_version: str, selector: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        """Yield (type, object) until the server ends the stream; bookmarks too.

        Raises Gone for a version too old, ApiError, or one of UNREACHABLE.
        """
        query = {
            "watch": "1",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_S),
        }
        if selector:
            query["labelSelector"] = selector
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CALL_S, sock_read=WATCH_S + 30)
        request = self._open().get(self.server + path, params=query, timeout=timeout, ssl=self.tls or True)
        async with request as response:
            if response.status >= 400:
                raise _failure(response.status, await response.read())
            async for line in _lines(response.content):
                yield _event(line)

    async def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str],
        content_type: str = "application/json",
    ) -> Object:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if data is not None else {}
        request = self._open().request(
            method, self.server + path, params=query, data=data, headers=headers, ssl=self.tls or True
        )
        async with request as response:
            content = await response.read()
            if response.status >= 400:
                raise _failure(response.status, content)
        answer: Object = json.loads(content)
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers=self.headers,
                timeout=aiohttp.ClientTimeout(total=CALL_S),
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._session


OnChange = Callable[[Key, Object | None, Object | None], None]


class Follower:
    """The objects of one path, kept like the server's by list and watch.

    `on_change(key, old, new)` is called after `objects` changed; old is None for a new object, new for
    one that went. `synced` is set once the first list has been taken in.
    """

    def __init__(self, client: Client, path: str, on_change: OnChange, *, selector: str = "") -> None:
        self.client = client
        self.path = path
        self.selector = selector
        self.objects: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._on_change = on_change
        self._gone: deque[str] = deque(maxlen=1000)

    async def run(self) -> None:
        """Follow for ever, over lost connections, ended watches and versions too old."""
        while True:
            try:
                await self._once()
            except (Gone, ApiError, *UNREACHABLE) as error:
                missing = isinstance(error, ApiError) and error.status == NOT_FOUND
                if missing:
                    # A type that the server does not have (yet) has no objects.
                    self.synced.set()
                await asyncio.sleep(MISSING_S if missing else RETRY_S)

    def put(self, item: Object) -> None:
        """Take in the answer of a write at once, so that the next decision knows of it."""
        old = self.objects.get(key_of(item))
        if item["metadata"]["uid"] not in self._gone and (old is None or _newer(item, old)):
            self._take(key_of(item), item)

    async def _once(self) -> None:
        version = await self._list()
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            async for kind, item in self.client.watch(self.path, version, self.selector):
                version = item["metadata"]["resourceVersion"]
                if kind == "DELETED":
                    self._drop(item)
                elif kind != "BOOKMARK":
                    self.put(item)
            # A server that ends each watch at once must not make us spin.
            await asyncio.sleep(max(0.0, RETRY_S - (loop.time() - started)))

    async def _list(self) -> str:
        items, version = await self.client.list(self.path, self.selector)
        listed = {item["metadata"]["uid"] for item in items}
        for item in [item for item in self.objects.values() if item["metadata"]["uid"] not in listed]:
            self._drop(item)
        for item in items:
            self._take(key_of(item), item)
        self.synced.set()
        return version

    def _drop(self, item: Object) -> None:
        uid = item["metadata"]["uid"]
        self._gone.append(uid)
        held = self.objects.get(key_of(item))
        if held is not None and held["metadata"]["uid"] == uid:
            self._take(key_of(item), None)

    def _take(self, key: Key, new: Object | None) -> None:
        old = self.objects.get(key)
        if new is None:
            self.objects.pop(key, None)
        else:
            self.objects[key] = new
        if _version(old) != _version(new):
            self._on_change(key, old, new)


async def follow(client: Client, path: str, on_change: OnChange, *, selector: str = "") -> None:
    """Call `on_change(key, old, new)` for each object of a path and each later change, for ever."""
    await Follower(client, path, on_change, selector=selector).run()


def _version(item: Object | None) -> tuple[str, str] | None:
    if item is None:
        return None
    metadata = item["metadata"]
    return metadata.get("uid", ""), metadata.get("resourceVersion", "")


def _newer(item: Object, held: Object) -> bool:
    new, old = item["metadata"], held["metadata"]
    return bool(new["uid"] != old["uid"] or int(new["resourceVersion"]) > int(old["resourceVersion"]))


def _event(line: bytes) -> tuple[str, Object]:
    event = json.loads(line)
    if event["type"] != "ERROR":
        return event["type"], event["object"]
    if event["object"].get("code") == 410:
        raise Gone
    raise ApiError(event["object"].get("code", 500), event["object"])


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    # Not readline(): it refuses lines above its buffer, and objects may be larger.
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line


def _failure(status: int, content: bytes) -> ApiError:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"message": content.decode(errors="replace")}
    return ApiError(status, body)
