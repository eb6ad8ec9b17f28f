"""The words for what Prometheus knows of a target: requests by version and by caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Window:
    """Requests by version between two scrapes, as their callers counted them (reporter="source")."""

    start: datetime
    end: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Caller:
    """One caller proxy: when it was last seen sending to each version, and when last scraped at all."""

    pod: str
    last_request: Mapping[str, datetime]
    last_seen: datetime
    namespace: str = ""
    """Of the pod; "" where it isn't known, or where `pod` is an address."""


@dataclass(frozen=True)
class Traffic:
    """What Prometheus knows of a target since the last route write; callers of the last 15 minutes."""

    windows: tuple[Window, ...] = ()
    callers: tuple[Caller, ...] = ()
