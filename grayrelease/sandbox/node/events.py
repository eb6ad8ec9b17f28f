"""Events that the node writes, in the background."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from grayrelease.sandbox.client import UNREACHABLE, ApiError, Client
from grayrelease.sandbox.node.status import stamp

Object = dict[str, Any]
Same = tuple[str, str, str]
KEPT = 500


class Recorder:
    """Writes Events about pods; one that repeats is counted up instead."""

    def __init__(self, client: Client, node: str) -> None:
        self.client = client
        self.node = node
        self._queue: asyncio.Queue[tuple[Object, str]] = asyncio.Queue()
        self._written: dict[Same, Object] = {}

    def note(
        self,
        pod: Object,
        reason: str,
        message: str,
        *,
        container: str = "",
        warning: bool = False,
        by: str = "kubelet",
    ) -> None:
        """Write an Event soon; it is dropped if the API server does not want it."""
        event = self._event(pod, reason, message, by)
        event["type"] = "Warning" if warning else "Normal"
        if container:
            event["involvedObject"]["fieldPath"] = f"spec.containers{{{container}}}"
        self._queue.put_nowait((event, pod["metadata"]["namespace"]))

    async def run(self) -> None:
        """Write for ever."""
        while True:
            event, namespace = await self._queue.get()
            try:
                await self._write(event, f"/api/v1/namespaces/{namespace}/events")
            except (ApiError, *UNREACHABLE):
                continue

    async def _write(self, event: Object, path: str) -> None:
        same = event["involvedObject"]["uid"], event["reason"], event["message"]
        before = self._written.get(same)
        if before is None:
            self._keep(same, await self.client.post(path, event))
            return
        change = {"count": before["count"] + 1, "lastTimestamp": event["lastTimestamp"]}
        self._keep(same, await self.client.patch(f"{path}/{before['metadata']['name']}", change))

    def _keep(self, same: Same, event: Object) -> None:
        self._written[same] = event
        while len(self._written) > KEPT:
            del self._written[next(iter(self._written))]

    def _event(self, pod: Object, reason: str, message: str, by: str) -> Object:
        metadata, now = pod["metadata"], stamp()
        source = {"component": by} | ({"host": self.node} if by == "kubelet" else {})
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}",
                "namespace": metadata["namespace"],
            },
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": source,
            "reportingComponent": by,
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
        }
