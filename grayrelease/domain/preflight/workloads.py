"""What runs behind the Service, and who else steers it."""

from __future__ import annotations

from collections.abc import Iterator

from grayrelease.domain.holders import driver, holder
from grayrelease.domain.marks import labels, name, notes
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight.scene import Scene, owners, stable_workloads, template, title, version
from grayrelease.domain.preflight.services import Facts

SIDECAR = "sidecar.istio.io/status"
AMBIENT = "istio.io/dataplane-mode"
REDIRECTED = "ambient.istio.io/redirection"


def driven(scene: Scene) -> Iterator[Facts]:
    """Argo Rollouts, Flagger, Knative …: they write workloads and routes of their own."""
    things = [*([scene.service] if scene.service else []), *scene.workloads(), *scene.own_pods()]
    for thing in things:
        if by := driver(thing) or driver(template(thing)):
            yield {"object": name(thing), "holder": by}
            return


def none(scene: Scene) -> Iterator[Facts]:
    if not scene.workloads() and not _owners(scene):
        yield {"service": scene.name}


def no_deployment(scene: Scene) -> Iterator[Facts]:
    if not scene.workloads():
        for kind, workload in _owners(scene)[:1]:
            yield {"kind": kind, "workload": workload}


def _owners(scene: Scene) -> list[tuple[str, str]]:
    references = [reference for pod in scene.own_pods() for reference in owners(pod)]
    return [(str(each.get("kind", "")), str(each.get("name", ""))) for each in references]


def beside_others(scene: Scene) -> Iterator[Facts]:
    """A StatefulSet's or a DaemonSet's pods beside those of the Deployment: they'd be split with it."""
    odd = [(kind, workload) for kind, workload in _owners(scene) if kind not in ("ReplicaSet", "")]
    if scene.workloads():
        for kind, workload in odd[:1]:
            yield {"kind": kind, "workload": workload}


def unnamed_version(scene: Scene) -> Iterator[Facts]:
    for workload in scene.workloads():
        if not version(template(workload)):
            yield {"workload": name(workload)}
            return


def several_versions(scene: Scene) -> Iterator[Facts]:
    """Versions that no live release accounts for: each has traffic by its count of pods."""
    planned = {version(template(found)) for found in scene.workloads()}
    running = {version(pod) for pod in scene.own_pods()}
    several = planned if len(planned) > 1 else running
    known = {scene.stable, *scene.candidates} if scene.stable else set()
    if len(several) > 1 and several - known:
        yield {"versions": ", ".join(sorted(several))}


def several_workloads(scene: Scene) -> Iterator[Facts]:
    workloads = stable_workloads(scene)
    if len(workloads) > 1:
        yield {"workloads": ", ".join(sorted(map(name, workloads)))}


def ambient(scene: Scene) -> Iterator[Facts]:
    """Pods without a sidecar whose node carries their traffic: waypoints route it, not callers."""
    caught = [name(pod) for pod in scene.own_pods() if SIDECAR not in notes(pod) and _ambient(scene, pod)]
    if caught:
        yield {"pod": min(caught), "namespace": scene.namespace}


def _ambient(scene: Scene, pod: Manifest) -> bool:
    mode = labels(pod).get(AMBIENT) or labels(scene.home or {}).get(AMBIENT)
    return mode == "ambient" or notes(pod).get(REDIRECTED) == "enabled"


def on_the_nodes_network(scene: Scene) -> Iterator[Facts]:
    """Injection leaves such pods alone: what comes to them can't be told from what comes to the node."""
    caught = [name(pod) for pod in scene.own_pods() if (pod.get("spec") or {}).get("hostNetwork")]
    if caught:
        yield {"pod": min(caught)}


def without_sidecar(scene: Scene) -> Iterator[Facts]:
    bare = [name(pod) for pod in scene.own_pods() if SIDECAR not in notes(pod)]
    if bare:
        yield {"pod": min(bare), "namespace": scene.namespace}


def autoscaled(scene: Scene) -> Iterator[Facts]:
    names = {name(workload) for workload in scene.workloads()}
    for scaler in scene.autoscalers:
        wanted = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
        if wanted.get("kind") == "Deployment" and wanted.get("name") in names:
            yield {"workload": str(wanted["name"]), "scaler": name(scaler)}


def held(scene: Scene) -> Iterator[Facts]:
    """Workloads that Helm or a GitOps tool writes: what a finish takes away, it may bring back."""
    for workload in scene.workloads():
        if by := holder(workload):
            yield {"object": title(workload, scene.namespace), "holder": by}
