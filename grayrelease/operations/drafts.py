"""From a frozen plan to a release."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models.functions import Now

from grayrelease import tasks
from grayrelease.domain import revision, stand
from grayrelease.domain.plan import Plan
from grayrelease.domain.stand import Other
from grayrelease.domain.state import Reason
from grayrelease.models import Draft, Event, Installation, Project, Release, Target, columns
from grayrelease.operations import people
from grayrelease.operations.deed import raise_generation, short_transaction
from grayrelease.operations.errors import Busy, NotFound, Refused


def create_release(user: User, draft: Draft) -> Release:
    """Start the frozen plan. Posted twice, it gives the same release.

    Raises Refused (a live release exists, the name is taken, nothing is frozen), Forbidden, NotFound, Busy.
    """
    people.check_doer(user, draft.project)
    with short_transaction():
        locked = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
        if locked is None:
            raise NotFound
        if locked.release is not None:
            return locked.release
        if locked.frozen != draft.frozen:
            raise Busy  # another tab froze another plan just now
        if not locked.frozen:
            raise Refused(Reason("required"))
        release = _start(user, locked)
    tasks.ring(tasks.reconcile, release.target_id)
    return release


def _start(user: User, draft: Draft) -> Release:
    plan = revision.parse(draft.frozen)
    target = _target(draft.project, plan)
    release = Release.objects.create(
        target=target,
        name=plan.name,
        plan=draft.frozen,
        revision=revision.revision(draft.frozen),
        candidate=plan.candidate.version,
        stable=plan.stable.version,
        mode=plan.mode,
        **columns(stand.begin(plan)),
        vouched=draft.data.get("vouched") or [],
        created_by=user,
    )
    draft.release = release
    draft.save(update_fields=["release", "updated_at"])
    generation = raise_generation(target)
    Event.objects.create(
        project=draft.project,
        target=target,
        release=release,
        at=Now(),
        actor=user,
        kind="created",
        data={
            "after": {"share": release.share},
            "revision": release.revision,
            "generation": generation,
            "base": draft.data.get("base") or [],
            **({"vouched": draft.data["vouched"]} if draft.data.get("vouched") else {}),
        },
    )
    return release


def _target(project: Project, plan: Plan) -> Target:
    """Return the Service's row, locked and ready for its first live release."""
    Target.objects.get_or_create(
        project=project,
        service=plan.subject.service,
        defaults={
            "uid": plan.subject.uid,
            "stable": plan.stable.version,
            "generation": Installation.current().floor,
        },
    )
    target = Target.objects.select_for_update().get(project=project, service=plan.subject.service)
    if target.releases.filter(name=plan.name).exists():
        raise Refused(Reason("name-taken", {"name": plan.name}))
    live = list(target.releases.live().order_by("id"))
    if (live or target.pinned) and plan.stable.version != target.stable:
        raise Refused(Reason("stable-moved", {"version": plan.stable.version, "stable": target.stable}))
    if live:
        _check_beside(plan, live)
    else:
        _take(target, plan)
    return target


def _take(target: Target, plan: Plan) -> None:
    """Let a target begin anew with its first live release."""
    target.uid, target.application = plan.subject.uid, plan.application
    target.stable, target.stable_workload = plan.stable.version, plan.stable.workload
    target.memory, target.observed = {}, {}
    target.save(update_fields=["uid", "stable", "stable_workload", "application", "memory", "observed"])


def _check_beside(plan: Plan, live: list[Release]) -> None:
    """Raise Refused where the others leave no room for the first step, or one brings the same version."""
    if plan.brings and plan.candidate.version in [release.candidate for release in live]:
        raise Refused(Reason("version-taken", {"version": plan.candidate.version}))
    others = [Other(release.name, release.intent().wanted) for release in live]
    if no_room := stand.no_room(plan.steps[0].exposure, others):
        raise Refused(no_room)
