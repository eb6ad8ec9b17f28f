"""A namespace as `preflight` judges it: its workloads, and the routes of all namespaces that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from grayrelease.cluster.interface import Cluster, Refused
from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import Scene
from grayrelease.models import Installation, Project, Release
from grayrelease.reconcile.parallel import in_parallel

HERE = ("Service", "Deployment", "Pod", "EndpointSlice")
EVERYWHERE = ("VirtualService", "DestinationRule")
WHERE_SERVED = ("HTTPRoute", "Ingress")

Lists = Mapping[str, list[Manifest]]


def read(cluster: Cluster, namespace: str, within_s: float | None = None) -> Lists:
    """List all that matters, by kind. Raises ClusterError."""
    calls = {kind: partial(cluster.list, kind, namespace) for kind in HERE}
    calls |= {kind: partial(_everywhere, cluster, kind, namespace) for kind in EVERYWHERE}
    calls |= {kind: partial(_where_served, cluster, kind, namespace) for kind in WHERE_SERVED}
    return in_parallel(calls, within_s)


def scenes(project: Project, lists: Lists) -> dict[str, Scene]:
    """Return each Service's scene, by its name."""
    installation = str(Installation.current().uid)
    live = Release.objects.live().filter(target__project=project)
    releases: dict[str, list[str]] = {}
    for service, name in live.values_list("target__service", "name"):
        releases.setdefault(service, []).append(name)
    return {
        name: _scene(project.namespace, name, service, installation, lists, releases.get(name, []))
        for service in lists["Service"]
        for name in (marks.name(service),)
    }


def _scene(
    namespace: str, name: str, service: Manifest | None, installation: str, lists: Lists, releases: list[str]
) -> Scene:
    return Scene(
        namespace=namespace,
        name=name,
        installation=installation,
        service=service,
        deployments=lists["Deployment"],
        pods=lists["Pod"],
        virtual_services=lists["VirtualService"],
        destination_rules=lists["DestinationRule"],
        http_routes=lists["HTTPRoute"],
        ingresses=lists["Ingress"],
        releases=releases,
    )


def _everywhere(cluster: Cluster, kind: str, namespace: str) -> list[Manifest]:
    try:
        return cluster.list(kind, "")
    except Refused:
        return cluster.list(kind, namespace)


def _where_served(cluster: Cluster, kind: str, namespace: str) -> list[Manifest]:
    return _everywhere(cluster, kind, namespace) if cluster.serves(kind) else []
