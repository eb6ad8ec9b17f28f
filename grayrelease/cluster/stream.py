"""One kind of object in one namespace, kept by list and watch for as long as somebody asks for it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grayrelease.cluster.interface import Change, Cluster, ClusterError, Expired, Refused, Unreachable
from grayrelease.domain.plan import Manifest

Key = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class Heard:
    """An object came (no `before`), changed or went (no `after`). `told` by a watch, not by a list."""

    kind: str
    before: Manifest | None
    after: Manifest | None
    told: bool


@dataclass(frozen=True)
class Rhythm:
    """Seconds. Each is drawn from ± 20 %, so that streams don't ask at the same moment."""

    watch: float = 50.0
    """After so long the server ends a watch; one that it doesn't end has broken 5 s later."""
    relist: float = 600.0
    """A list, whatever the watch says: nothing that it missed lasts longer."""
    lists: float = 2.0
    """Between lists, where watching is refused."""
    refused: float = 60.0
    """Until what was refused is tried again."""
    first_pause: float = 0.2
    longest_pause: float = 10.0


class Stream:
    """Keeps the objects in a thread of its own, `heard` is called from there. `stop` takes up to a watch."""

    def __init__(
        self,
        connect: Callable[[], Cluster],
        kind: str,
        namespace: str,
        heard: Callable[[Heard], None],
        rhythm: Rhythm,
    ) -> None:
        self.kind, self.namespace = kind, namespace
        self.changes = 0
        """Raised by all that alters what `read` gives, its errors too."""
        self.error: ClusterError | None = Unreachable(f"{kind}: not read yet")
        self.by_lists = ""
        """Why it is kept by lists alone."""
        self._connect, self._heard, self._rhythm = connect, heard, rhythm
        self._objects: dict[Key, Manifest] = {}
        self._version = ""
        self._relist_at = self._watch_at = 0.0
        self._failures = 0
        self._lock, self._stopped = threading.Lock(), threading.Event()

    def start(self) -> Stream:
        name = f"{self.kind} {self.namespace}"
        threading.Thread(target=self._run, name=name, daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopped.set()

    def read(self) -> list[Manifest]:
        """Return the objects as they are now; not to be altered. Raises what stands in the way."""
        with self._lock:
            if self.error is not None:
                raise type(self.error)(str(self.error))
            return list(self._objects.values())

    @property
    def answers(self) -> bool:
        """Tell if the cluster answers, be it with a refusal."""
        return self.error is None or not isinstance(self.error, Unreachable)

    @property
    def broken(self) -> bool:
        """Tell if it was tried, in vain."""
        return self._failures > 0 and not self.answers

    # Within its thread

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._turn()
            except Expired:
                self._version = ""
                self._pause_after_failure(True)
            except Unreachable as error:
                self._is(error)
                self._pause_after_failure(True)
            except ClusterError as error:
                self._version = ""
                self._is(error)
                self._wait(self._rhythm.refused)

    def _turn(self) -> None:
        """List where that is due, then watch once."""
        cluster = self._connect()
        if not self._version or time.monotonic() >= self._relist_at:
            self._list(cluster)
        if (changes := self._opened(cluster)) is None:
            self._wait(self._rhythm.lists)
            self._version = ""
            return
        self._is(None)
        began = time.monotonic()
        for change in changes:
            self._take(change)
        # A proxy that ends each watch at once must not make us ask without end.
        self._pause_after_failure(time.monotonic() - began < 1)

    def _opened(self, cluster: Cluster) -> Iterator[Change] | None:
        """Return a watch; None where that is refused."""
        if self.by_lists and time.monotonic() < self._watch_at:
            return None
        seconds = max(1, round(_about(self._rhythm.watch)))
        try:
            changes = cluster.watch(self.kind, self.namespace, self._version, seconds)
        except Refused as error:
            self._listed_because(str(error))
            self._watch_at = time.monotonic() + _about(self._rhythm.refused)
            return None
        self._listed_because("")
        return changes

    def _listed_because(self, why: str) -> None:
        if why != self.by_lists:
            self.by_lists = why
            self.changes += 1

    def _list(self, cluster: Cluster) -> None:
        """Read all, and tell what differs from before."""
        listing = cluster.listing(self.kind, self.namespace)
        before, now = self._objects, {_key(item): item for item in listing.items}
        with self._lock:
            self._objects = now
        self._version = listing.version
        self._relist_at = time.monotonic() + _about(self._rhythm.relist)
        for key in before.keys() | now.keys():
            self._tell(before.get(key), now.get(key), told=False)
        self._is(None)

    def _take(self, change: Change) -> None:
        self._version = change.version
        self._failures = 0
        if change.type == "BOOKMARK":
            return
        key = _key(change.manifest)
        with self._lock:
            before = self._objects.pop(key, None)
            if change.type != "DELETED":
                self._objects[key] = change.manifest
        self._tell(before, None if change.type == "DELETED" else change.manifest, told=True)

    def _tell(self, before: Manifest | None, after: Manifest | None, *, told: bool) -> None:
        if _bare(before) != _bare(after):
            self.changes += 1
            self._heard(Heard(self.kind, before, after, told))

    def _is(self, error: ClusterError | None) -> None:
        if (error is None) != (self.error is None):
            self.changes += 1
        self.error = error

    def _pause_after_failure(self, failed: bool) -> None:
        if not failed:
            self._failures = 0
            return
        self._wait(min(self._rhythm.first_pause * 2**self._failures, self._rhythm.longest_pause))
        self._failures = min(self._failures + 1, 16)

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(_about(seconds))


def _about(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)


def _key(manifest: Manifest) -> Key:
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _bare(manifest: Manifest | None) -> Manifest | None:
    """Return what people mean by the object, without the API server's bookkeeping."""
    if manifest is None:
        return None
    kept = {k: v for k, v in manifest["metadata"].items() if k not in ("resourceVersion", "managedFields")}
    return {**manifest, "metadata": kept}
