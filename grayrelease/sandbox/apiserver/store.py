"""All objects in memory, one counter of versions, a bounded history, and who listens."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from grayrelease.sandbox.apiserver.changes import Change, ChangeType
from grayrelease.sandbox.apiserver.journal import Journal
from grayrelease.sandbox.apiserver.objects import Key, Object, key_of

HISTORY = 4000
FIRST_VERSION = 100
"""Versions begin here, so that version 1, which clients use for "very old", is never held."""

Listener = Callable[[Change], None]


class TooOld(Exception):
    """A version from before the history that is held."""


class Store:
    """Objects by resource (`group/plural`) and key; stored objects must never be changed in place."""

    def __init__(self, path: Path) -> None:
        self.version = FIRST_VERSION
        self.floor = FIRST_VERSION
        self._tables: dict[str, dict[Key, Object]] = {}
        self._history: deque[Change] = deque()
        self._listeners: dict[str, list[Listener]] = {}
        self._journal = Journal(path)
        self._load()

    def _load(self) -> None:
        for record in self._journal.records():
            if "floor" in record:
                self.version = self.floor = record["floor"]
            elif "held" in record:
                self.table(record["held"])[key_of(record["item"])] = record["item"]
            else:
                self._remember(self._read(record))
        self._journal.open()
        self._journal.rewrite(self.floor, self._held_at_floor(), self._history)

    def close(self) -> None:
        self._journal.close()

    def table(self, resource: str) -> dict[Key, Object]:
        """The objects of one resource, in no order."""
        return self._tables.setdefault(resource, {})

    def get(self, resource: str, key: Key) -> Object | None:
        return self.table(resource).get(key)

    def put(self, resource: str, item: Object) -> Object:
        """Store an object under a new version; returns it with that version."""
        known = key_of(item) in self.table(resource)
        return self._change("MODIFIED" if known else "ADDED", resource, item)

    def remove(self, resource: str, item: Object) -> Object:
        """Take an object out; `item` is its last state, returned with the version of its deletion."""
        return self._change("DELETED", resource, item)

    def _change(self, kind: ChangeType, resource: str, item: Object) -> Object:
        version = self.version + 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(version)}}
        change = Change(version, kind, resource, item, self.table(resource).get(key_of(item)))
        self._journal.append(change)
        self._remember(change)
        if self._journal.has_grown():
            self._journal.rewrite(self.floor, self._held_at_floor(), self._history)
        for listener in list(self._listeners.get(resource, ())):
            listener(change)
        return item

    def _read(self, record: Object) -> Change:
        resource, item = record["resource"], record["item"]
        return Change(
            record["version"], record["type"], resource, item, self.table(resource).get(key_of(item))
        )

    def _remember(self, change: Change) -> None:
        table, key = self.table(change.resource), key_of(change.item)
        if change.type == "DELETED":
            table.pop(key, None)
        else:
            table[key] = change.item
        self.version = change.version
        self._history.append(change)
        if len(self._history) > HISTORY:
            self.floor = self._history.popleft().version

    def since(self, version: int) -> Iterator[Change]:
        """The changes of all resources after a version; TooOld if some are no longer held."""
        if version < self.floor:
            raise TooOld
        start = bisect.bisect_right(self._history, version, key=lambda change: change.version)
        return islice(self._history, start, None)

    def at(self, resource: str, version: int) -> dict[Key, Object]:
        """The objects of a resource as they were at a version; TooOld if that is no longer known."""
        table = dict(self.table(resource))
        for change in reversed(list(self.since(version))):
            if change.resource != resource:
                continue
            if change.before is None:
                table.pop(key_of(change.item), None)
            else:
                table[key_of(change.item)] = change.before
        return table

    def _held_at_floor(self) -> Iterator[tuple[str, Object]]:
        for resource in list(self._tables):
            for item in self.at(resource, self.floor).values():
                yield resource, item

    def listen(self, resource: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` at each change of a resource from now on; returns what ends that."""
        listeners = self._listeners.setdefault(resource, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)
