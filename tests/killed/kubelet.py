"""What a node does for pods, without processes; and a record of what the API server's watch says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grayrelease.sandbox.client import ApiError, Client, Follower, Key, Object

PODS = "/api/v1/pods"
ISTIO = "/apis/networking.istio.io/v1"
WATCHED = ("/apis/apps/v1/deployments", f"{ISTIO}/virtualservices", f"{ISTIO}/destinationrules")


class Attendant:
    """Makes each pod ready at once, lets it go when it is deleted, and records all changes of our kinds.

    A context manager; works in a thread of its own.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.changes: list[tuple[Object | None, Object | None]] = []
        """(old, new) as the watch told them, in its order."""
        self._addresses = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def of(self, namespace: str) -> list[tuple[Object | None, Object | None]]:
        """Return the changes in a namespace so far."""
        return [pair for pair in list(self.changes) if _namespace(pair) == namespace]

    def _call(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _start(self) -> None:
        self._client = Client.from_kubeconfig(self.kubeconfig, agent="kubelet")
        followers = [Follower(self._client, path, self._record) for path in WATCHED]
        followers.append(Follower(self._client, PODS, self._pod))
        self._following = [asyncio.ensure_future(each.run()) for each in followers]
        for each in followers:
            await each.synced.wait()

    async def _stop(self) -> None:
        for task in (*self._following, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._following, *self._tasks, return_exceptions=True)
        await self._client.close()

    def _record(self, key: Key, old: Object | None, new: Object | None) -> None:
        self.changes.append((old, new))

    def _pod(self, key: Key, old: Object | None, new: Object | None) -> None:
        if new is not None:
            task = self._loop.create_task(self._serve(key, new))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: Key, pod: Object) -> None:
        path = f"/api/v1/namespaces/{key[0]}/pods/{key[1]}"
        try:
            if pod["metadata"].get("deletionTimestamp"):
                await self._client.delete(path, {"gracePeriodSeconds": 0})
            elif not pod.get("status", {}).get("podIP"):
                await self._client.patch(f"{path}/status", {"status": self._ready()})
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def _ready(self) -> Object:
        self._addresses += 1
        address = f"10.0.{self._addresses // 250}.{self._addresses % 250 + 1}"
        conditions = [{"type": kind, "status": "True"} for kind in ("ContainersReady", "Ready")]
        return {"phase": "Running", "podIP": address, "conditions": conditions}


def _namespace(pair: tuple[Object | None, Object | None]) -> str:
    item = pair[1] or pair[0] or {}
    return str(item["metadata"]["namespace"])
