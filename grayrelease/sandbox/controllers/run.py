"""The controllers at work: what changed is looked at, and what follows from it is written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from grayrelease.sandbox.client import UNREACHABLE, ApiError, Client, Key, Object, key_of
from grayrelease.sandbox.controllers import deployments, endpoints, replicasets
from grayrelease.sandbox.controllers.collector import Collector, Namespaces
from grayrelease.sandbox.controllers.objects import condition, controller_of, labels_of, owned_by
from grayrelease.sandbox.controllers.store import Resource, Store
from grayrelease.sandbox.controllers.work import Notes, Queue, carry_out

DISCOVER_S = 30.0
LOOK_S = 1.0
RETRY_S = 0.2


class Controllers:
    """Deployments, ReplicaSets, EndpointSlices, garbage and namespaces of one cluster."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.store = Store(client, self._hear)
        self.notes = Notes(client)
        self.deployments: Queue[Key] = Queue(self._deployment)
        self.sets: Queue[Key] = Queue(self._set)
        self.services: Queue[Key] = Queue(self._service)
        self.collector = Collector(client, self.store)
        self.namespaces = Namespaces(client, self.store)
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Work for ever, also while the API server is away."""
        await self._discover()
        async with asyncio.TaskGroup() as group:
            for queue in (self.deployments, self.sets, self.services, self.namespaces.queue):
                group.create_task(queue.run())
            group.create_task(self.collector.queue.run())
            group.create_task(self.notes.run())
            group.create_task(self._rediscover())
            group.create_task(self._watch_the_clock())

    async def _discover(self) -> None:
        while True:
            try:
                return await self.store.refresh()
            except (ApiError, *UNREACHABLE):
                await asyncio.sleep(RETRY_S)

    async def _rediscover(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._again.wait(), DISCOVER_S)
                self._again.clear()
            except TimeoutError:
                pass
            await self._discover()

    async def _watch_the_clock(self) -> None:
        """Look again at what time alone can change: deadlines, and pods that become available late."""
        while True:
            await asyncio.sleep(LOOK_S)
            for item in self.store.all("Deployment"):
                if (condition(item, "Progressing") or {}).get("reason") != "NewReplicaSetAvailable":
                    self.deployments.add(key_of(item))
            for item in self.store.all("ReplicaSet"):
                if item["spec"].get("minReadySeconds"):
                    self.sets.add(key_of(item))

    def _hear(self, resource: Resource, old: Object | None, new: Object | None) -> None:
        self.collector.hear(resource, old, new)
        self.namespaces.hear(resource, old, new)
        for item in filter(None, (old, new)):
            self._ring(resource.kind, item)

    def _ring(self, kind: str, item: Object) -> None:
        key = key_of(item)
        match kind:
            case "Deployment":
                self.deployments.add(key)
            case "ReplicaSet":
                self.sets.add(key)
                self._ring_deployments(item)
            case "Pod":
                self._ring_pod(item)
            case "Service":
                self.services.add(key)
            case "EndpointSlice":
                self._ring_owner(item, "Service", self.services)
            case "CustomResourceDefinition":
                self._again.set()

    def _ring_deployments(self, item: Object) -> None:
        self._ring_owner(item, "Deployment", self.deployments)
        if controller_of(item) is None:
            for each in self.store.all("Deployment", item["metadata"]["namespace"]):
                self.deployments.add(key_of(each))

    def _ring_pod(self, pod: Object) -> None:
        namespace = pod["metadata"]["namespace"]
        self._ring_owner(pod, "ReplicaSet", self.sets)
        if controller_of(pod) is None:
            for each in self.store.all("ReplicaSet", namespace):
                self.sets.add(key_of(each))
        for service in self.store.all("Service", namespace):
            if (service["spec"].get("selector") or {}).items() <= labels_of(pod).items():
                self.services.add(key_of(service))
        # A Recreate waits for pods, not only for counts.
        owner = controller_of(pod)
        found = self.store.get("ReplicaSet", (namespace, owner["name"])) if owner else None
        if found is not None:
            self._ring_owner(found, "Deployment", self.deployments)

    def _ring_owner(self, item: Object, kind: str, queue: Queue[Key]) -> None:
        owner = controller_of(item)
        if owner and owner["kind"] == kind:
            queue.add((item["metadata"]["namespace"], owner["name"]))

    async def _deployment(self, key: Key) -> None:
        item = self.store.get("Deployment", key)
        if item is None:
            return
        sets, pods = self.store.all("ReplicaSet", key[0]), self.store.all("Pod", key[0])
        steps = deployments.plan(item, sets, pods, datetime.now(UTC))
        await carry_out(self.store, self.notes, steps, "deployment-controller")

    async def _set(self, key: Key) -> None:
        item = self.store.get("ReplicaSet", key)
        if item is None:
            return
        steps = replicasets.plan(item, self.store.all("Pod", key[0]), datetime.now(UTC))
        await carry_out(self.store, self.notes, steps, "replicaset-controller")

    async def _service(self, key: Key) -> None:
        item = self.store.get("Service", key)
        if item is None:
            return
        slices = [each for each in self.store.all("EndpointSlice", key[0]) if owned_by(each, item)]
        steps = endpoints.plan(item, self.store.all("Pod", key[0]), slices)
        await carry_out(self.store, self.notes, steps, "endpoint-slice-controller")
