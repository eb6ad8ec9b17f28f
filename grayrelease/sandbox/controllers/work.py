"""Queues of things to look at again, and the writes that come of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from grayrelease.sandbox.client import UNREACHABLE, ApiError, Client, Object
from grayrelease.sandbox.controllers.objects import Note, Step, Write, collection, path_of
from grayrelease.sandbox.controllers.status import stamp
from grayrelease.sandbox.controllers.store import Store

log = logging.getLogger(__name__)
AGAIN_S = 0.2
Item = TypeVar("Item", bound=Hashable)


class Queue(Generic[Item]):
    """Things to look at: each is in it once, and looked at by one worker, one after the other."""

    def __init__(self, look: Callable[[Item], Awaitable[None]]) -> None:
        self._look = look
        self._waiting: dict[Item, None] = {}
        self._filled = asyncio.Event()

    def add(self, item: Item) -> None:
        """Ask to look at something soon."""
        self._waiting[item] = None
        self._filled.set()

    def add_later(self, item: Item, seconds: float) -> None:
        """Ask to look at something after a while."""
        asyncio.get_running_loop().call_later(seconds, self.add, item)

    async def run(self) -> None:
        """Look at what comes, for ever; what fails against the API server is tried again."""
        while True:
            await self._filled.wait()
            item = next(iter(self._waiting))
            del self._waiting[item]
            if not self._waiting:
                self._filled.clear()
            try:
                await self._look(item)
            except (ApiError, *UNREACHABLE) as error:
                # Conflicts only say that we decided on an old state, and 403 that the namespace is going.
                if not (isinstance(error, ApiError) and error.status in (403, 404, 409)):
                    log.warning("%s: %s", item, error)
                self.add_later(item, AGAIN_S)


class Notes:
    """Events to be written; nobody waits for them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: asyncio.Queue[tuple[Note, str, str]] = asyncio.Queue()

    def put(self, note: Note, made: str, component: str) -> None:
        """Ask for an Event; `made` is the name of what was created before it."""
        self._waiting.put_nowait((note, made, component))

    async def run(self) -> None:
        """Write for ever; what the API server does not take is dropped."""
        while True:
            with contextlib.suppress(ApiError, *UNREACHABLE):
                await _note(self._client, *await self._waiting.get())


async def carry_out(store: Store, notes: Notes, steps: Sequence[Step], component: str) -> None:
    """Do the writes in their order, and let the store know each answer."""
    fresh: dict[str, Object] = {}
    made = ""
    for step in steps:
        if isinstance(step, Note):
            notes.put(step, made, component)
            continue
        answer = await _write(store.client, step, fresh)
        if answer is not None:
            fresh[answer["metadata"]["uid"]] = answer
            store.put(answer)
            made = answer["metadata"]["name"]


async def _write(client: Client, step: Write, fresh: dict[str, Object]) -> Object | None:
    item, metadata = step.item, step.item["metadata"]
    match step.verb:
        case "create":
            return await client.post(collection(item["kind"], metadata["namespace"]), item)
        case "replace":
            return await client.put(path_of(item), item)
        case "status":
            current = fresh.get(metadata["uid"], item)
            return await client.put(f"{path_of(item)}/status", {**current, "status": item["status"]})
        case "annotate":
            # A Deployment's annotations raise its generation unless they come with its status.
            path = path_of(item) + ("/status" if item["kind"] == "Deployment" else "")
            return await client.patch(path, {"metadata": {"annotations": dict(step.annotations or {})}})
    answer = await client.delete(path_of(item), {"preconditions": {"uid": metadata["uid"]}})
    # Most types answer with a Status, pods with the pod.
    return answer if answer["kind"] == item["kind"] else None


async def _note(client: Client, note: Note, made: str, component: str) -> None:
    metadata, now = note.about["metadata"], stamp(datetime.now(UTC))
    event: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}",
            "namespace": metadata["namespace"],
        },
        "type": "Normal",
        "reason": note.reason,
        "message": note.message.replace("{made}", made),
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": component},
        "reportingComponent": component,
        "involvedObject": {
            "apiVersion": note.about["apiVersion"],
            "kind": note.about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
    }
    await client.post(collection("Event", metadata["namespace"]), event)
