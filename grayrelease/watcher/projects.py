"""A project that is watched: when its inventory is made anew, and whether it may be vouched for."""

from __future__ import annotations

import time
from dataclasses import dataclass

from grayrelease.cluster.interface import ClusterError
from grayrelease.cluster.streams import Kept, Streams
from grayrelease.reconcile import inventory
from grayrelease.reconcile.inventory import Place

SOON_S, APART_S = 0.1, 1.0
"""An inventory follows a change so soon, but not the last one so closely."""
ELSEWHERE_S = 5.0
"""After a change that does not name the project."""
ANYWAY_S = 30.0
AGAIN_S = 0.5
"""After one that could not be made."""

Releases = tuple[tuple[str, ...], ...]


@dataclass
class Project:
    """`vouched` while what is stored is what the streams say, `written` while the row may say so too."""

    place: Place
    streams: Streams
    kept: Kept
    vouched: bool = False
    written: bool = False
    busy: bool = False
    releases: Releases = ()
    _stored: Releases = ()
    _changes: int = -1
    _made_at: float = float("-inf")
    _asked_at: float | None = None

    def changed(self) -> None:
        """Something in it changed just now."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()

    def patience(self) -> float:
        """Return the seconds until its inventory is to be made anew; 0 or less: now."""
        if self.busy:
            return float("inf")
        return self._due() - time.monotonic()

    def lost(self) -> bool:
        """Tell, once, that what was vouched for is no longer kept."""
        if not self.written or self.busy or (self.vouched and self.kept.answers):
            return False
        self.written = self.vouched = False
        return True

    def make(self) -> None:
        """Store its inventory. What changes meanwhile makes it due again. Raises DatabaseError."""
        kept, releases, changes = Kept(self.streams), self.releases, self.kept.changes
        self._asked_at = None
        self.vouched = False
        try:
            inventory.keep(self.place.project, kept, kept.by_lists)
        except ClusterError:
            return
        finally:
            self._made_at = time.monotonic()
        self.kept, self._changes, self._stored = kept, changes, releases
        self.vouched = self.written = True

    def _due(self) -> float:
        if not self.vouched:
            return self._made_at + AGAIN_S
        if self._asked_at is not None:
            return max(self._asked_at + SOON_S, self._made_at + APART_S)
        if self.releases != self._stored:
            return self._made_at + APART_S
        return self._made_at + (ELSEWHERE_S if self.kept.changes != self._changes else ANYWAY_S)
