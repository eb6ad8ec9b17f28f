"""What a run leaves in the database: memory, what it saw, where releases are, and phase events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from grayrelease.domain.state import Decision, Phase, Reason, Status
from grayrelease.models import MEMORY, Event, Release, Target
from grayrelease.reconcile.lease import Lease

ENDED = (Phase.FINISHED, Phase.FAILED)


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
            stable=decision.new_stable or target.stable,
            error="",
            failing_since=None,
            lease_owner="",
            lease_until=None,
        )
        for pk, status in decision.statuses.items():
            exposed = decision.memory.exposed.get(pk)
            _store_release(target, releases[pk], status, exposed.share if exposed else 0)


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


def _store_release(target: Target, release: Release, status: Status, share: int) -> None:
    told = {"now": as_json(status.now), "waits": as_json(status.waits), "next": as_json(status.next)}
    before = release.phase
    if (before, release.status, release.share_in_effect) == (status.phase, told, share):
        return
    columns: dict[str, Any] = {"phase": status.phase, "status": told, "share_in_effect": share}
    if status.phase in ENDED:
        columns["ended_at"] = Coalesce(F("ended_at"), Now())
    Release.objects.filter(pk=release.pk).update(**columns)
    if before != status.phase:
        _tell(target, release, before, status)


def _tell(target: Target, release: Release, before: str, status: Status) -> None:
    Event.objects.create(
        project_id=target.project_id,
        target=target,
        release=release,
        at=Now(),
        kind="phase",
        data={"before": before, "after": status.phase, "reason": as_json(status.now)},
    )
