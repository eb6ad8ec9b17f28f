"""What pages show of a project, stored in its `Inventory`.

The watcher keeps the rows of the projects that it vouches for; the driver those of all others, by lists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import ClusterError, Reading
from grayrelease.domain import preflight
from grayrelease.domain.inventory import inventory
from grayrelease.domain.preflight import Finding, Scene
from grayrelease.models import Application, Inventory, Project, Release
from grayrelease.reconcile import scene
from grayrelease.reconcile.outcome import Outcome
from grayrelease.reconcile.store import as_json

EVERY_S = 2.0
LATELY = timedelta(seconds=60)


VOUCHED = timedelta(seconds=5)
"""So long the watcher's word counts."""
UNWATCHED = Q(watched_at=None) | Q(watched_at__lt=Now() - VOUCHED)


@dataclass(frozen=True)
class Place:
    """A project, and where it is."""

    project: int
    cluster: str
    namespace: str


def looked_at() -> QuerySet[Project]:
    """Return the projects that have live releases or applications, or that somebody looks at."""
    live = Exists(Release.objects.live().filter(target__project=OuterRef("pk")))
    composed = Exists(Application.objects.filter(project=OuterRef("pk")))
    viewed = Q(viewed_at__gt=Now() - LATELY)
    return Project.objects.filter(live | composed | viewed)


def places() -> list[Place]:
    return [Place(*row) for row in looked_at().values_list("pk", "cluster", "namespace")]


def unwatched() -> list[int]:
    """Return the projects of `looked_at` for which the watcher does not vouch."""
    vouched = Inventory.objects.filter(project=OuterRef("pk")).exclude(UNWATCHED)
    return list(looked_at().exclude(Exists(vouched)).values_list("pk", flat=True))


def refresh(project_id: int) -> Outcome:
    """Look at a project's cluster by lists. Never raises a ClusterError: the row says what was wrong.

    What the watcher wrote meanwhile is newer, and stays.
    """
    project = Project.objects.get(pk=project_id)
    row, _ = Inventory.objects.get_or_create(project=project)
    mine = Inventory.objects.filter(UNWATCHED, pk=row.pk)
    try:
        data = _look(project, clusters.connect(project.cluster))
    except ClusterError as error:
        mine.update(error=str(error), failing_since=Coalesce(F("failing_since"), Now()))
        return Outcome.FAILED
    mine.update(taken_at=Now(), error="", failing_since=None, **_changed(row, data))
    return Outcome.DONE


def keep(project_id: int, kept: Reading, by_lists: Callable[[], Mapping[str, str]] = dict) -> None:
    """Store what the watcher keeps of a project, and vouch for it. Raises ClusterError.

    by_lists: the kinds that may only be listed, once they were read, with the cluster's word why.
    """
    project = Project.objects.get(pk=project_id)
    data = _look(project, kept)
    if listed := by_lists():
        data["by_lists"] = {"kinds": sorted(listed), "why": listed[min(listed)]}
    row, _ = Inventory.objects.get_or_create(project=project)
    now = {"taken_at": Now(), "watched_at": Now(), "error": "", "failing_since": None}
    Inventory.objects.filter(pk=row.pk).update(**now, **_changed(row, data))


def vouch(projects: Collection[int]) -> None:
    """Say that what is stored of these projects is so now."""
    Inventory.objects.filter(project__in=projects).update(taken_at=Now(), watched_at=Now())


def leave(projects: Collection[int]) -> None:
    """Leave these projects to the driver."""
    Inventory.objects.filter(project__in=projects).update(watched_at=None)


def _changed(row: Inventory, data: dict[str, Any]) -> dict[str, Any]:
    return {"data": data, "count": F("count") + 1} if data != row.data else {}


def _look(project: Project, cluster: Reading) -> dict[str, Any]:
    lists = scene.read(cluster, project.namespace)
    data = inventory(
        services=lists["Service"],
        deployments=lists["Deployment"],
        pods=lists["Pod"],
        slices=lists["EndpointSlice"],
        virtual_services=[
            each for each in lists["VirtualService"] if each["metadata"]["namespace"] == project.namespace
        ],
    )
    data["gateways"] = [(each.get("spec") or {}).get("selector") or {} for each in lists["Gateway"]]
    scenes = scene.scenes(project, lists)
    for service in data["services"]:
        service.update(_judged(scenes[service["name"]]))
    return data


def _judged(scene: Scene) -> dict[str, Any]:
    """Return why the service can't be released, what should be known, and what its releases can't do."""
    found = preflight.findings(scene)
    return {
        "refusals": [_stored(each) for each in found if "release" in each.stops],
        "warnings": [_stored(each) for each in found if not each.stops],
        "limits": [
            {**_stored(each), "stops": sorted(each.stops)}
            for each in found
            if each.stops and "release" not in each.stops
        ],
    }


def _stored(finding: Finding) -> dict[str, Any]:
    """Return {"reason": [code, facts], "remedy": [code, facts]}."""
    return {"reason": as_json(finding.reason), "remedy": as_json(finding.remedy)}
