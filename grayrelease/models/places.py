"""Where releases take place: an installation, its projects and their members, and what was seen there."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models


class Installation(models.Model):
    """One row: who we are in the clusters' annotations."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    floor = models.PositiveBigIntegerField(default=0)
    """The largest generation of targets that are removed: new ones begin above it, for marks may be left."""

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


class Inventory(models.Model):
    """What was last seen in a project: one row each. `count` rises when `data` changes."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="inventory")
    data = models.JSONField(default=dict)
    count = models.PositiveBigIntegerField(default=0)
    taken_at = models.DateTimeField(null=True)
    watched_at = models.DateTimeField(null=True)
    """When the watcher last vouched for it; older than 5 s or null: the driver lists instead."""
    error = models.TextField(blank=True)
    """Why the last look failed; empty after one that didn't."""
    failing_since = models.DateTimeField(null=True)
