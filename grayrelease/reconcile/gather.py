"""Read all that one run needs to know, in parallel: a snapshot of the cluster and the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from grayrelease.cluster.interface import Cluster, NotFound, Refused
from grayrelease.domain import inventory, marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import OF_SERVICE
from grayrelease.domain.state import Key, Seen, TargetIntent, Written
from grayrelease.reconcile import parallel

ROUTES = ("VirtualService", "DestinationRule", "Gateway")
"""Asked for in all namespaces, where they may be read: others' may lead to the target too."""
HERE = ("Deployment", "Pod", "EndpointSlice")
"""Asked for in the target's namespace, beside its Service."""
ALL_KINDS = (*ROUTES, *HERE)
WRITTEN_KINDS = ("VirtualService", "DestinationRule", "Deployment")
"""Kinds that we write."""

Lists = Mapping[str, list[Manifest]]
Calls = dict[str, Callable[[], list[Manifest]]]


def begin(
    cluster: Cluster, namespace: str, service: str, kinds: tuple[str, ...] = ALL_KINDS
) -> Callable[[float | None], Lists]:
    """Ask for all objects of the target's namespace that matter; its `Service` list is empty if it is gone.

    The function that is returned waits for the answers. Raises ClusterError.
    """
    calls: Calls = _lists(cluster, namespace, service, kinds)
    calls["Service"] = lambda: _service(cluster, namespace, service)
    return parallel.begin(calls)


def routes(cluster: Cluster, intent: TargetIntent) -> Lists:
    """Return the route objects alone, as they are now."""
    return parallel.in_parallel(_lists(cluster, intent.namespace, intent.service, ROUTES))


def seen(lists: Lists, written: Mapping[Key, Written], now: datetime) -> Seen:
    """Put what was read into the words of `decide`."""
    return Seen(
        now=now,
        service=next(iter(lists["Service"]), None),
        deployments=tuple(lists["Deployment"]),
        pods=tuple(lists["Pod"]),
        slices=tuple(lists["EndpointSlice"]),
        virtual_services=tuple(lists["VirtualService"]),
        destination_rules=tuple(lists["DestinationRule"]),
        gateways=tuple(lists["Gateway"]),
        written=written,
        traffic=None,
    )


def observed(seen: Seen, namespace: str) -> dict[str, Any]:
    """Return what pages show of a target: versions with their pods, and its routes."""
    return inventory.observed(
        seen.service,
        deployments=seen.deployments,
        pods=seen.pods,
        slices=seen.slices,
        virtual_services=[
            each for each in seen.virtual_services if each["metadata"]["namespace"] == namespace
        ],
    )


def with_routes(seen: Seen, lists: Lists) -> Seen:
    """The same, with route objects that were read anew."""
    return replace(
        seen,
        virtual_services=tuple(lists["VirtualService"]),
        destination_rules=tuple(lists["DestinationRule"]),
        gateways=tuple(lists["Gateway"]),
    )


def by_key(lists: Lists, namespace: str) -> dict[Key, Manifest]:
    """Find the objects of a namespace that we write by kind and name."""
    return {
        Key(kind, marks.name(item)): item  # type: ignore[arg-type]
        for kind in WRITTEN_KINDS
        for item in lists.get(kind, ())
        if item["metadata"]["namespace"] == namespace
    }


def _service(cluster: Cluster, namespace: str, service: str) -> list[Manifest]:
    try:
        return [cluster.get("Service", namespace, service)]
    except NotFound:
        return []


def _lists(cluster: Cluster, namespace: str, service: str, kinds: tuple[str, ...]) -> Calls:
    labels = {"EndpointSlice": f"{OF_SERVICE}={service}"}
    here = [kind for kind in kinds if kind not in ROUTES]
    calls: Calls = {kind: partial(cluster.list, kind, namespace, labels.get(kind, "")) for kind in here}
    return calls | {kind: partial(everywhere, cluster, kind, namespace) for kind in kinds if kind in ROUTES}


def everywhere(cluster: Cluster, kind: str, namespace: str) -> list[Manifest]:
    """List a kind in all namespaces; in one, where the others may not be read."""
    for where in ("", namespace):
        try:
            return cluster.list(kind, where)
        except Refused:
            # Gateways only tell whether cookies may be Secure: it goes without them.
            if where and kind != "Gateway":
                raise
    return []
