"""What happens when a CustomResourceDefinition is deleted: its objects go, then it."""

from __future__ import annotations

import asyncio

from grayrelease.sandbox.apiserver.builtin import DEFINITIONS
from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.establishing import CLEANUP_FINALIZER
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.store import Store

DELAY_S = 0.05


class CleanUp:
    """Removes the objects of definitions that are being deleted, a moment after the answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._end = store.listen(DEFINITIONS.name, self._follow)

    def close(self) -> None:
        self._end()

    def _follow(self, change: Change) -> None:
        metadata = change.item["metadata"]
        if change.type == "MODIFIED" and "deletionTimestamp" in metadata:
            asyncio.get_running_loop().call_later(DELAY_S, self._remove, metadata["name"])

    def _remove(self, name: str) -> None:
        definition = self._store.get(DEFINITIONS.name, ("", name))
        if definition is None or CLEANUP_FINALIZER not in definition["metadata"].get("finalizers", ()):
            return
        spec = definition["spec"]
        table = f"{spec['group']}/{spec['names']['plural']}"
        for item in list(self._store.table(table).values()):
            self._store.remove(table, item)
        self._finish(definition)

    def _finish(self, definition: Object) -> None:
        finalizers = [each for each in definition["metadata"]["finalizers"] if each != CLEANUP_FINALIZER]
        metadata = {**definition["metadata"], "finalizers": finalizers}
        if finalizers:
            self._store.put(DEFINITIONS.name, {**definition, "metadata": metadata})
        else:
            self._store.remove(DEFINITIONS.name, definition)
