"""Routes as the cluster has them at this moment, and as a draft would make them; 2 s at most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import Cluster, NotFound, Refused
from grayrelease.cluster.kinds import API_GATEWAY, kind_of_manifest
from grayrelease.domain import carrying, preflight, written
from grayrelease.domain.evaluate.names import DOMAIN
from grayrelease.domain.marks import labels, name
from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.preflight import Scene
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.subsets import with_subsets
from grayrelease.models import Project, Release
from grayrelease.reconcile import parallel, scene

PATIENCE_S = 2.0
KINDS = (
    *("Service", "Pod", "VirtualService", "DestinationRule", "Gateway", "ServiceEntry"),
    *("HTTPRoute", API_GATEWAY, "ReferenceGrant", "Namespace"),
)


@dataclass(frozen=True)
class Live:
    """What was read: objects that decide about a request, and each Service's scene."""

    project: Project
    objects: tuple[Manifest, ...]
    scenes: dict[str, Scene]

    @property
    def services(self) -> list[str]:
        return sorted(self.scenes)

    def of(self, kind: str) -> list[Manifest]:
        return [each for each in self.objects if each.get("kind") == kind]

    def with_objects(self, added: Iterable[Manifest]) -> Live:
        """Return the same with objects that come new, or in the place of those of their name."""
        found = {_key(each): each for each in (*self.objects, *added)}
        return Live(self.project, tuple(found.values()), self.scenes)


def _key(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return kind_of_manifest(manifest).name, str(metadata.get("namespace", "")), str(metadata["name"])


def read(project: Project) -> Live:
    """Ask the cluster. Raises ClusterError."""
    lists = scene.read(clusters.connect(project.cluster), project.namespace, PATIENCE_S)
    objects = tuple(each for kind in KINDS for each in lists[kind])
    return Live(project, objects, scene.scenes(project, lists))


def around(live: Live, namespaces: Collection[str]) -> Live:
    """Return the same with what other namespaces have of Services and pods, as far as that may be read.

    Raises ClusterError.
    """
    cluster = clusters.connect(live.project.cluster)
    calls: dict[tuple[str, str], Callable[[], list[Manifest]]] = {
        (kind, namespace): partial(_list, cluster, kind, namespace)
        for kind in ("Service", "Pod")
        for namespace in namespaces
    }
    return live.with_objects(
        each for found in parallel.in_parallel(calls, PATIENCE_S).values() for each in found
    )


def _list(cluster: Cluster, kind: str, namespace: str) -> list[Manifest]:
    try:
        return cluster.list(kind, namespace)
    except (NotFound, Refused):
        return []


def namespace_of(host: str) -> str:
    """Return the namespace in a Service's host, whole or like `reviews.demo`; empty where it has none."""
    parts = host.removesuffix(f".{DOMAIN}").removesuffix(".svc").split(".")
    return parts[1] if len(parts) == 2 else ""


def routes_of(live: Live, service: str) -> list[Manifest]:
    """Return the objects that carry a Service's routes, without what the API server adds."""
    found = live.scenes.get(service)
    if found is None:
        return []
    around = written.around(found)
    stable = _stable(found)
    there = [each.manifest for each in around.carriers(stable) if each.there]
    return [_plain(each) for each in (*around.rules.effective, *there)]


def _plain(manifest: Manifest) -> Manifest:
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {field: manifest["metadata"][field] for field in kept if manifest["metadata"].get(field)}
    return {
        "apiVersion": manifest.get("apiVersion", ""),
        "kind": manifest.get("kind", ""),
        "metadata": metadata,
        "spec": manifest.get("spec") or {},
    }


def _stable(found: Scene) -> str:
    workload = preflight.stable_workload(found)
    pods = ((workload or {}).get("spec") or {}).get("template") or {}
    return found.stable or str(((pods.get("metadata") or {}).get("labels") or {}).get("version", ""))


def drafted(live: Live, service: str, version: str, exposure: Exposure) -> Live:
    """Return what there would be with a draft's exposure beside those of the live releases.

    Raises KeyError where the Service is gone, CannotSay and ValueError where it can't be written so.
    """
    found = live.scenes[service]
    stable, around = _stable(found), written.around(found)
    drawn = (exposure.share,) if exposure.sticky and exposure.share else ()
    exposing = [*_live(live.project, service), Exposing(written.SELF, version, exposure, drawn)]
    versions = [stable, *(each.version for each in exposing if each.version)]
    rule = with_subsets(around.rule, versions, around.own_subsets(stable), around.source)
    routes = [each.expanded(stable, exposing, "") for each in around.carriers(stable)]
    return live.with_objects([rule, *routes, *_pods(around, live, versions)])


def _live(project: Project, service: str) -> Sequence[Exposing]:
    rows = Release.objects.live().filter(target__project=project, target__service=service).order_by("id")
    return [Exposing(each.pk, each.candidate, each.intent().wanted, tuple(each.drawn)) for each in rows]


def _pods(around: carrying.Scene, live: Live, versions: Iterable[str]) -> list[Manifest]:
    """Return a pod for each version that has none yet: a draft's would be ready before anybody meets it."""
    asked = around.selector.items()
    known = {labels(pod).get("version") for pod in live.of("Pod") if asked <= labels(pod).items()}
    namespace = around.service.namespace
    return [_pod(namespace, version, around.selector) for version in versions if version not in known]


def _pod(namespace: str, version: str, selector: dict[str, str]) -> dict[str, Any]:
    metadata = {
        "name": f"draft-{version}",
        "namespace": namespace,
        "labels": {**selector, "version": version},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def titled(manifests: Iterable[Manifest]) -> list[tuple[str, Manifest]]:
    return [(f"{each['kind']} {name(each)}", each) for each in manifests]
