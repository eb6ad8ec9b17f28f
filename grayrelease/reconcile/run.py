"""One run: gather, decide, apply, tell."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from grayrelease import cluster as clusters
from grayrelease import metrics
from grayrelease.cluster.interface import Cluster, ClusterError
from grayrelease.domain import lifecycle
from grayrelease.domain.inventory import observed
from grayrelease.domain.state import Decision, Memory, Seen, TargetIntent
from grayrelease.metrics.interface import MetricsUnavailable
from grayrelease.models import Installation, Release, Target
from grayrelease.reconcile import attempts, gather, store
from grayrelease.reconcile.apply import CONFLICTS, apply, is_destructive
from grayrelease.reconcile.attempts import Scope
from grayrelease.reconcile.lease import Lease, Lost, new_owner, take
from grayrelease.reconcile.outcome import Outcome

log = logging.getLogger(__name__)

IN_A_ROW = 5
"""Runs that one call makes at most, each because the one before met a change."""
CALLERS_SEEN = timedelta(minutes=15)


@dataclass(frozen=True)
class Run:
    """What one run works with."""

    target: Target
    releases: dict[int, Release]
    intent: TargetIntent
    memory: Memory
    now: datetime
    scope: Scope
    lease: Lease


def reconcile(target_id: int, *, rolling_back: bool = False) -> Outcome:
    """Carry out what people want of a target, as far as it is safe now. Never raises a ClusterError.

    rolling_back: takes the lease without asking, and asks no metrics.
    """
    outcome = Outcome.MOVED
    for _ in range(IN_A_ROW):
        outcome = _once(target_id, rolling_back)
        if outcome not in (Outcome.MOVED, Outcome.CONFLICT):
            break
    return outcome


def _once(target_id: int, rolling_back: bool) -> Outcome:
    owner = new_owner()
    if not take(Target, target_id, owner, without_asking=rolling_back):
        return Outcome.BUSY if Target.objects.filter(pk=target_id).exists() else Outcome.GONE
    run = _start(target_id, owner)
    try:
        _carry_out(run, with_metrics=not rolling_back)
    except Lost:
        return Outcome.MOVED
    except CONFLICTS as error:
        log.info("target %s: %s", target_id, error)
        run.lease.release(waiting=True)
        return Outcome.CONFLICT
    except ClusterError as error:
        store.failed(run.lease, str(error))
        return Outcome.FAILED
    finally:
        run.lease.release()
    return Outcome.DONE


def _start(target_id: int, owner: str) -> Run:
    found = Target.objects.select_related("project").annotate(now=Now())
    target = found.get(pk=target_id)
    releases = {each.pk: each for each in target.releases.live().order_by("id")}
    return Run(
        target=target,
        releases=releases,
        intent=target.intent(releases.values(), str(Installation.current().uid)),
        memory=target.remembered(),
        now=target.now,
        scope=Scope(target.project_id, target_id=target_id),
        lease=Lease(Target, target_id, owner, {"generation": target.generation}),
    )


def _carry_out(run: Run, with_metrics: bool) -> None:
    cluster = clusters.connect(run.target.project.cluster)
    lists, service = gather.gather(cluster, run.intent)
    # What was seen is as of now, not of before a slow API server's answer: else it would settle too soon.
    run = replace(
        run, now=Target.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=run.target.pk)
    )
    unknown = attempts.resolve(run.scope, gather.by_key(lists), gather.WRITTEN_KINDS, run.now)
    seen = gather.seen(lists, service, attempts.written(run.scope), run.now)
    decision = lifecycle.decide(run.intent, seen, run.memory)
    if with_metrics and decision.needs_traffic and not decision.writes:
        seen = _with_traffic(run, seen)
        decision = lifecycle.decide(run.intent, seen, run.memory)
    if any(map(is_destructive, decision.writes)):
        decision = _decide_again(run, cluster, seen, decision)
    if decision.writes:
        apply(cluster, run.intent.namespace, run.scope, run.lease, decision.writes, unknown)
    store.carried(run.lease, run.target, run.releases, decision, _observed(seen))


def _observed(seen: Seen) -> dict[str, Any]:
    return observed(
        seen.service,
        deployments=seen.deployments,
        pods=seen.pods,
        slices=seen.slices,
        virtual_services=seen.virtual_services,
    )


def _with_traffic(run: Run, seen: Seen) -> Seen:
    routes = [each.at for key, each in seen.written.items() if key.kind == "VirtualService"]
    since = max(routes, default=run.now - CALLERS_SEEN)
    namespace, service = run.intent.namespace, run.intent.service
    try:
        traffic = metrics.connect().traffic(namespace, service, since=since, now=run.now)
    except MetricsUnavailable as error:
        return replace(seen, traffic_error=str(error))
    return replace(seen, traffic=traffic)


def _decide_again(run: Run, cluster: Cluster, seen: Seen, decision: Decision) -> Decision:
    """Before what can't be taken back: read the routes anew. What still comes out is done."""
    fresh = gather.with_routes(seen, gather.routes(cluster, run.intent))
    again = lifecycle.decide(run.intent, fresh, run.memory)
    kept = tuple(write for write in again.writes if write in decision.writes)
    return replace(again, writes=kept, waiting=True)
