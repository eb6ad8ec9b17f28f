"""A deed: one short transaction that changes intent, raises the generation and says who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from grayrelease.domain import drift
from grayrelease.domain.allowed import Deed as LifecycleDeed
from grayrelease.domain.allowed import Steps, allowed
from grayrelease.domain.plan import Plan
from grayrelease.domain.state import OVER, Goal, Phase, Reason
from grayrelease.models import Event, Release, Target
from grayrelease.operations import people
from grayrelease.operations.errors import Busy, Moved, NotFound, Refused

DEEDS = (
    "created",
    "share",
    "exposure",
    "continue",
    "pause",
    "resume",
    "take-over",
    "roll-back",
    "finish",
    "abandon",
    "agree",
    "vouch",
    "reapply",
    "forget",
)
"""Kinds of the events by which people raise a target's generation."""
BY_ITSELF = ("step", "fall", "held")
"""Kinds of those that raise it without anybody's deed."""


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
    """The columns of a release that a deed sets, from the row as it is under the lock.

    `refusal` says why there is no room for it beside the target's other live releases, if so.
    """

    deed: LifecycleDeed
    kind: str
    """Of its event."""
    fields: Callable[[Release], Mapping[str, Any]]
    refusal: Callable[[Release, Mapping[str, Any]], Reason | None] = lambda release, fields: None


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
    """Return what raised the generation last."""
    return (
        Event.objects.filter(target=target, kind__in=(*DEEDS, *BY_ITSELF))
        .select_related("actor", "release")
        .order_by("-id")
        .first()
    )


def raise_generation(target: Target, *, decides: bool = False) -> int:
    """Say that a person wants something else. Call in a transaction that holds the target's row.

    decides: and knows what others edited, so that this is what becomes of it.
    """
    target.generation += 1
    target.decided = target.generation if decides else target.decided
    target.raised_at = None
    columns = {"generation": target.generation, "decided": target.decided}
    Target.objects.filter(pk=target.pk).update(**columns, raised_at=Now())
    return target.generation


def _decides(release: Release, change: Change) -> bool:
    """Tell if a deed says what becomes of others' edits: done where they are shown, or a roll back."""
    now = release.status.get("now") or [""]
    edited = release.phase == Phase.FROZEN and now[0] in drift.CODES
    return edited or change.deed == "roll-back"


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
        fields = dict(change.fields(release))
        before = {name: getattr(release, name) for name in fields}
        # Asked for again where somebody's edit froze it, the same is a deed: it is what leads out. So it is
        # where a version was brought back as often as it was taken.
        same = before == fields
        if same and release.phase != Phase.FROZEN and not release.left:
            return release, None
        if generation is not None and generation != release.target.generation:
            last = last_deed(release.target)
            again = same or change.kind == "continue"
            if last is not None and again and _is_the_same(last, user, release, change, generation):
                return release, None
            raise Moved(last, release.target.generation)
        _check(release, role, change, fields)
        return release, _write(user, release, change, before, fields)


def _is_the_same(last: Event, user: User, release: Release, change: Change, generation: int) -> bool:
    """Tell if this form was posted before: a step more must not be two."""
    made = last.data.get("generation") == generation + 1 == release.target.generation
    by = (last.actor, last.release, last.kind) == (user, release, change.kind)
    return made and by


def _check(release: Release, role: str, change: Change, fields: Mapping[str, Any]) -> None:
    """Raise Refused where the lifecycle says no, or where there is no room."""
    now = release.status.get("now")
    reason = Reason(*now) if now else None
    table = allowed(_phase(release), role, reason, Goal(release.goal), steps(release, release.intent().plan))
    if change.deed not in table:
        raise Refused(Reason("no-candidate"))
    refusal = table[change.deed] or change.refusal(release, fields)
    if refusal is not None:
        raise Refused(refusal)


def steps(release: Release, plan: Plan) -> Steps:
    """Return what `allowed` asks of a release and of its plan."""
    return Steps(
        more=release.step + 1 < len(plan.steps),
        paused=release.paused,
        brings=plan.brings,
        sticky=release.exposed.sticky or plan.sticky,
        asks=bool(release.asks),
        left=release.left,
    )


def _phase(release: Release) -> Phase:
    """The phase that people have asked for, where no run has come to it yet."""
    phase = Phase(release.phase)
    if release.goal == Goal.ROLL_BACK and phase in (Phase.PREPARING, Phase.RUNNING, Phase.TAKEN_OVER):
        return Phase.ROLLING_BACK
    if release.goal == Goal.FINISH and phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK):
        return Phase.FINISHING
    if release.goal == Goal.ABANDON and phase not in OVER | {Phase.FROZEN}:
        return Phase.ABANDONING
    return phase


def _write(
    user: User, release: Release, change: Change, before: dict[str, Any], fields: Mapping[str, Any]
) -> Event:
    for name, value in fields.items():
        setattr(release, name, value)
    release.save(update_fields=list(fields))
    generation = raise_generation(release.target, decides=_decides(release, change))
    return Event.objects.create(
        project=release.target.project,
        target=release.target,
        release=release,
        at=Now(),
        actor=user,
        kind=change.kind,
        data={"before": before, "after": dict(fields), "generation": generation},
    )
