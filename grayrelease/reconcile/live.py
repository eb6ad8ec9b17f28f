"""The targets that somebody must look at when their cluster changes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from grayrelease.models import Release, Target


@dataclass(frozen=True)
class Live:
    """A target, where it is, and the releases that stand on it. `waiting`: the driver looks at it anyway."""

    id: int
    waiting: bool
    project: int
    cluster: str
    namespace: str
    service: str
    releases: tuple[str, ...]


def live_targets() -> list[Live]:
    """Return the targets with live releases, and those whose routes stay pinned."""
    releases: dict[int, list[str]] = {}
    for target, name in Release.objects.live().order_by("pk").values_list("target", "name"):
        releases.setdefault(target, []).append(name)
    rows = Target.objects.filter(Q(pk__in=releases) | Q(pinned=True)).select_related("project")
    return [_live(row, tuple(releases.get(row.pk, ()))) for row in rows]


def _live(row: Target, releases: tuple[str, ...]) -> Live:
    project = row.project
    return Live(row.pk, row.waiting, project.pk, project.cluster, project.namespace, row.service, releases)
