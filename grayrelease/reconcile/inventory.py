"""What pages show of a project: read by lists, stored in its `Inventory`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import preflight
from grayrelease.domain.inventory import inventory
from grayrelease.domain.preflight import Finding, Scene
from grayrelease.models import Application, Inventory, Project, Release
from grayrelease.reconcile import scene
from grayrelease.reconcile.outcome import Outcome
from grayrelease.reconcile.store import as_json

EVERY_S = 2.0
LATELY = timedelta(seconds=60)


def watched() -> list[int]:
    """Return the projects that have live releases or applications, or that somebody looks at."""
    live = Exists(Release.objects.live().filter(target__project=OuterRef("pk")))
    composed = Exists(Application.objects.filter(project=OuterRef("pk")))
    viewed = Q(viewed_at__gt=Now() - LATELY)
    return list(Project.objects.filter(live | composed | viewed).values_list("pk", flat=True))


def refresh(project_id: int) -> Outcome:
    """Look at a project's cluster. Never raises a ClusterError: the row says what was wrong."""
    project = Project.objects.get(pk=project_id)
    row, _ = Inventory.objects.get_or_create(project=project)
    mine = Inventory.objects.filter(pk=row.pk)
    try:
        data = _look(project)
    except ClusterError as error:
        mine.update(error=str(error), failing_since=Coalesce(F("failing_since"), Now()))
        return Outcome.FAILED
    changed = {"data": data, "count": F("count") + 1} if data != row.data else {}
    mine.update(taken_at=Now(), error="", failing_since=None, **changed)
    return Outcome.DONE


def _look(project: Project) -> dict[str, Any]:
    lists = scene.read(clusters.connect(project.cluster), project.namespace)
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
