"""One pod on this node, from its binding to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from grayrelease.sandbox.client import RETRY_S, UNREACHABLE, ApiError
from grayrelease.sandbox.node.container import Container
from grayrelease.sandbox.node.injection import MARK, STATUS, has_sidecar, wants_sidecar
from grayrelease.sandbox.node.place import Place
from grayrelease.sandbox.node.status import pod_status

log = logging.getLogger(__name__)
Object = dict[str, Any]


class Pod:
    """Runs a pod's containers and writes its status; `take` gives it each newer state of the object."""

    def __init__(self, place: Place, item: Object) -> None:
        self.place = place
        self.item = item
        self.address = place.addresses.take((item.get("status") or {}).get("podIP", ""))
        self._containers: list[Container] = []
        self._worth_writing = asyncio.Event()
        self._leaving = asyncio.Event()
        self._gone = False
        self._written: Object = {}

    def take(self, item: Object) -> None:
        """Take the object's newer state in; its deletion begins the end of the pod."""
        self.item = item
        if "deletionTimestamp" in item["metadata"]:
            self._leaving.set()

    def vanish(self) -> None:
        """End at once: the object is gone."""
        self._gone = True
        self._leaving.set()
        for container in self._containers:
            container.kill()

    def obey(self) -> None:
        """Look at the faults in force, which have changed."""
        for container in self._containers:
            container.obey()

    async def run(self, namespace_labels: Mapping[str, str]) -> None:
        """Live until the pod is deleted."""
        self.take(self.item)
        try:
            if not self._leaving.is_set() and not _is_over(self.item):
                await self._live(namespace_labels)
            await self._leaving.wait()
            await self._end()
        finally:
            self.place.addresses.give_back(self.address)
            self.place.logs.remove(self.item)

    async def _live(self, namespace_labels: Mapping[str, str]) -> None:
        sidecar = has_sidecar(self.item) or wants_sidecar(self.item, namespace_labels)
        if sidecar and not has_sidecar(self.item):
            await self._insist("", {"metadata": {"annotations": {STATUS: MARK}}})
        self._containers = [
            Container(self.place, self.item, spec, self.address, self._worth_writing.set, sidecar=sidecar)
            for spec in self.item["spec"]["containers"]
        ]
        self._worth_writing.set()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.run()) for each in self._containers]
            tasks.append(group.create_task(self._report()))
            await self._leaving.wait()
            # First, or what is stopped would be started again.
            for task in tasks:
                task.cancel()
            await self._stop()

    async def _stop(self) -> None:
        grace = 0 if self._gone else self.item["metadata"].get("deletionGracePeriodSeconds", 30)
        await asyncio.gather(*(each.stop(grace) for each in self._containers))

    async def _report(self) -> None:
        policy = self.item["spec"].get("restartPolicy", "Always")
        while True:
            await self._worth_writing.wait()
            self._worth_writing.clear()
            states = [each.state for each in self._containers]
            status = pod_status(self.item, states, self.address, policy)
            if status != self._written:
                await self._insist("/status", {"status": status})
                self._written = status

    async def _insist(self, part: str, change: Object) -> None:
        """Patch the pod, again and again while the API server is away."""
        change = {**change, "metadata": {**change.get("metadata", {}), "uid": self.item["metadata"]["uid"]}}
        while not self._gone:
            try:
                answer = await self.place.client.patch(f"{self._path()}{part}", change)
            except UNREACHABLE:
                await asyncio.sleep(RETRY_S)
            except ApiError as error:
                if error.status in (404, 409, 422):
                    # It went, or another took its name.
                    log.info("%s: %s", self.item["metadata"]["name"], error)
                    return
                await asyncio.sleep(RETRY_S)
            else:
                self.take({**answer, "metadata": answer["metadata"]})
                return

    async def _end(self) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.item["metadata"]["uid"]}}
        while not self._gone:
            try:
                await self.place.client.delete(self._path(), options)
                return
            except UNREACHABLE:
                await asyncio.sleep(RETRY_S)
            except ApiError as error:
                if error.status in (404, 409):
                    return
                await asyncio.sleep(RETRY_S)

    def _path(self) -> str:
        metadata = self.item["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _is_over(item: Object) -> bool:
    return (item.get("status") or {}).get("phase") in ("Failed", "Succeeded")
