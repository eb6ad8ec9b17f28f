"""Read all that one run needs to know, in parallel: a snapshot of the cluster and the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from grayrelease.cluster.interface import Cluster, NotFound
from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Key, Seen, TargetIntent, Written
from grayrelease.reconcile.parallel import in_parallel

ROUTES = ("VirtualService", "DestinationRule")
ALL_KINDS = (*ROUTES, "Deployment", "Pod", "EndpointSlice")
WRITTEN_KINDS = (*ROUTES, "Deployment")
"""Kinds that we write."""

Lists = Mapping[str, list[Manifest]]
Calls = dict[str, Callable[[], list[Manifest]]]


def gather(cluster: Cluster, intent: TargetIntent) -> tuple[Lists, Manifest | None]:
    """Return all objects of the target's namespace that matter, and the Service (None: it is gone)."""
    calls: Calls = _lists(cluster, intent, ALL_KINDS)
    calls["Service"] = lambda: _service(cluster, intent)
    lists = in_parallel(calls)
    return lists, next(iter(lists["Service"]), None)


def routes(cluster: Cluster, intent: TargetIntent) -> Lists:
    """Return the route objects alone, as they are now."""
    return in_parallel(_lists(cluster, intent, ROUTES))


def seen(lists: Lists, service: Manifest | None, written: Mapping[Key, Written], now: datetime) -> Seen:
    """Put what was read into the words of `decide`."""
    return Seen(
        now=now,
        service=service,
        deployments=tuple(lists["Deployment"]),
        pods=tuple(lists["Pod"]),
        slices=tuple(lists["EndpointSlice"]),
        virtual_services=tuple(lists["VirtualService"]),
        destination_rules=tuple(lists["DestinationRule"]),
        written=written,
        traffic=None,
    )


def with_routes(seen: Seen, lists: Lists) -> Seen:
    """The same, with route objects that were read anew."""
    return replace(
        seen,
        virtual_services=tuple(lists["VirtualService"]),
        destination_rules=tuple(lists["DestinationRule"]),
    )


def by_key(lists: Lists) -> dict[Key, Manifest]:
    """Find the objects that we write by kind and name."""
    return {
        Key(kind, marks.name(item)): item  # type: ignore[arg-type]
        for kind in WRITTEN_KINDS
        for item in lists.get(kind, ())
    }


def _service(cluster: Cluster, intent: TargetIntent) -> list[Manifest]:
    try:
        return [cluster.get("Service", intent.namespace, intent.service)]
    except NotFound:
        return []


def _lists(cluster: Cluster, intent: TargetIntent, kinds: tuple[str, ...]) -> Calls:
    labels = {"EndpointSlice": f"kubernetes.io/service-name={intent.service}"}
    return {kind: partial(cluster.list, kind, intent.namespace, labels.get(kind, "")) for kind in kinds}
