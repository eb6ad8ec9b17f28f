"""The node agent: scheduler and kubelet of the sandbox's only node."""

from __future__ import annotations

import asyncio
from typing import Any

from grayrelease.sandbox.client import RETRY_S, UNREACHABLE, ApiError, Follower, Key
from grayrelease.sandbox.fault.faults import Fault
from grayrelease.sandbox.node.place import Place
from grayrelease.sandbox.node.pod import Pod
from grayrelease.sandbox.node.register import register

Object = dict[str, Any]

REGISTER_S = 30.0


class Agent:
    """Binds pods that have no node, and runs those bound to this one."""

    def __init__(self, place: Place, node: Object) -> None:
        self.place = place
        self.node = node
        self.pods = Follower(place.client, "/api/v1/pods", self._hear)
        self.namespaces = Follower(place.client, "/api/v1/namespaces", lambda *_: None)
        self._running: dict[str, Pod] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._binding: set[str] = set()

    async def run(self) -> None:
        """Work for ever, also while the API server is away."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.place.nursery.run())
            group.create_task(self.place.recorder.run())
            group.create_task(self._register())
            group.create_task(self.namespaces.run())
            # Whether a pod gets a sidecar is known only with its namespace.
            await self.namespaces.synced.wait()
            group.create_task(self.pods.run())

    async def obey(self, fault: Fault, begins: bool) -> None:
        """Let a fault that begins or ends befall the pods that it means."""
        for pod in list(self._running.values()):
            pod.obey()

    async def _register(self) -> None:
        while True:
            try:
                await register(self.place.client, self.node)
            except (ApiError, *UNREACHABLE):
                await asyncio.sleep(RETRY_S)
            else:
                await asyncio.sleep(REGISTER_S)

    def _hear(self, key: Key, old: Object | None, new: Object | None) -> None:
        if old is not None and (new is None or _uid(new) != _uid(old)):
            self._lose(old)
        if new is None:
            return
        if not new["spec"].get("nodeName"):
            if "deletionTimestamp" not in new["metadata"] and _uid(new) not in self._binding:
                self._binding.add(_uid(new))
                self._do(self._bind(key, new))
        elif new["spec"]["nodeName"] == self.place.name:
            self._take(new)

    def _lose(self, item: Object) -> None:
        pod = self._running.get(_uid(item))
        if pod is not None:
            pod.vanish()

    def _take(self, item: Object) -> None:
        pod = self._running.get(_uid(item))
        if pod is not None:
            pod.take(item)
            return
        pod = Pod(self.place, item)
        self._running[_uid(item)] = pod
        self._do(self._live(pod))

    async def _live(self, pod: Pod) -> None:
        namespace = self.namespaces.objects.get(("", pod.item["metadata"]["namespace"]))
        labels = namespace["metadata"].get("labels") or {} if namespace else {}
        try:
            await pod.run(labels)
        finally:
            del self._running[_uid(pod.item)]

    async def _bind(self, key: Key, item: Object) -> None:
        """Do as a scheduler does; every pod fits."""
        path = f"/api/v1/namespaces/{key[0]}/pods/{key[1]}/binding"
        target = {"apiVersion": "v1", "kind": "Node", "name": self.place.name}
        metadata = {"name": key[1], "namespace": key[0], "uid": _uid(item)}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        try:
            await self.place.client.post(path, body)
            text = f"Successfully assigned {key[0]}/{key[1]} to {self.place.name}"
            self.place.recorder.note(item, "Scheduled", text, by="default-scheduler")
        except UNREACHABLE:
            await asyncio.sleep(RETRY_S)
        except ApiError as error:
            if error.status not in (404, 409):
                await asyncio.sleep(RETRY_S)
        finally:
            self._binding.discard(_uid(item))
        current = self.pods.objects.get(key)
        if current is not None:
            self._again(key, current)

    def _again(self, key: Key, item: Object) -> None:
        """Look again at a pod whose binding may have failed, once its watch had time to tell."""
        asyncio.get_running_loop().call_later(RETRY_S, self._recheck, key, _uid(item))

    def _recheck(self, key: Key, uid: str) -> None:
        item = self.pods.objects.get(key)
        if item is not None and _uid(item) == uid and not item["spec"].get("nodeName"):
            self._hear(key, item, item)

    def _do(self, work: Any) -> None:
        # The loop itself keeps weak references only.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a pod's task failed", "exception": task.exception()}
            )


def _uid(item: Object) -> str:
    return str(item["metadata"]["uid"])
