"""What one run knows of a route in effect, for the next ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Exposed:
    """The present route: everyone's share, per mille, since `at`, what it was before, how it was verified."""

    share: int
    before: int
    at: datetime
    verified_at: datetime | None = None
    how: Literal["", "observed", "settled"] = ""
    observed: int = 0
    """Share seen, per mille, with its 99 % interval `low`..`high`, from `requests` requests since `at`."""
    low: int = 0
    high: int = 0
    requests: int = 0
    key: str = ""
    """Digits of the exposure, where it's more than everyone's share."""
