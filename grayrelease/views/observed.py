"""The share that was seen of a release, as the last run remembered it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from grayrelease.domain.verify import wilson
from grayrelease.models import Release


@dataclass(frozen=True)
class Observed:
    """The share that Prometheus saw since the last change, per mille, with its 99 % interval."""

    share: int
    low: int
    high: int
    requests: int
    verified_after: float | None
    verified_at: datetime | None
    how: str

    def with_counts(self, candidate: int, both: int) -> Observed:
        """Return the same with newer counts of requests."""
        low, high = wilson(candidate, both)
        share = round(1000 * candidate / both)
        return replace(self, share=share, low=low, high=high, requests=both)

    @property
    def seen(self) -> bool:
        return self.requests > 0


def observed(release: Release) -> Observed | None:
    """Read what the last run remembered of this release's route."""
    known = release.target.memory.get("exposed", {}).get(str(release.pk))
    if not known:
        return None
    names = ("observed", "low", "high", "requests")
    share, low, high, requests = (int(known.get(name, 0)) for name in names)
    verified_at = moment(known.get("verified_at"))
    return Observed(share, low, high, requests, _between(known), verified_at, known.get("how", ""))


def _between(known: dict[str, Any]) -> float | None:
    written, verified = moment(known.get("at")), moment(known.get("verified_at"))
    return (verified - written).total_seconds() if written and verified else None


def moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
