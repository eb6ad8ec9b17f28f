"""What happened to an object: the events that watches send and the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grayrelease.sandbox.apiserver.objects import Object

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the object as stored since (for a deletion: as it was, with the deletion's version)."""

    version: int
    type: ChangeType
    resource: str
    item: Object
    before: Object | None
