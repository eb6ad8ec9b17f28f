"""Who stands between browsers and a sticky release's service: vouched for by whom and when, or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from grayrelease.domain.handing import UNSEEN, unvouched
from grayrelease.models import Event, Release
from grayrelease.operations import callers
from grayrelease.views.shown import Shown


@dataclass(frozen=True)
class Handed:
    """A caller. `by` "": nobody vouched for it; `calls`: it sent requests in the last 15 minutes."""

    name: str
    calls: bool
    by: str = ""
    at: datetime | None = None

    @property
    def unseen(self) -> bool:
        """Say whether it stands for all callers, since nobody could say who they are."""
        return self.name == UNSEEN


def handed(row: Shown) -> list[Handed]:
    """Return the callers that matter to a live sticky release, those without a word first."""
    if row.over or not row.steps.sticky:
        return []
    calling = callers.lately(row.target)
    words = dict(_words(row.release))
    left = [Handed(name, calls=name != UNSEEN) for name in unvouched(calling, row.release.vouched)]
    present = calling or ()
    said = [
        Handed(name, name in present, *words.get(name, ("", None))) for name in sorted(row.release.vouched)
    ]
    return [*left, *said]


def missing(row: Shown) -> list[Handed]:
    """Return the callers for whom nobody vouched."""
    return [each for each in handed(row) if each.name not in row.release.vouched]


def _words(release: Release) -> Iterator[tuple[str, tuple[str, datetime]]]:
    """Yield who vouched for each caller, and when; whoever did it first."""
    events = Event.objects.filter(release=release, kind__in=("created", "vouch")).select_related("actor")
    known: set[str] = set()
    for event in events.order_by("id"):
        data = event.data if event.kind == "created" else event.data["after"]
        named = set(data.get("vouched") or []) - known
        known |= named
        for name in named:
            yield name, (event.actor.username if event.actor else "", event.at)
