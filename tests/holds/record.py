"""The API server's own record of writes: its journal, which holds every change in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.story.api import share_of

ROUTES = "networking.istio.io/virtualservices"
DEPLOYMENTS = "apps/deployments"
Change = dict[str, Any]


class Journal:
    """What was written since a version; needs no server that answers."""

    def __init__(self, sandbox: Path) -> None:
        self.path = sandbox / "journal.jsonl"

    def version(self) -> int:
        """Return the version of the last write."""
        return max((int(each["version"]) for each in self._changes("")), default=0)

    def times_set(self, share: int, since: int, version: str = "v2") -> int:
        """Count the writes of the routes of reviews, since a version, that say a share (per mille)."""
        written = [each for each in self._of(ROUTES, "reviews") if each["type"] != "DELETED"]
        said = [share_of(each["item"], version) for each in written if each["version"] > since]
        return said.count(share)

    def deleted(self, resource: str, name: str, since: int) -> int:
        """Count how often an object went."""
        gone = [each for each in self._of(resource, name) if each["type"] == "DELETED"]
        return sum(each["version"] > since for each in gone)

    def _of(self, resource: str, name: str) -> Iterator[Change]:
        for change in self._changes(resource):
            if change["item"]["metadata"]["name"] == name and change["resource"] == resource:
                yield change

    def _changes(self, holding: str) -> Iterator[Change]:
        for line in self.path.read_text().splitlines():
            if '"version"' in line and holding in line:
                change = json.loads(line)
                if "type" in change:
                    yield change
