"""What happened in a cluster in memory, in order, for its watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from grayrelease.cluster.interface import Change, Expired, Unreachable
from grayrelease.cluster.kinds import kind_of_manifest
from grayrelease.domain.plan import Manifest


@dataclass
class Happened:
    """All changes since `floor`. `cut` breaks open watches off; `forget` makes older versions expire."""

    lock: threading.RLock
    changes: list[tuple[int, Change]] = field(default_factory=list)
    floor: int = 0
    cuts: int = 0
    open: int = 0
    """Watches that somebody reads now."""

    def __post_init__(self) -> None:
        self._news = threading.Condition(self.lock)

    def tell(self, type: str, manifest: Manifest) -> None:
        change = Change(type, deepcopy(manifest))
        with self._news:
            self.changes.append((int(change.version), change))
            self._news.notify_all()

    def cut(self) -> None:
        with self._news:
            self.cuts += 1
            self._news.notify_all()

    def forget(self) -> None:
        """Let every version before now be too old."""
        with self._news:
            self.floor = self.changes[-1][0] if self.changes else 0
            self.changes.clear()

    def after(self, kind: str, namespace: str, since: int, seconds: float) -> Iterator[Change]:
        """Tell what happens after a version. Raises Expired, Unreachable."""
        cuts, end = self.cuts, time.monotonic() + seconds
        self.open += 1
        try:
            while (change := self._next(since, cuts, end)) is not None:
                since = int(change.version)
                if kind_of_manifest(change.manifest).name == kind and namespace in ("", _namespace(change)):
                    yield deepcopy(change)
        finally:
            self.open -= 1

    def check(self, since: int) -> None:
        """Raise Expired where a version is too old."""
        if since < self.floor:
            raise Expired(f"too old resource version: {since} ({self.floor})")

    def _next(self, since: int, cuts: int, end: float) -> Change | None:
        """Wait for the next change of any kind; None once the time is over."""
        with self._news:
            while True:
                if cuts != self.cuts:
                    raise Unreachable("the watch was cut")
                self.check(since)
                found = next((change for version, change in self.changes if version > since), None)
                if found is not None or (left := end - time.monotonic()) <= 0:
                    return found
                self._news.wait(left)


def _namespace(change: Change) -> str:
    return str(change.manifest["metadata"].get("namespace", ""))
