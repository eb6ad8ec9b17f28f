"""One run: gather, decide, apply, tell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db.models.functions import Now

from grayrelease import cluster as clusters
from grayrelease import metrics
from grayrelease.cluster.interface import Cluster, ClusterError
from grayrelease.domain import lifecycle
from grayrelease.domain.state import Decision, Key, Memory, Seen, TargetIntent, Written
from grayrelease.domain.traffic import Traffic
from grayrelease.metrics.callers import between
from grayrelease.metrics.interface import MetricsUnavailable
from grayrelease.models import Event, Installation, Release, Target
from grayrelease.reconcile import attempts, gather, parallel, store
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
    """What one run works with. `opened`: attempts without an outcome, before the cluster is read."""

    target: Target
    began: datetime
    scope: Scope
    lease: Lease
    opened: list[Event]


@dataclass(frozen=True)
class Wanted:
    """What people want, and what former runs left."""

    releases: dict[int, Release]
    intent: TargetIntent
    memory: Memory
    written: Mapping[Key, Written]


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
    carried = False
    try:
        decision = _carry_out(run, with_metrics=not rolling_back)
        carried = True  # and what was stored let the lease go
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
        if not carried:
            run.lease.release()
    # What falls is written at once.
    return Outcome.MOVED if decision.falls else Outcome.DONE


def _start(target_id: int, owner: str) -> Run:
    found = Target.objects.select_related("project").annotate(now=Now(), unresolved=attempts.any_open())
    target = found.get(pk=target_id)
    scope = Scope(target.project_id, target_id=target_id)
    return Run(
        target=target,
        began=target.now,
        scope=scope,
        lease=Lease(Target, target_id, owner, {"generation": target.generation}),
        opened=attempts.still_open(scope) if target.unresolved else [],
    )


def _wanted(run: Run) -> Wanted:
    releases = {each.pk: each for each in run.target.releases.live().order_by("id")}
    return Wanted(
        releases=releases,
        intent=run.target.intent(releases.values(), str(Installation.current().uid)),
        memory=run.target.remembered(),
        written=attempts.written(run.scope),
    )


def _carry_out(run: Run, with_metrics: bool) -> Decision:
    """Decide and write. The database and Prometheus are asked while the cluster answers."""
    project = run.target.project
    cluster = clusters.connect(project.cluster)
    answers = gather.begin(cluster, project.namespace, run.target.service)
    wanted = _wanted(run)
    traffic = _ask_traffic(run, wanted) if with_metrics and _awaits_traffic(run, wanted) else None
    lists = answers(None)
    # What was seen is as of now, not of before a slow API server's answer: else it would settle too soon.
    now = Target.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=run.target.pk)
    unknown = attempts.resolve(run.opened, gather.by_key(lists, project.namespace), gather.WRITTEN_KINDS, now)
    written = attempts.written(run.scope) if run.opened else wanted.written
    seen = gather.seen(lists, written, now)
    decision = lifecycle.decide(wanted.intent, seen, wanted.memory)
    if with_metrics and decision.needs_traffic and not decision.writes:
        seen = _with_traffic(traffic or _ask_traffic(run, wanted), seen)
        decision = lifecycle.decide(wanted.intent, seen, wanted.memory)
    if with_metrics and decision.needs_callers and not decision.writes:
        seen = _with_callers(wanted.intent, seen)
        decision = lifecycle.decide(wanted.intent, seen, wanted.memory)
    if any(map(is_destructive, decision.writes)):
        decision = _decide_again(wanted, cluster, seen, decision)
    if decision.writes:
        apply(cluster, project.namespace, run.scope, run.lease, decision.writes, unknown)
    store.carried(run.lease, run.target, wanted.releases, decision, gather.observed(seen, project.namespace))
    return decision


def _awaits_traffic(run: Run, wanted: Wanted) -> bool:
    """Say whether the run before needed traffic and people want nothing else since."""
    waits = [each.status.get("waits") for each in wanted.releases.values()]
    unmoved = run.target.generation == run.target.carried_generation
    return unmoved and any(each and each[0] in lifecycle.OF_TRAFFIC for each in waits)


def _ask_traffic(run: Run, wanted: Wanted) -> Callable[[], Traffic]:
    """Ask Prometheus now; the function that is returned waits for the answer."""
    routes = [each.at for key, each in wanted.written.items() if key.kind == "VirtualService"]
    since = max(routes, default=run.began - CALLERS_SEEN)
    about = wanted.intent.namespace, wanted.intent.service
    ask = partial(metrics.connect().traffic, *about, since=since, now=run.began)
    answer = parallel.begin({"traffic": ask})
    return lambda: answer(None)["traffic"]


def _with_traffic(traffic: Callable[[], Traffic], seen: Seen) -> Seen:
    try:
        return replace(seen, traffic=traffic())
    except MetricsUnavailable as error:
        return replace(seen, traffic_error=str(error))


def _with_callers(intent: TargetIntent, seen: Seen) -> Seen:
    gateways = [(each.get("spec") or {}).get("selector") or {} for each in seen.gateways]
    found = between(intent.namespace, intent.service, gateways)
    return replace(seen, callers=found, callers_asked=True)


def _decide_again(wanted: Wanted, cluster: Cluster, seen: Seen, decision: Decision) -> Decision:
    """Before what can't be taken back: read the routes anew. What still comes out is done."""
    fresh = gather.with_routes(seen, gather.routes(cluster, wanted.intent))
    again = lifecycle.decide(wanted.intent, fresh, wanted.memory)
    kept = tuple(write for write in again.writes if write in decision.writes)
    return replace(again, writes=kept, waiting=True)
