"""Create an application's objects in the cluster: those that aren't there yet, in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db.models import F
from django.db.models.functions import Coalesce, Now

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import Cluster, ClusterError, NotFound
from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Create, Key, Reason
from grayrelease.models import Application, Installation
from grayrelease.reconcile import attempts
from grayrelease.reconcile.apply import CONFLICTS, apply
from grayrelease.reconcile.attempts import Scope
from grayrelease.reconcile.lease import Lease, Lost, new_owner, take
from grayrelease.reconcile.outcome import Outcome
from grayrelease.reconcile.parallel import in_parallel
from grayrelease.reconcile.store import as_json

SHARED = frozenset({"Namespace"})
"""Kinds that somebody else may have made: then they are used as they are."""


def create(application_id: int) -> Outcome:
    """Create what isn't there yet. Never raises a ClusterError; the driver tries again."""
    owner = new_owner()
    if not take(Application, application_id, owner):
        return Outcome.BUSY
    found = Application.objects.select_related("project").annotate(now=Now())
    application = found.get(pk=application_id)
    lease = Lease(Application, application_id, owner)
    try:
        stopped = _create(application, lease, application.now)
    except (Lost, *CONFLICTS):
        lease.release()
        return Outcome.CONFLICT
    except ClusterError as error:
        lease.release(error=str(error), failing_since=Coalesce(F("failing_since"), Now()))
        return Outcome.FAILED
    done = {} if stopped else {"created_in_cluster_at": Coalesce(F("created_in_cluster_at"), Now())}
    lease.release(waiting=False, reason=as_json(stopped), error="", failing_since=None, **done)
    return Outcome.DONE


def _create(application: Application, lease: Lease, now: datetime) -> Reason | None:
    """Returns why it stops for good, if it does."""
    cluster = clusters.connect(application.project.cluster)
    scope = Scope(application.project_id, application_id=application.pk)
    namespace, installation = application.project.namespace, str(Installation.current().uid)
    opened = attempts.still_open(scope)
    there = _there(cluster, namespace, application.manifests)
    attempts.resolve(opened, there, {manifest["kind"] for manifest in application.manifests}, now)
    for manifest in application.manifests:
        present = there.get(_key(manifest))
        if present is None:
            marked = marks.marked(manifest, installation, 0, made=True)
            apply(cluster, namespace, scope, lease, [Create(_key(manifest), marked, None)], [])
        elif manifest["kind"] not in SHARED and not marks.made_by(present, installation):
            return Reason("not-ours", {"object": str(_key(manifest))})
    return None


def _there(cluster: Cluster, namespace: str, manifests: Iterable[Manifest]) -> dict[Key, Manifest]:
    calls = {key: partial(_get, cluster, namespace, key) for key in map(_key, manifests)}
    return {key: manifest for key, manifest in in_parallel(calls).items() if manifest is not None}


def _get(cluster: Cluster, namespace: str, key: Key) -> Manifest | None:
    try:
        return cluster.get(key.kind, "" if key.kind in SHARED else namespace, key.name)
    except NotFound:
        return None


def _key(manifest: Manifest) -> Key:
    return Key(manifest["kind"], marks.name(manifest))
