"""Pods behind the services, and their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    labels_of,
    name_of,
    namespace_of,
    oldest_first,
    selects,
    spec_of,
)
from grayrelease.sandbox.mesh.translate.services import Service, ServicePort

SIDECAR = "sidecar.istio.io/status"
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
FURTHER_INBOUND_PORTS = 15100
ENDED = ("Succeeded", "Failed")
HASH = "pod-template-hash"

PodKey = tuple[str, str]
"""Namespace and name of a pod."""
EndpointKey = tuple[str, str]
"""Full name of a service and name of its port."""


@dataclass(frozen=True)
class InboundPort:
    """A port of a pod, and the port of its address where its proxy takes requests for it."""

    number: int
    listen: int
    service: str
    http2: bool
    tcp: bool = False


@dataclass(frozen=True)
class Workload:
    """A running pod. `who` tells proxies and metrics what runs in it, but not which pod it is."""

    pod: str
    namespace: str
    address: str
    labels: Mapping[str, str]
    who: str
    sidecar: bool
    ports: tuple[InboundPort, ...]

    def entrance(self, port: int) -> int:
        """Give the port to connect to for one of the workload's own ports."""
        if not self.sidecar:
            return port
        return next((inbound.listen for inbound in self.ports if inbound.number == port), INBOUND_PORT)


@dataclass(frozen=True)
class Endpoint:
    """A ready address of a service port."""

    address: str
    port: int
    labels: Mapping[str, str]
    who: str
    sidecar: bool = False


def workloads(pods: Sequence[Object], services: Iterable[Service]) -> dict[PodKey, Workload]:
    """Read pods that have an address and have not ended, oldest first."""
    known = list(services)
    running = (pod for pod in oldest_first(pods) if _is_running(pod))
    return {(namespace_of(pod), name_of(pod)): _workload(pod, known) for pod in running}


def endpoints(
    slices: Sequence[Object], running: Mapping[PodKey, Workload]
) -> dict[EndpointKey, list[Endpoint]]:
    """List ready endpoints, each address once."""
    found: dict[EndpointKey, dict[tuple[str, int], Endpoint]] = {}
    for item in slices:
        service = hosts.fqdn(labels_of(item).get("kubernetes.io/service-name", ""), namespace_of(item))
        for port in item.get("ports") or []:
            places = found.setdefault((service, port.get("name") or ""), {})
            for endpoint in _ready(item, port["port"], running):
                places[endpoint.address, endpoint.port] = endpoint
    return {key: [places[place] for place in sorted(places)] for key, places in found.items()}


def workload_text(labels: Mapping[str, str], workload: str, namespace: str) -> str:
    """Write who runs somewhere: workload;namespace;app;version;canonical service;canonical revision."""
    app = labels.get("app", "")
    canonical = _first(labels, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
    revision = _first(labels, "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")
    fields = (
        workload,
        namespace,
        app,
        labels.get("version", ""),
        canonical or workload,
        revision or "latest",
    )
    return ";".join(fields)


def _is_running(pod: Object) -> bool:
    status = pod.get("status") or {}
    return bool(status.get("podIP")) and status.get("phase") not in ENDED


def _workload(pod: Object, services: Sequence[Service]) -> Workload:
    namespace, labels = namespace_of(pod), labels_of(pod)
    return Workload(
        pod=name_of(pod),
        namespace=namespace,
        address=pod["status"]["podIP"],
        labels=labels,
        who=workload_text(labels, _owner(pod), namespace),
        sidecar=SIDECAR in (pod["metadata"].get("annotations") or {}),
        ports=tuple(_inbound(pod, services)),
    )


def _owner(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or []
    if not owners:
        return name_of(pod)
    return str(owners[0]["name"]).removesuffix("-" + labels_of(pod).get(HASH, ""))


def _inbound(pod: Object, services: Sequence[Service]) -> Iterator[InboundPort]:
    served: dict[int, tuple[str, bool, bool]] = {}
    for service, port in _serving(pod, services):
        number = _target(pod, port)
        if number:
            served.setdefault(number, (service.fqdn, port.http2, not port.http))
    declared = [port["containerPort"] for port in _container_ports(pod)]
    numbers = dict.fromkeys([*declared, *sorted(served)])
    for place, number in enumerate(numbers):
        listen = INBOUND_PORT if place == 0 else FURTHER_INBOUND_PORTS + place
        yield InboundPort(number, listen, *served.get(number, ("", False, False)))


def _serving(pod: Object, services: Sequence[Service]) -> Iterator[tuple[Service, ServicePort]]:
    # By selectors, not by EndpointSlices: listeners must not change when a pod leaves the endpoints.
    for service in services:
        mine = service.namespace == namespace_of(pod) and bool(service.selector)
        if mine and selects(service.selector, labels_of(pod)):
            for port in service.ports:
                yield service, port


def _target(pod: Object, port: ServicePort) -> int | None:
    if isinstance(port.target, int):
        return port.target
    named = (entry for entry in _container_ports(pod) if entry.get("name") == port.target)
    return next((int(entry["containerPort"]) for entry in named), None)


def _container_ports(pod: Object) -> list[Object]:
    containers = spec_of(pod).get("containers") or []
    ports = [port for container in containers for port in container.get("ports") or []]
    return [port for port in ports if port.get("protocol", "TCP") == "TCP"]


def _ready(item: Object, port: int, running: Mapping[PodKey, Workload]) -> Iterator[Endpoint]:
    for entry in item.get("endpoints") or []:
        if (entry.get("conditions") or {}).get("ready") is not False:
            reference = entry.get("targetRef") or {}
            workload = running.get((namespace_of(item), reference.get("name", "")))
            for address in entry["addresses"]:
                yield _endpoint(address, port, workload)


def _endpoint(address: str, port: int, workload: Workload | None) -> Endpoint:
    if workload is None:
        return Endpoint(address, port, {}, "")
    entrance = workload.entrance(port)
    return Endpoint(address, entrance, workload.labels, workload.who, workload.sidecar)


def _first(labels: Mapping[str, str], *names: str) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
