"""A deed: one short transaction that changes intent, raises the generation and says who did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from grayrelease.domain.allowed import Deed as LifecycleDeed
from grayrelease.domain.allowed import allowed
from grayrelease.domain.state import Goal, Phase, Reason
from grayrelease.models import Event, Release, Target
from grayrelease.operations import people
from grayrelease.operations.errors import Busy, Moved, NotFound, Refused

DEEDS = ("created", "share", "take-over", "roll-back", "finish")
"""Kinds of the events that raise a target's generation."""


@dataclass(frozen=True)
class Deed:
    """What became of it. `event` is None where it was so already (a double click).

    rung: a worker was told; False: it is saved, and the driver carries it out within seconds.
    """

    release: Release
    generation: int
    event: Event | None
    rung: bool


@dataclass(frozen=True)
class Change:
    """The columns of a release that a deed sets."""

    deed: LifecycleDeed
    kind: str
    """Of its event."""
    fields: Mapping[str, Any]


@contextmanager
def short_transaction() -> Iterator[None]:
    """Raise Busy where a row is locked for longer than the database's lock_timeout (2 s)."""
    try:
        with transaction.atomic(durable=True):
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise Busy from error


def lock(release_id: int) -> Release:
    """Lock a release's target and read both anew. Call in a transaction."""
    target = Target.objects.select_for_update(of=("self",)).filter(releases=release_id).first()
    if target is None:
        raise NotFound
    return Release.objects.select_related("target__project").get(pk=release_id)


def last_deed(target: Target) -> Event | None:
    return (
        Event.objects.filter(target=target, kind__in=DEEDS)
        .select_related("actor", "release")
        .order_by("-id")
        .first()
    )


def raise_generation(target: Target) -> int:
    """Say that a person wants something else. Call in a transaction that holds the target's row."""
    target.generation += 1
    target.raised_at = None
    Target.objects.filter(pk=target.pk).update(generation=target.generation, raised_at=Now())
    return target.generation


def carry(
    user: User,
    release_id: int,
    change: Change,
    generation: int | None,
) -> tuple[Release, Event | None]:
    """Change a release's intent. `generation` None: whatever happened meanwhile.

    Raises Forbidden, NotFound, Moved, Refused (the release is not where this can be done), Busy.
    """
    with short_transaction():
        release = lock(release_id)
        role = people.check_doer(user, release.target.project)
        before = {name: getattr(release, name) for name in change.fields}
        if before == dict(change.fields):
            return release, None
        if generation is not None and generation != release.target.generation:
            raise Moved(last_deed(release.target), release.target.generation)
        _check(release, role, change)
        return release, _write(user, release, change, before)


def _check(release: Release, role: str, change: Change) -> None:
    """Raise Refused where the lifecycle says no."""
    now = release.status.get("now")
    reason = Reason(*now) if now else None
    refusal = allowed(_phase(release), role, reason)[change.deed]
    if refusal is not None:
        raise Refused(refusal)


def _phase(release: Release) -> Phase:
    """The phase that people have asked for, where no run has come to it yet."""
    phase = Phase(release.phase)
    if release.goal == Goal.ROLL_BACK and phase in (Phase.PREPARING, Phase.RUNNING, Phase.TAKEN_OVER):
        return Phase.ROLLING_BACK
    if release.goal == Goal.FINISH and phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK):
        return Phase.FINISHING
    return phase


def _write(user: User, release: Release, change: Change, before: dict[str, Any]) -> Event:
    for name, value in change.fields.items():
        setattr(release, name, value)
    release.save(update_fields=list(change.fields))
    generation = raise_generation(release.target)
    return Event.objects.create(
        project=release.target.project,
        target=release.target,
        release=release,
        at=Now(),
        actor=user,
        kind=change.kind,
        data={"before": before, "after": dict(change.fields), "generation": generation},
    )
