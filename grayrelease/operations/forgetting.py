"""Forgetting a release: it ends here alone, the cluster stays as it is, and what is left there is kept."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib.auth.models import User
from django.db.models.functions import Now

from grayrelease import tasks
from grayrelease.domain.allowed import FORGETTERS
from grayrelease.domain.state import OVER, Phase, Reason
from grayrelease.models import Event, Release, Target
from grayrelease.operations import people
from grayrelease.operations.deed import Deed, last_deed, lock, raise_generation, short_transaction
from grayrelease.operations.errors import Forbidden, Moved, Refused
from grayrelease.reconcile.remaining import Left
from grayrelease.reconcile.remaining import left as what_is_left

__all__ = ["forget", "forget_unasked", "what_is_left"]


def forget(user: User, release: Release, left: Left, generation: int) -> Deed:
    """End a release without a write to the cluster; `left` is recorded. For leads and admins.

    Raises Forbidden, NotFound, Moved, Refused (it is over), Busy.
    """
    if people.role(user, release.target.project) not in FORGETTERS:
        raise Forbidden
    return _forget(release.pk, user, left, generation)


def forget_unasked(release: Release, left: Left) -> Deed:
    """Do the same for whoever has a shell where this runs. Raises Refused, Busy."""
    return _forget(release.pk, None, left, None)


def _forget(release_id: int, user: User | None, left: Left, generation: int | None) -> Deed:
    with short_transaction():
        release = lock(release_id)
        if release.phase in OVER:
            raise Refused(Reason("release-over", {"phase": release.phase}))
        if generation is not None and generation != release.target.generation:
            raise Moved(last_deed(release.target), release.target.generation)
        event = _end(release, user, left)
    alone = not release.target.releases.live().exists()
    rung = alone or tasks.ring(tasks.reconcile, release.target_id)
    return Deed(release, release.target.generation, event, rung)


def _end(release: Release, user: User | None, left: Left) -> Event:
    target = release.target
    now = ["forgotten", {"version": release.candidate, "stable": target.stable}]
    status = {"now": now, "waits": None, "next": None}
    Release.objects.filter(pk=release.pk).update(phase=Phase.FORGOTTEN, status=status, ended_at=Now())
    generation = raise_generation(target)
    if not target.releases.live().exists():
        _free(target, generation)
    objects = [asdict(each) for each in left.objects]
    data = {
        "before": {"phase": release.phase},
        "left": objects,
        "generation": generation,
        "error": left.error,
    }
    of = {"project": target.project, "target": target, "release": release}
    return Event.objects.create(**of, at=Now(), actor=user, kind="forget", data=data)


def _free(target: Target, generation: int) -> None:
    """Let nobody look at the target any more; a run that is under way finds its lease gone."""
    Target.objects.filter(pk=target.pk).update(
        carried_generation=generation,
        pinned=False,
        memory={},
        waiting=False,
        due_at=None,
        error="",
        failing_since=None,
        lease_owner="",
        lease_until=None,
    )
