"""What a run leaves in the database: memory, what it saw, where releases are, and phase events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from grayrelease.domain import stand
from grayrelease.domain.plan import NOBODY
from grayrelease.domain.state import OVER, Decision, Fall, Goal, Reason, Status
from grayrelease.models import MEMORY, Event, Release, Target, columns
from grayrelease.reconcile.lease import Lease


def carried(
    lease: Lease,
    target: Target,
    releases: Mapping[int, Release],
    decision: Decision,
    observed: dict[str, Any],
) -> None:
    """Store a run whose writes were all done, and let the lease go. Raises Lost."""
    memory = MEMORY.dump_python(decision.memory, mode="json")
    changed = (observed, memory["exposed"]) != (target.observed, target.memory.get("exposed"))
    with transaction.atomic():
        lease.update(
            memory=memory,
            observed=observed,
            observed_count=F("observed_count") + 1 if changed else F("observed_count"),
            observed_at=Now(),
            looked_at=Now(),
            carried_generation=target.generation,
            waiting=decision.waiting or bool(decision.writes),
            due_at=decision.due,
            pinned=decision.pinned or (target.pinned and not decision.freed),
            **_stable(releases, decision),
            **_raised(target, decision),
            error="",
            failing_since=None,
            lease_owner="",
            lease_until=None,
        )
        for pk, status in decision.statuses.items():
            exposed = decision.memory.exposed.get(pk)
            _store_release(target, releases[pk], status, exposed.share if exposed else 0)
            _ask(target, releases[pk], status, decision)
        for pk, step in decision.advances.items():
            _advance(target, releases[pk], step)
        for pk, fall in decision.falls.items():
            _fall(target, releases[pk], fall)
        if decision.new_stable:
            _hold_others(target, releases, decision)


def _raised(target: Target, decision: Decision) -> dict[str, Any]:
    """Say that people's plan, or what became of the stable version, wants something else from now on."""
    changed = decision.advances or decision.falls or (decision.new_stable and not decision.freed)
    return {"generation": target.generation + 1, "raised_at": Now()} if changed else {}


def _stable(releases: Mapping[int, Release], decision: Decision) -> dict[str, Any]:
    """Return the columns of a stable version that is new."""
    if not decision.new_stable:
        return {}
    brought = [each.intent().plan.candidate for each in releases.values()]
    workload = next((each.workload for each in brought if each.version == decision.new_stable), "")
    return {"stable": decision.new_stable, "stable_workload": workload}


def _advance(target: Target, release: Release, step: int) -> None:
    """Let a plan's step follow: its exposure is what people want from now on."""
    plan, before = release.intent().plan, release.stand
    after = stand.next_step(plan, before)
    if after is None or after.step != step:
        return
    new = columns(after)
    old = {name: getattr(release, name) for name in new}
    Release.objects.filter(pk=release.pk).update(**new)
    data = {"before": old, "after": new, "generation": target.generation + 1}
    _event(target, release, "step", data)


def _fall(target: Target, release: Release, fall: Fall) -> None:
    """Lower what is wanted of a release whose pods fail, and hold it there until a person raises it."""
    after = stand.moved(release.intent().plan, release.stand, fall.exposure)
    new = {**columns(after), "goal": Goal.RUN, "winner": "", "held": as_json(fall.reason)}
    old = {name: getattr(release, name) for name in new}
    Release.objects.filter(pk=release.pk).update(**new)
    data = {"before": old, "after": new, "generation": target.generation + 1, "reason": new["held"]}
    _event(target, release, "fall", data)


def _hold_others(target: Target, releases: Mapping[int, Release], decision: Decision) -> None:
    """Hold the releases that started from another stable version at nothing, until people decide anew."""
    winner = next(each for each in releases.values() if each.candidate == decision.new_stable)
    held = ["stable-changed", {"release": winner.name, "version": decision.new_stable}]
    live = [each for pk, each in releases.items() if decision.statuses[pk].phase not in OVER]
    for each in live:
        nothing: dict[str, Any] = {"stable": decision.new_stable}
        if each.goal in (Goal.RUN, Goal.TAKE_OVER):
            # Cookies that name another stable version are void: their numbers are never used again.
            step = columns(replace(each.stand, exposure=NOBODY, drawn=(0,) * len(each.stand.drawn)))
            nothing |= {**step, "held": held, "goal": Goal.RUN, "winner": ""}
        Release.objects.filter(pk=each.pk).update(**nothing)
        _event(target, each, "held", {"after": nothing, "reason": held})


def failed(lease: Lease, error: str) -> None:
    """Store why a run could not look or write, and let the lease go; the driver tries again."""
    lease.release(
        error=error,
        failing_since=Coalesce(F("failing_since"), Now()),
        looked_at=Now(),
        waiting=True,
    )


def as_json(reason: Reason | None) -> list[Any] | None:
    return None if reason is None else [reason.code, dict(reason.facts)]


def _told(status: Status, share: int) -> dict[str, Any]:
    """Return a release's columns that say where it is."""
    said = {"now": status.now, "waits": status.waits, "next": status.next, "alarm": status.alarm}
    told = {name: as_json(reason) for name, reason in said.items()}
    return {"phase": status.phase, "status": told, "share_in_effect": share}


def _is_told(release: Release, told: Mapping[str, Any]) -> bool:
    return all(getattr(release, column) == value for column, value in told.items())


def is_told(releases: Iterable[Release], decision: Decision) -> bool:
    """Tell if each release's row says already where the decision sees it."""
    exposed = decision.memory.exposed
    return all(
        _is_told(each, _told(decision.statuses[each.pk], exposed[each.pk].share if each.pk in exposed else 0))
        for each in releases
    )


def _store_release(target: Target, release: Release, status: Status, share: int) -> None:
    before, told = release.phase, _told(status, share)
    if _is_told(release, told):
        return
    columns: dict[str, Any] = {**told}
    if status.phase in OVER:
        columns["ended_at"] = Coalesce(F("ended_at"), Now())
    Release.objects.filter(pk=release.pk).update(**columns)
    if before != status.phase:
        _tell(target, release, before, status)


def _ask(target: Target, release: Release, status: Status, decision: Decision) -> None:
    """Keep the routes that a release asks about, each time that these are others."""
    if status.waits is None or status.waits.code != "base-changed":
        return
    base = status.waits.facts["base"]
    if base != release.asks:
        _event(target, release, "base", {"base": base, "routes": list(decision.base)})


def _tell(target: Target, release: Release, before: str, status: Status) -> None:
    data = {"before": before, "after": status.phase, "reason": as_json(status.now)}
    _event(target, release, "phase", data)


def _event(target: Target, release: Release, kind: str, data: dict[str, Any]) -> None:
    Event.objects.create(
        project_id=target.project_id, target=target, release=release, at=Now(), kind=kind, data=data
    )
