"""Events go an hour after their last change, as they do where etcd lets them expire."""

from __future__ import annotations

import asyncio
import time

from grayrelease.sandbox.apiserver.builtin import CORE_EVENTS
from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.objects import Key, key_of
from grayrelease.sandbox.apiserver.store import Store

EVENT_LIFE_S = 3600.0
SWEEP_S = 60.0


class Expiry:
    """Remembers when Events changed; those of an earlier run count as changed when this one began."""

    def __init__(self, store: Store) -> None:
        self._store = store
        began = time.monotonic()
        self._changed: dict[Key, float] = dict.fromkeys(store.table(CORE_EVENTS.name), began)
        self._end = store.listen(CORE_EVENTS.name, self._follow)

    def _follow(self, change: Change) -> None:
        if change.type == "DELETED":
            self._changed.pop(key_of(change.item), None)
        else:
            self._changed[key_of(change.item)] = time.monotonic()

    def sweep(self, now: float) -> None:
        """Remove the Events whose time is over; `now` as of `time.monotonic`, in seconds."""
        for key in [key for key, changed in self._changed.items() if now - changed > EVENT_LIFE_S]:
            if (event := self._store.get(CORE_EVENTS.name, key)) is not None:
                self._store.remove(CORE_EVENTS.name, event)

    async def run(self) -> None:
        """Sweep until cancelled."""
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                self.sweep(time.monotonic())
        finally:
            self._end()
