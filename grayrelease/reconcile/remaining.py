"""What forgetting a release leaves in the cluster: read there, or else from what was written."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models.functions import Now

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import remains
from grayrelease.domain.look import Look
from grayrelease.domain.remains import RESOURCES, Remains
from grayrelease.models import Event, Installation, Release, Target
from grayrelease.reconcile import gather

PATIENCE_S = 1.5


@dataclass(frozen=True)
class Left:
    """The objects, in the order in which they are cleaned up; `error`: why the cluster couldn't be asked."""

    objects: list[Remains]
    error: str = ""


def left(release: Release) -> Left:
    """Return what a live release, forgotten, leaves: routes too where it is the target's only one."""
    target = release.target
    alone = not target.releases.live().exclude(pk=release.pk).exists()
    try:
        return Left(_read(release, target, alone))
    except ClusterError as error:
        return Left(_written(release, target, alone), str(error))


def _read(release: Release, target: Target, alone: bool) -> list[Remains]:
    project = target.project
    answers = gather.begin(clusters.connect(project.cluster), project.namespace, target.service)
    live = target.releases.live().order_by("id")
    now = Target.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=target.pk)
    seen = gather.seen(answers(PATIENCE_S), {}, now)
    look = Look(target.intent(live, str(Installation.current().uid)), seen, target.remembered())
    return remains.remains(look, _workloads(release), routes=alone)


def _workloads(release: Release) -> list[str]:
    plan = release.intent().plan
    return [plan.candidate.workload] if plan.brings else []


def _written(release: Release, target: Target, alone: bool) -> list[Remains]:
    """Return the objects that were written since the release began and not deleted."""
    since = {} if alone else {"release": release}
    events = Event.objects.filter(target=target, kind="write", at__gte=release.created_at, **since).exclude(
        outcome="failed"
    )
    there: dict[str, bool] = {}
    for subject, verb in events.order_by("id").values_list("subject", "data__verb"):
        if verb in ("delete", "give-back"):
            there.pop(subject, None)
        elif subject.partition("/")[0] in RESOURCES:
            there[subject] = there.get(subject, False) or verb == "create"
    mine = {f"Deployment/{name}" for name in _workloads(release)}
    kept = {
        each: made for each, made in there.items() if each in mine or (alone and "Deployment" not in each)
    }
    return remains.written(kept, target.project.namespace)
