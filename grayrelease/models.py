"""Rows: what people want (Target, Release, Application), what was seen, and what happened (Event)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from pydantic import TypeAdapter

from grayrelease.domain.plan import Plan
from grayrelease.domain.state import LIVE, Goal, Memory, Phase, ReleaseIntent, TargetIntent

MEMORY = TypeAdapter(Memory)


class Installation(models.Model):
    """One row: who we are in the clusters' annotations."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)

    @classmethod
    def current(cls) -> Installation:
        return cls.objects.get_or_create(pk=1)[0]


class ProjectQuerySet(models.QuerySet["Project"]):
    def seen_by(self, user: User) -> ProjectQuerySet:
        """Projects of which the user is a member."""
        return self.filter(memberships__user_id=user.pk)


class Project(models.Model):
    """A namespace of a cluster, with members."""

    name = models.SlugField(max_length=63, unique=True)
    cluster = models.CharField(max_length=63, default="default")
    namespace = models.CharField(max_length=63)
    settle_s = models.FloatField(default=15)
    drain_s = models.FloatField(default=30)
    viewed_at = models.DateTimeField(null=True)
    """When a page of it was last drawn: the driver looks at projects that somebody looks at."""

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "namespace"], name="one_project_per_namespace")
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    LEAD = "lead"
    ADMIN = "admin"


class Membership(models.Model):
    """What a person may do in a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_project")
        ]


class Leased(models.Model):
    """A row that one run at a time works on; times are the database's."""

    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Inventory(models.Model):
    """What the driver last saw in a project: one row each. `count` rises when `data` changes."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="inventory")
    data = models.JSONField(default=dict)
    count = models.PositiveBigIntegerField(default=0)
    taken_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    """Why the last look failed; empty after one that didn't."""
    failing_since = models.DateTimeField(null=True)


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

    generation = models.PositiveBigIntegerField(default=0)
    """Raised by every deed, in one transaction with the deed's Event."""
    carried_generation = models.PositiveBigIntegerField(default=0)
    """The generation that a run has decided on and carried out last."""
    raised_at = models.DateTimeField(null=True)
    waiting = models.BooleanField(default=False)
    """Something is awaited: the driver looks again each 250 ms."""
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
                condition=Q(waiting=True) | ~Q(generation=models.F("carried_generation")),
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
    share = models.PositiveIntegerField(default=0)
    """Per mille of everyone's traffic that people want the candidate to have."""
    winner = models.CharField(max_length=63, blank=True)
    delete_loser = models.BooleanField(default=False)

    phase = models.CharField(max_length=16, default=Phase.PREPARING, db_index=True)
    status = models.JSONField(default=dict)
    """{"now": reason, "waits": reason | null, "next": reason | null}; a reason is [code, facts]."""
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
        return ReleaseIntent(
            id=self.pk,
            plan=Plan.model_validate_json(self.plan),
            goal=Goal(self.goal),
            share=self.share,
            winner=self.winner,
            delete_loser=self.delete_loser,
        )


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
    """A deed (`created`, `share`, `take-over`, `roll-back`, `finish`, `application`), `write` or `phase`."""
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
