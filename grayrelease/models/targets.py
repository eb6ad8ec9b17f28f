"""What people want (Target, Release, Application), and what happened (Event)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from pydantic import TypeAdapter

from grayrelease.domain import revision
from grayrelease.domain.leaving import LEFT
from grayrelease.domain.plan import Exposure, Plan
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import LIVE, Goal, Memory, Phase, Reason, ReleaseIntent, TargetIntent
from grayrelease.models.places import Project

MEMORY = TypeAdapter(Memory)


class Leased(models.Model):
    """A row that one run at a time works on; times are the database's."""

    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Application(Leased):
    """Services, workloads and routes that belong together, as a person asked for them."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="applications")
    name = models.CharField(max_length=63)
    version = models.CharField(max_length=16, default="v1")
    manifests = models.JSONField()
    """What is to be created, in order; never changed afterwards."""
    created_by = models.ForeignKey(User, models.PROTECT, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_in_cluster_at = models.DateTimeField(null=True)
    waiting = models.BooleanField(default=True)
    """The driver carries on with it."""
    reason = models.JSONField(null=True)
    """Why it stopped: [code, facts]."""
    error = models.TextField(blank=True)
    """Why the last try failed; the driver tries again."""
    failing_since = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="one_application_per_name")
        ]


class Target(Leased):
    """One Service with all its releases: the unit of reconciliation."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="targets")
    service = models.CharField(max_length=63)
    uid = models.CharField(max_length=64)
    application = models.CharField(max_length=63, blank=True)
    stable = models.CharField(max_length=63)
    """The stable version."""
    stable_workload = models.CharField(max_length=63, blank=True)
    """The Deployment that runs it."""
    pinned = models.BooleanField(default=False)
    """An abandoned release left both versions running: the routes stay ours until only one is left."""

    generation = models.PositiveBigIntegerField(default=0)
    """Raised by every deed, in one transaction with the deed's Event."""
    carried_generation = models.PositiveBigIntegerField(default=0)
    """The generation that a run has decided on and carried out last."""
    decided = models.PositiveBigIntegerField(default=0)
    """The generation at which a person last said what is to become of what others edited."""
    raised_at = models.DateTimeField(null=True)
    waiting = models.BooleanField(default=False)
    """Something is awaited: the driver looks again each 250 ms."""
    due_at = models.DateTimeField(null=True)
    """When a step follows by itself: the driver looks again then."""
    looked_at = models.DateTimeField(null=True)

    memory = models.JSONField(default=dict)
    observed = models.JSONField(default=dict)
    """Pods by version with reasons, routes in effect; at most 16 kB."""
    observed_count = models.PositiveBigIntegerField(default=0)
    observed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    """Why the last run could not look or write; empty after one that could."""
    failing_since = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "service"], name="one_target_per_service")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["raised_at"],
                name="target_to_do",
                condition=(
                    Q(waiting=True) | ~Q(generation=models.F("carried_generation")) | Q(due_at__isnull=False)
                ),
            ),
        ]

    def intent(self, releases: Iterable[Release], installation: str) -> TargetIntent:
        """Put what people want into the words of `decide`; releases are the live ones, oldest first."""
        return TargetIntent(
            namespace=self.project.namespace,
            service=self.service,
            uid=self.uid,
            installation=installation,
            generation=self.generation,
            stable=self.stable,
            stable_workload=self.stable_workload,
            pinned=self.pinned,
            decided=self.decided,
            settle_s=self.project.settle_s,
            drain_s=self.project.drain_s,
            releases=tuple(release.intent() for release in releases),
        )

    def remembered(self) -> Memory:
        return MEMORY.validate_python(self.memory)


class ReleaseQuerySet(models.QuerySet["Release"]):
    def live(self) -> ReleaseQuerySet:
        return self.filter(phase__in=[str(phase) for phase in LIVE])


class Release(models.Model):
    """One attempt to bring one candidate to one target's users."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="releases")
    name = models.CharField(max_length=63)
    plan = models.TextField()
    """The canonical JSON, as it was hashed; never re-serialised."""
    revision = models.CharField(max_length=64)
    candidate = models.CharField(max_length=63)
    stable = models.CharField(max_length=63)
    """Versions, as the plan has them, for lists."""
    mode = models.CharField(max_length=16)

    goal = models.CharField(max_length=16, default=Goal.RUN)
    exposure = models.TextField(blank=True)
    """Canonical JSON of the exposure that people want; empty: `share` of everyone alone."""
    share = models.PositiveIntegerField(default=0)
    """Per mille of everyone's traffic that people want the candidate to have."""
    step = models.PositiveIntegerField(default=0)
    """Index into the plan's steps."""
    paused = models.BooleanField(default=False)
    drawn = models.JSONField(default=list)
    """The shares at which a sticky release has drawn users, oldest first."""
    winner = models.CharField(max_length=63, blank=True)
    delete_loser = models.BooleanField(default=False)
    scale_held = models.BooleanField(default=False)
    """Scale a losing workload to 0 though a tool keeps it."""
    keep_both = models.BooleanField(default=False)
    """Abandoned, the candidate runs on."""
    held = models.JSONField(null=True)
    """Why the exposure was taken away though nobody of this release asked for it: [code, facts]."""
    base = models.CharField(max_length=64, blank=True)
    """The hash of the routes that a person let it start with; empty: those of the plan."""
    vouched = models.JSONField(default=list)
    """Callers that people said hand cookies on, for a sticky one."""

    phase = models.CharField(max_length=16, default=Phase.PREPARING, db_index=True)
    status = models.JSONField(default=dict)
    """{"now": reason, "waits": reason | null, "next": …, "alarm": …}; a reason is [code, facts]."""
    share_in_effect = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "name"], name="one_release_per_name")
        ]
        ordering: ClassVar = ["-id"]

    def intent(self) -> ReleaseIntent:
        plan = Plan.model_validate_json(self.plan)
        return ReleaseIntent(
            id=self.pk,
            plan=plan,
            goal=Goal(self.goal),
            exposure=self.exposed,
            step=self.step,
            paused=self.paused,
            drawn=tuple(self.drawn),
            winner=self.winner,
            delete_loser=self.delete_loser,
            scale_held=self.scale_held,
            keep_both=self.keep_both,
            held=Reason(*self.held) if self.held else None,
            base=self.base or plan.base,
            vouched=tuple(self.vouched),
        )

    @property
    def exposed(self) -> Exposure:
        """The exposure that people want while it runs."""
        return Exposure.model_validate_json(self.exposure) if self.exposure else Exposure(share=self.share)

    @property
    def asks(self) -> str:
        """The hash of the routes about which it asks before it starts; "" if it doesn't."""
        waits: list[Any] = self.status.get("waits") or [""]
        return str(waits[1]["base"]) if waits[0] == "base-changed" else ""

    @property
    def left(self) -> bool:
        """Tell if the version that goes is left to whoever keeps it."""
        waits: list[Any] = self.status.get("waits") or [""]
        return waits[0] in LEFT

    @property
    def stand(self) -> Stand:
        return Stand(self.exposed, self.step, tuple(self.drawn))


def columns(stand: Stand) -> dict[str, Any]:
    """Return the columns of a release that stands there."""
    return {
        "exposure": revision.canonical(stand.exposure.model_dump(mode="python")),
        "share": stand.exposure.everyone,
        "step": stand.step,
        "drawn": list(stand.drawn),
    }


class Draft(models.Model):
    """What a person has typed into the wizard so far; a reload or a second tab loses nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, models.CASCADE, related_name="drafts")
    created_by = models.ForeignKey(User, models.CASCADE)
    data = models.JSONField(default=dict)
    frozen = models.TextField(blank=True)
    """The plan's canonical JSON, made at review."""
    release = models.ForeignKey(Release, models.CASCADE, null=True)
    updated_at = models.DateTimeField(auto_now=True)


class Event(models.Model):
    """What happened: a deed, or a write's attempt or outcome. Only ever added."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="events")
    target = models.ForeignKey(Target, models.CASCADE, null=True, related_name="events")
    release = models.ForeignKey(Release, models.CASCADE, null=True, related_name="events")
    application = models.ForeignKey(Application, models.CASCADE, null=True, related_name="events")
    at = models.DateTimeField(db_index=True)
    """The database's clock."""
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    """None: done by itself."""
    kind = models.CharField(max_length=32)
    """A deed (`created`, `share`, `exposure`, `continue`, `pause`, `resume`, `take-over`, `roll-back`,
    `finish`, `abandon`, `agree`, `vouch`, `forget`, `application`), `step`, `fall`, `held`, `base` (by
    itself),
    `write`, `phase`."""
    op = models.UUIDField(null=True)
    outcome = models.CharField(max_length=16, blank=True)
    """For a write: `attempt`, then exactly one of `done`, `failed`."""
    subject = models.CharField(max_length=128, blank=True)
    """For a write: Kind/name."""
    data: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["target", "-id"]), models.Index(fields=["release", "-id"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.Case(models.When(outcome="attempt", then=models.Value(0)), default=models.Value(1)),
                "op",
                name="one_attempt_and_one_outcome",
                condition=Q(op__isnull=False),
            )
        ]
