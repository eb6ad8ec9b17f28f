"""Watches: what was, what happens, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

from multidict import MultiMapping

from grayrelease.sandbox.apiserver import errors, query, reads, views
from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.selectors import Test
from grayrelease.sandbox.apiserver.store import Store, TooOld

DEFAULT_TIMEOUT_S = 1800.0
BOOKMARK_S = 60.0
INITIAL_END = {"k8s.io/initial-events-end": "true"}
MAX_QUEUED = 10_000

Event = tuple[str, Object]
"""A type (ADDED, …) and a stored object, or for ERROR a Status."""


class Watch:
    """One watch: opened at once, so that nothing is missed; read by `events`."""

    def __init__(self, store: Store, place: Place, parameters: MultiMapping[str]) -> None:
        self._store = store
        self._table = views.table_name(place.resource)
        self._test = reads.item_test(place, parameters)
        self._timeout_s = query.number(parameters, "timeoutSeconds") or self._default_timeout()
        self._since = query.resource_version(parameters)
        self._initial = parameters.get("sendInitialEvents") in query.TRUE
        self._bookmarks = parameters.get("allowWatchBookmarks") in query.TRUE
        self._initial_with_end = self._check(parameters)
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._end = store.listen(self._table, self._hear)

    def _default_timeout(self) -> float:
        return DEFAULT_TIMEOUT_S * (1 + random.random())

    def _check(self, parameters: MultiMapping[str]) -> bool:
        match = parameters.get("resourceVersionMatch", "")
        path = "sendInitialEvents" if "sendInitialEvents" in parameters else "resourceVersionMatch"
        if "sendInitialEvents" in parameters and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise errors.invalid_options("ListOptions", errors.forbidden("resourceVersionMatch", why))
        if match and "sendInitialEvents" not in parameters:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            raise errors.invalid_options("ListOptions", errors.forbidden(path, why))
        return self._initial and self._bookmarks

    def _hear(self, change: Change) -> None:
        if self._queue.qsize() >= MAX_QUEUED:
            self._queue.put_nowait(None)
            self._end()
            return
        self._queue.put_nowait(change)

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(ValueError):
            self._end()

    async def events(self) -> AsyncIterator[Event]:
        """The events, until the watch's time is over; too old a version gives one ERROR."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        try:
            seen = self._store.version
            for event in self._first():
                yield event
            while (left := deadline - loop.time()) > 0:
                try:
                    change = await asyncio.wait_for(self._queue.get(), min(left, BOOKMARK_S))
                except TimeoutError:
                    if self._bookmarks and deadline - loop.time() > 0:
                        yield self._bookmark({})
                    continue
                if change is None:
                    return
                if change.version > seen and (told := event_of(change, self._test)) is not None:
                    yield told
        except TooOld:
            yield "ERROR", self._expired()
        finally:
            self.close()

    def _first(self) -> list[Event]:
        """What comes before anything new: the present state, or the changes since a version."""
        if not self._since or self._initial:
            held = self._store.table(self._table)
            state: list[Event] = [
                ("ADDED", held[key]) for key in sorted(held) if self._test is None or self._test(held[key])
            ]
            return [*state, self._bookmark(INITIAL_END)] if self._initial_with_end else state
        missed = [change for change in self._store.since(self._since) if change.resource == self._table]
        return [told for change in missed if (told := event_of(change, self._test)) is not None]

    def _bookmark(self, annotations: dict[str, str]) -> Event:
        metadata: Object = {"resourceVersion": str(self._store.version)}
        if annotations:
            metadata["annotations"] = annotations
        return "BOOKMARK", {"metadata": metadata}

    def _expired(self) -> Object:
        message = f"too old resource version: {self._since} ({self._store.floor})"
        return errors.failure(410, message, "Expired")


def event_of(change: Change, test: Test | None) -> Event | None:
    """What a watch with a selector says of a change; None if it is none of its business."""
    if test is None:
        return change.type, change.item
    was = change.before is not None and test(change.before)
    now = change.type != "DELETED" and test(change.item)
    if now:
        return ("MODIFIED" if was else "ADDED"), change.item
    if not was or change.before is None:
        return None
    last = change.item if change.type == "DELETED" else change.before
    version = str(change.version)
    return "DELETED", {**last, "metadata": {**last["metadata"], "resourceVersion": version}}
