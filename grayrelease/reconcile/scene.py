"""A namespace as `preflight` judges it: its workloads, and the routes of all namespaces that can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from grayrelease.cluster.interface import NotFound, Reading, Refused
from grayrelease.cluster.kinds import API_GATEWAY
from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import Scene
from grayrelease.models import Installation, Project, Release
from grayrelease.reconcile.parallel import in_parallel

NEEDED = ("Service", "Deployment", "Pod", "EndpointSlice")
"""Of the project's namespace; without them nothing can be said."""
ROUTES = ("VirtualService", "DestinationRule")
"""Of all namespaces; those of the project's own must be readable."""
BESIDE = ("HorizontalPodAutoscaler", "ServiceExport")
GATEWAY_API = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")
ELSEWHERE = ("Gateway", "ServiceEntry", "Sidecar", "Ingress", *GATEWAY_API, API_GATEWAY, "ReferenceGrant")
"""Of all namespaces. What of these two may not be read is named by a warning."""
MARKS = ("Strategy",)
"""Whose being served says something already."""


@dataclass(frozen=True)
class Answer:
    """One kind's objects, and whether the cluster has it and lets us read it, here and elsewhere."""

    objects: Sequence[Manifest] = ()
    served: bool = True
    here: bool = True
    elsewhere: bool = True


@dataclass(frozen=True)
class Lists:
    """What was read, by kind."""

    answers: dict[str, Answer] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> list[Manifest]:
        return list(self.answers[kind].objects)

    @property
    def served(self) -> frozenset[str]:
        return frozenset(kind for kind, answer in self.answers.items() if answer.served)

    @property
    def unseen_here(self) -> list[str]:
        return [kind for kind, answer in self.answers.items() if not answer.here]

    @property
    def unseen_elsewhere(self) -> list[str]:
        """Return the kinds of which this namespace's alone may be read."""
        return [kind for kind, answer in self.answers.items() if answer.here and not answer.elsewhere]


def read(cluster: Reading, namespace: str, within_s: float | None = None) -> Lists:
    """List all that matters, by kind; a kind that the cluster doesn't have is empty. Raises ClusterError."""
    calls: dict[str, Callable[[], Answer]] = {
        kind: partial(_needed, cluster, kind, namespace) for kind in NEEDED
    }
    calls |= {kind: partial(_here, cluster, kind, namespace) for kind in BESIDE}
    calls |= {kind: partial(_everywhere, cluster, kind, namespace) for kind in (*ROUTES, *ELSEWHERE)}
    calls |= {kind: partial(_mark, cluster, kind) for kind in MARKS}
    calls["Namespace"] = partial(_home, cluster, namespace)
    return Lists(in_parallel(calls, within_s))


def _needed(cluster: Reading, kind: str, namespace: str) -> Answer:
    return Answer(cluster.list(kind, namespace))


def _here(cluster: Reading, kind: str, namespace: str) -> Answer:
    if not cluster.serves(kind):
        return Answer(served=False)
    try:
        return Answer(cluster.list(kind, namespace))
    except Refused:
        return Answer(here=False)


def _everywhere(cluster: Reading, kind: str, namespace: str) -> Answer:
    if not cluster.serves(kind):
        return Answer(served=False)
    try:
        return Answer(cluster.list(kind, ""))
    except Refused:
        here = _needed if kind in ROUTES else _here
        return replace(here(cluster, kind, namespace), elsewhere=False)


def _mark(cluster: Reading, kind: str) -> Answer:
    return Answer(served=cluster.serves(kind))


def _home(cluster: Reading, namespace: str) -> Answer:
    try:
        return Answer([cluster.get("Namespace", "", namespace)])
    except NotFound:
        return Answer()
    except Refused:
        return Answer(here=False)


def scenes(project: Project, lists: Lists) -> dict[str, Scene]:
    """Return each Service's scene, by its name."""
    installation = str(Installation.current().uid)
    live: dict[str, list[Release]] = {}
    found = Release.objects.live().filter(target__project=project).select_related("target")
    for release in found.only("candidate", "target__service", "target__stable"):
        live.setdefault(release.target.service, []).append(release)
    seen = _seen(project.namespace, installation, lists)
    names = {marks.name(service): service for service in lists["Service"]}
    return {
        name: _under_releases(replace(seen, name=name, service=service), live.get(name, []))
        for name, service in names.items()
    }


def _under_releases(scene: Scene, releases: Sequence[Release]) -> Scene:
    return replace(
        scene,
        candidates=[release.candidate for release in releases if release.candidate],
        stable=next((release.target.stable for release in releases), ""),
    )


def _seen(namespace: str, installation: str, lists: Lists) -> Scene:
    """Return what all Services of the namespace share."""
    return Scene(
        namespace=namespace,
        name="",
        installation=installation,
        service=None,
        home=next(iter(lists["Namespace"]), None),
        deployments=lists["Deployment"],
        pods=lists["Pod"],
        slices=lists["EndpointSlice"],
        autoscalers=lists["HorizontalPodAutoscaler"],
        virtual_services=lists["VirtualService"],
        destination_rules=lists["DestinationRule"],
        gateways=lists["Gateway"],
        service_entries=lists["ServiceEntry"],
        sidecars=lists["Sidecar"],
        other_routes=[route for kind in GATEWAY_API for route in lists[kind]],
        ingresses=lists["Ingress"],
        exports=lists["ServiceExport"],
        served=lists.served,
        unseen_here=lists.unseen_here,
        unseen_elsewhere=lists.unseen_elsewhere,
    )
