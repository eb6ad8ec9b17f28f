"""Rows: what people want (Target, Release, Application), what was seen, and what happened (Event)."""

from __future__ import annotations

from grayrelease.models.places import Installation, Inventory, Membership, Project, ProjectQuerySet, Role
from grayrelease.models.targets import (
    MEMORY,
    Application,
    Draft,
    Event,
    Leased,
    Release,
    ReleaseQuerySet,
    Target,
    columns,
)

__all__ = [
    "MEMORY",
    "Application",
    "Draft",
    "Event",
    "Installation",
    "Inventory",
    "Leased",
    "Membership",
    "Project",
    "ProjectQuerySet",
    "Release",
    "ReleaseQuerySet",
    "Role",
    "Target",
    "columns",
]
