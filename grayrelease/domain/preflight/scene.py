"""What a Service is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grayrelease.domain.marks import labels, name
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import OF_SERVICE, leaving
from grayrelease.domain.routing.carriers import Carriers, carriers
from grayrelease.domain.routing.rules import Rules, rules_of


@dataclass(frozen=True)
class Scene:
    """What a Service is judged by. Manifests as the API server gave them.

    Workloads, pods, slices, autoscalers and exports: of its namespace. All that routes: of all namespaces
    that can be read. `candidates`: the versions that live releases of this Service bring. `stable`: the
    version that they started from; "" while there is none. `served`: kinds that the API server knows.
    `unseen_here`, `unseen_elsewhere`: kinds that it doesn't let us list in this namespace, or in others.
    """

    namespace: str
    name: str
    installation: str
    service: Manifest | None
    home: Manifest | None = None
    """The Namespace; None where it may not be read."""
    deployments: Sequence[Manifest] = ()
    pods: Sequence[Manifest] = ()
    slices: Sequence[Manifest] = ()
    autoscalers: Sequence[Manifest] = ()
    virtual_services: Sequence[Manifest] = ()
    destination_rules: Sequence[Manifest] = ()
    gateways: Sequence[Manifest] = ()
    service_entries: Sequence[Manifest] = ()
    sidecars: Sequence[Manifest] = ()
    other_routes: Sequence[Manifest] = ()
    """Of the Gateway API, with their kind."""
    ingresses: Sequence[Manifest] = ()
    exports: Sequence[Manifest] = ()
    candidates: Sequence[str] = ()
    stable: str = ""
    served: frozenset[str] = frozenset({"VirtualService", "DestinationRule"})
    unseen_here: Sequence[str] = ()
    unseen_elsewhere: Sequence[str] = ()

    @property
    def spec(self) -> dict[str, Any]:
        return (self.service or {}).get("spec") or {}

    @property
    def ports(self) -> list[dict[str, Any]]:
        return self.spec.get("ports") or []

    @property
    def selector(self) -> dict[str, str]:
        return self.spec.get("selector") or {}

    @property
    def called(self) -> Name:
        return Name(self.name, self.namespace)

    @cached_property
    def rules(self) -> Rules:
        """Return the DestinationRules that count."""
        return rules_of(self.called, self.destination_rules)

    @cached_property
    def carriers(self) -> Carriers:
        """Return the VirtualServices that lead here, and what is to be known of them."""
        routes, stable = self.virtual_services, stable_version(self)
        return carriers(self.called, stable, routes, self.gateways, self.rules, self.selector)

    def workloads(self) -> list[Manifest]:
        """Return the Deployments whose pods the Service selects; those scaled to 0 don't count."""
        return [found for found in self.deployments if self._selects(template(found)) and replicas(found)]

    def own_pods(self) -> list[Manifest]:
        """Return the pods that the Service selects and that stay."""
        return [pod for pod in self.pods if not leaving(pod) and self._selects(pod)]

    def own_slices(self) -> list[Manifest]:
        """Return the EndpointSlices of the Service."""
        return [each for each in self.slices if labels(each).get(OF_SERVICE) == self.name]

    def _selects(self, labelled: Manifest) -> bool:
        return bool(self.selector) and self.selector.items() <= labels(labelled).items()


def template(deployment: Manifest) -> Manifest:
    """Return a workload's pod template."""
    found: Manifest = (deployment.get("spec") or {}).get("template") or {}
    return found


def replicas(deployment: Manifest) -> int:
    """Return how many pods a workload is to have."""
    return int((deployment.get("spec") or {}).get("replicas", 1))


def owners(manifest: Manifest) -> list[Mapping[str, Any]]:
    """Return an object's ownerReferences."""
    return manifest.get("metadata", {}).get("ownerReferences") or []


def version(labelled: Manifest) -> str:
    """Return the version of a pod, or of a workload's template; "" if it has none."""
    return labels(labelled).get("version", "")


def stable_workloads(scene: Scene) -> list[Manifest]:
    """Return the Deployments of the stable version: all of them, while no release is live."""
    found = scene.workloads()
    return [each for each in found if not scene.stable or version(template(each)) == scene.stable]


def stable_workload(scene: Scene) -> Manifest | None:
    """Return the one Deployment of the stable version; None where there is none, or more than one."""
    workloads = stable_workloads(scene)
    return workloads[0] if len(workloads) == 1 else None


def stable_version(scene: Scene) -> str:
    """Return the version that a release starts from; "" where that can't be told."""
    return scene.stable or next(iter({version(template(each)) for each in stable_workloads(scene)}), "")


def known_versions(scene: Scene) -> set[str]:
    """Return the versions that run or are being brought: a new one must differ from each."""
    running = {version(template(found)) for found in scene.workloads()} | {*map(version, scene.own_pods())}
    return (running | {scene.stable, *scene.candidates}) - {""}


def title(manifest: Manifest, namespace: str) -> str:
    """Return Kind/name, with the namespace where it's another one than this."""
    kind, here = str(manifest.get("kind", "")), str(manifest["metadata"].get("namespace", ""))
    return f"{kind}/{name(manifest)}" if here == namespace else f"{kind}/{here}/{name(manifest)}"
