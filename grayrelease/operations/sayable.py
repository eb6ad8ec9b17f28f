"""Whether a target's routes, as they are now, can say what somebody asks for."""

from __future__ import annotations

from datetime import UTC, datetime

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import said, stand
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing
from grayrelease.domain.state import Reason, Seen
from grayrelease.models import Release, Target
from grayrelease.reconcile import gather

PATIENCE_S = 2.0


def why_not(release: Release, wanted: Exposure) -> Reason | None:
    """Return why the routes can't say an exposure beside those of the target's other releases.

    Asks the cluster, 2 s at most; where it doesn't answer, or the exposure chooses no requests, None: it
    is found out when it is written.
    """
    if not said.chooses(wanted):
        return None
    try:
        seen = _routes(release.target)
    except ClusterError:
        return None
    target = release.target
    drawn = stand.moved(release.intent().plan, release.stand, wanted).drawn if wanted.sticky else ()
    mine = Exposing(release.pk, release.candidate, wanted, tuple(drawn))
    live = target.releases.live().exclude(pk=release.pk)
    exposing = sorted([mine, *map(_exposing, live)], key=lambda each: each.release)
    called = Name(target.service, target.project.namespace)
    return said.cannot_say(called, target.stable, seen, exposing)


def _exposing(release: Release) -> Exposing:
    wanted = release.intent().wanted
    return Exposing(release.pk, release.candidate, wanted, tuple(release.drawn) if wanted.sticky else ())


def _routes(target: Target) -> Seen:
    """Read the service and the route objects around it. Raises ClusterError."""
    project = target.project
    lists = gather.begin(clusters.connect(project.cluster), project.namespace, target.service, gather.ROUTES)(
        PATIENCE_S
    )
    nothing: dict[str, list[dict[str, object]]] = {kind: [] for kind in gather.ALL_KINDS}
    return gather.seen({**nothing, **lists}, {}, datetime.now(UTC))
