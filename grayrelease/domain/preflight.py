"""Whether a Service can be released: each thing that is in the way, with what would remove it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from grayrelease.domain import named
from grayrelease.domain.marks import labels, name, notes, owner
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import leaving
from grayrelease.domain.state import Reason

_HTTP_NAME = re2.compile(r"(?i)(http|http2|grpc|grpc-web)(-.*)?")
_HTTP_PROTOCOLS = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c")
SIDECAR = "sidecar.istio.io/status"


@dataclass(frozen=True)
class Refusal:
    """Why not, and what would help."""

    reason: Reason
    remedy: Reason


@dataclass(frozen=True)
class Scene:
    """What a Service is judged by. Manifests as the API server gave them.

    Workloads and pods: of its namespace. Routes: of all namespaces that can be read. `releases`: names of
    the live releases of this Service.
    """

    namespace: str
    name: str
    installation: str
    service: Manifest | None
    deployments: Sequence[Manifest] = ()
    pods: Sequence[Manifest] = ()
    virtual_services: Sequence[Manifest] = ()
    destination_rules: Sequence[Manifest] = ()
    http_routes: Sequence[Manifest] = ()
    ingresses: Sequence[Manifest] = ()
    releases: Sequence[str] = field(default=())

    @property
    def spec(self) -> dict[str, Any]:
        return (self.service or {}).get("spec") or {}

    @property
    def selector(self) -> dict[str, str]:
        return self.spec.get("selector") or {}

    def workloads(self) -> list[Manifest]:
        """Return the Deployments whose pods the Service selects; those scaled to 0 don't count."""
        return [found for found in self.deployments if self._selects(found) and _replicas(found)]

    def _selects(self, deployment: Manifest) -> bool:
        return self.selector.items() <= labels(_template(deployment)).items()

    def own_pods(self) -> list[Manifest]:
        """Return the pods that the Service selects and that stay."""
        here = [pod for pod in self.pods if not leaving(pod)]
        return [pod for pod in here if self.selector.items() <= labels(pod).items()]


def check(scene: Scene) -> list[Refusal]:
    """Return what is in the way of a release; empty if nothing is. The most basic comes first.

    While a release is live nothing else is said: its second version and its routes are what it's about.
    """
    if scene.service is None:
        reason = Reason("no-service", {"service": scene.name})
        return [Refusal(reason, Reason("create-workload", {"service": scene.name}))]
    if scene.releases:
        return _release(scene)
    of_service = [*_kind(scene), *_ports(scene)]
    of_workload = _workload(scene) if scene.selector else []
    return [*of_service, *of_workload, *_routes(scene)]


def stable_workload(scene: Scene) -> Manifest | None:
    """Return the one Deployment behind a Service; None where there is none, or more than one."""
    workloads = scene.workloads() if scene.selector else []
    return workloads[0] if len(workloads) == 1 else None


def _template(deployment: Manifest) -> Manifest:
    template: Manifest = deployment.get("spec", {}).get("template") or {}
    return template


def _replicas(deployment: Manifest) -> int:
    return int(deployment.get("spec", {}).get("replicas", 1))


def _kind(scene: Scene) -> list[Refusal]:
    service = {"service": scene.name}
    if scene.spec.get("type") == "ExternalName":
        facts = {**service, "host": str(scene.spec.get("externalName", ""))}
        return [Refusal(Reason("external-name", facts), Reason("make-cluster-ip", service))]
    refusals = []
    if scene.spec.get("clusterIP") == "None":
        refusals.append(Refusal(Reason("headless", service), Reason("make-cluster-ip", service)))
    if not scene.selector:
        refusals.append(Refusal(Reason("no-selector", service), Reason("add-selector", service)))
    return refusals


def _ports(scene: Scene) -> list[Refusal]:
    ports = scene.spec.get("ports") or []
    if len(ports) > 1:
        facts: dict[str, str | int] = {"service": scene.name, "count": len(ports)}
        return [Refusal(Reason("several-ports", facts), Reason("split-ports", {"service": scene.name}))]
    bad = [port for port in ports if not _is_http(port)]
    return [_not_http(port) for port in bad]


def _is_http(port: dict[str, Any]) -> bool:
    if port.get("appProtocol"):
        return str(port["appProtocol"]).lower() in _HTTP_PROTOCOLS
    return bool(_HTTP_NAME.fullmatch(str(port.get("name", ""))))


def _not_http(port: dict[str, Any]) -> Refusal:
    protocol = str(port.get("appProtocol") or port.get("name") or "")
    facts = {"port": str(port.get("port", "")), "protocol": protocol}
    return Refusal(Reason("not-http", facts), Reason("name-port-http", {"port": facts["port"]}))


def _workload(scene: Scene) -> list[Refusal]:
    workloads = scene.workloads()
    if not workloads:
        return [_no_deployment(scene)]
    unnamed = [found for found in workloads if not labels(_template(found)).get("version")]
    if unnamed:
        facts = {"workload": name(unnamed[0])}
        return [Refusal(Reason("no-version-label", facts), Reason("add-version-label", facts))]
    return [*_several(scene, workloads), *_sidecars(scene)]


def _no_deployment(scene: Scene) -> Refusal:
    owners = [ref for pod in scene.own_pods() for ref in pod["metadata"].get("ownerReferences") or []]
    if not owners:
        facts = {"service": scene.name}
        return Refusal(Reason("no-workload", facts), Reason("create-workload", facts))
    workload = str(owners[0].get("name", ""))
    reason = Reason("not-a-deployment", {"kind": str(owners[0].get("kind", "")), "workload": workload})
    return Refusal(reason, Reason("use-deployment", {"workload": workload}))


def _several(scene: Scene, workloads: list[Manifest]) -> list[Refusal]:
    versions = sorted(labels(_template(found))["version"] for found in workloads)
    running = sorted({labels(pod).get("version", "") for pod in scene.own_pods()})
    several = versions if len(versions) > 1 else running
    if len(several) < 2:
        return []
    facts = {"versions": ", ".join(several)}
    return [Refusal(Reason("several-versions", facts), Reason("keep-one-version", facts))]


def _sidecars(scene: Scene) -> list[Refusal]:
    bare = sorted(name(pod) for pod in scene.own_pods() if SIDECAR not in notes(pod))
    if not bare:
        return []
    remedy = Reason("inject-sidecar", {"namespace": scene.namespace})
    return [Refusal(Reason("no-sidecar", {"pod": bare[0]}), remedy)]


def _release(scene: Scene) -> list[Refusal]:
    return [
        Refusal(Reason("release-exists", {"release": live}), Reason("end-release", {"release": live}))
        for live in scene.releases
    ]


def _routes(scene: Scene) -> list[Refusal]:
    service = named.Name(scene.name, scene.namespace)
    kinds: list[tuple[str, Sequence[Manifest], Callable[[Manifest, named.Name], str]]] = [
        ("VirtualService", scene.virtual_services, named.host_in_virtual_service),
        ("DestinationRule", scene.destination_rules, named.host_in_destination_rule),
        ("HTTPRoute", scene.http_routes, named.host_in_http_route),
        ("Ingress", scene.ingresses, named.host_in_ingress),
    ]
    refusals = []
    for kind, manifests, host_in in kinds:
        for found in manifests:
            host = host_in(found, service) or _in_our_place(kind, found, scene)
            if host and not _ours(found, scene):
                refusals.append(_named_by(named.full_name(kind, found, scene.namespace), host))
    return refusals


def _in_our_place(kind: str, manifest: Manifest, scene: Scene) -> str:
    # Our own objects are called like the Service: whatever else is called so is in the way.
    ours = kind in ("VirtualService", "DestinationRule")
    here = manifest["metadata"].get("namespace") == scene.namespace and name(manifest) == scene.name
    return scene.name if ours and here else ""


def _ours(manifest: Manifest, scene: Scene) -> bool:
    # A sample application's route to the Service carries our mark too, and is in the way like any other.
    written = owner(manifest)
    return written is not None and written.installation == scene.installation and name(manifest) == scene.name


def _named_by(manifest: str, host: str) -> Refusal:
    facts = {"object": manifest, "host": host}
    return Refusal(Reason("named-by", facts), Reason("remove-or-wait", {"object": manifest}))
