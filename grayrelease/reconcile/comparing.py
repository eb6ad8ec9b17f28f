"""What the sweep looks at: all targets of a project by the same lists, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import Cluster, ClusterError, Refused
from grayrelease.domain import lifecycle
from grayrelease.domain.marks import labels, name
from grayrelease.domain.pods import OF_SERVICE
from grayrelease.domain.routing.concerning import Concerning
from grayrelease.domain.state import Key, Written
from grayrelease.models import Installation, Project, Release, Target
from grayrelease.reconcile import attempts, gather, parallel
from grayrelease.reconcile.gather import Lists
from grayrelease.reconcile.store import is_told

Rows = Mapping[int, list[Release]]


@dataclass(frozen=True)
class Snapshot:
    """A project's objects as one sweep reads them: those of its namespace, and route objects of all."""

    namespace: str
    here: Lists
    routes: Mapping[str, Concerning]

    def of(self, service: str) -> Lists:
        """Return the lists as a run of one target reads them, less what can't matter to it."""
        slices = [each for each in self.here["EndpointSlice"] if labels(each).get(OF_SERVICE) == service]
        mine = [each for each in self.here["Service"] if name(each) == service]
        routes = {kind: concerning.of(service, self.namespace) for kind, concerning in self.routes.items()}
        return {**self.here, **routes, "EndpointSlice": slices, "Service": mine}


@dataclass
class Shared:
    """What one sweep reads once per cluster: route objects of all namespaces, where they may be read."""

    _everywhere: dict[tuple[str, str], Concerning | None] = field(default_factory=dict)

    def read(self, project: Project) -> Snapshot:
        """Look at a project's cluster. Raises ClusterError."""
        cluster = clusters.connect(project.cluster)
        calls = {kind: partial(cluster.list, kind, project.namespace) for kind in ("Service", *gather.HERE)}
        here = parallel.in_parallel(calls)
        routes = {kind: self._routes(project, cluster, kind) for kind in gather.ROUTES}
        return Snapshot(project.namespace, here, routes)

    def _routes(self, project: Project, cluster: Cluster, kind: str) -> Concerning:
        key = project.cluster, kind
        if key not in self._everywhere:
            try:
                self._everywhere[key] = Concerning(cluster.list(kind, ""))
            except Refused:
                self._everywhere[key] = None
        return self._everywhere[key] or Concerning(gather.everywhere(cluster, kind, project.namespace))


def differing(project: Project, ids: Collection[int], shared: Shared) -> list[int]:
    """Return which of a project's targets need a run; the others count as looked at.

    Where the cluster can't be read, all do: a run says of each what is wrong. The run reads anew.
    """
    try:
        snapshot = shared.read(project)
    except ClusterError:
        return list(ids)
    live, written = _live(ids), attempts.written_by_target(ids)
    installation = str(Installation.current().uid)
    still = {
        each.pk
        for each in targets(ids)
        if not each.unresolved
        and _is_idle(each, installation, live[each.pk], snapshot.of(each.service), written[each.pk])
    }
    Target.objects.filter(pk__in=still, generation=F("carried_generation")).update(looked_at=Now())
    return [pk for pk in ids if pk not in still]


def targets(ids: Collection[int]) -> QuerySet[Any]:
    """Return the rows, with the database's clock as `now`, and whether attempts are `unresolved`."""
    found = Target.objects.filter(pk__in=ids).select_related("project")
    return found.annotate(now=Now(), unresolved=attempts.any_open())


def _live(ids: Collection[int]) -> Rows:
    found: dict[int, list[Release]] = defaultdict(list)
    for release in Release.objects.live().filter(target__in=ids).order_by("id"):
        found[release.target_id].append(release)
    return found


def _is_idle(
    target: Any, installation: str, releases: Sequence[Release], lists: Lists, written: Mapping[Key, Written]
) -> bool:
    """Tell if a run would change nothing: neither in the cluster nor in a row."""
    memory = target.remembered()
    seen = gather.seen(lists, written, target.now)
    decision = lifecycle.decide(target.intent(releases, installation), seen, memory)
    moves = decision.advances or decision.falls or decision.freed
    still = not (decision.writes or decision.waiting or moves)
    same = decision.memory == memory and decision.due == target.due_at
    told = is_told(releases, decision) and not target.error
    return still and same and told and gather.observed(seen, target.project.namespace) == target.observed
