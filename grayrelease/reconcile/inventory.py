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
from grayrelease.domain.preflight import Refusal
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
    scenes = scene.scenes(project, lists)
    for service in data["services"]:
        service["refusals"] = [_stored(refusal) for refusal in preflight.check(scenes[service["name"]])]
    return data


def _stored(refusal: Refusal) -> dict[str, Any]:
    """Return {"reason": [code, facts], "remedy": [code, facts]}: why the service can't be released."""
    return {"reason": as_json(refusal.reason), "remedy": as_json(refusal.remedy)}
