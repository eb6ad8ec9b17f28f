"""Which rows need somebody to look at them: for the driver, each 250 ms, and for the sweep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Now

from grayrelease.domain.state import Goal
from grayrelease.models import Application, Project, Release, Target
from grayrelease.reconcile.comparing import Shared, differing

AHEAD = timedelta(seconds=2)
"""A deed that nobody carried out for so long was not heard."""
UNSEEN = timedelta(seconds=60)
"""A live target is looked at once in so long, whatever happens."""
FREE = Q(lease_until=None) | Q(lease_until__lt=Now())


FRESH = timedelta(seconds=5)
"""Somebody waits for what a deed brings: so long after it, targets are looked at more often."""


@dataclass(frozen=True)
class Due:
    """A target to look at, and the generation that people want."""

    id: int
    generation: int
    rolling_back: bool
    fresh: bool


def waiting_targets() -> list[Due]:
    """Return the targets that wait, that have a step due, or whose generation is ahead for more than 2 s."""
    ahead = ~Q(generation=F("carried_generation")) & Q(raised_at__lt=Now() - AHEAD)
    backing = Release.objects.live().filter(target=OuterRef("pk"), goal=Goal.ROLL_BACK)
    step = Q(due_at__lte=Now())
    rows = Target.objects.filter(Q(waiting=True) | ahead | step).annotate(
        late_roll_back=Exists(backing) & ~Q(generation=F("carried_generation")),
        fresh=ExpressionWrapper(Q(raised_at__gt=Now() - FRESH), BooleanField()),
    )
    found = rows.filter(FREE | Q(late_roll_back=True))
    return [Due(*row) for row in found.values_list("pk", "generation", "late_roll_back", "fresh")]


def waiting_applications() -> list[int]:
    rows = Application.objects.filter(FREE, waiting=True)
    return list(rows.values_list("pk", flat=True))


def due() -> list[int]:
    """Return the targets that differ, wait, or that a look shows to need a run, after 60 s without one.

    One sweep per project at a time: a project that another one sweeps is left out.
    """
    found: list[int] = []
    shared = Shared()
    for project in Project.objects.all():
        with _alone(project.pk) as mine:
            if mine:
                found += _due(project, shared)
    return found


def _due(project: Project, shared: Shared) -> list[int]:
    mine = Target.objects.filter(FREE, project=project)
    differs = Q(waiting=True) | ~Q(generation=F("carried_generation"))
    live = Exists(Release.objects.live().filter(target=OuterRef("pk"))) | Q(pinned=True)
    unseen = Q(looked_at=None) | Q(looked_at__lt=Now() - UNSEEN)
    ringing = list(mine.filter(differs).values_list("pk", flat=True))
    still = list(mine.filter(~differs, live & unseen).values_list("pk", flat=True))
    return ringing + (differing(project, still, shared) if still else [])


@contextmanager
def _alone(project_id: int) -> Iterator[bool]:
    """Hold an advisory lock of the session; False where somebody else holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('grayrelease sweep'), %s)", [project_id])
        row = cursor.fetchone()
        mine = bool(row and row[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('grayrelease sweep'), %s)", [project_id])
