"""Services with their ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    name_of,
    namespace_of,
    oldest_first,
    spec_of,
)

HTTP2 = ("http2", "grpc", "h2c", "kubernetes.io/h2c")


@dataclass(frozen=True)
class ServicePort:
    """One TCP port of a service; `target` is a number or a container port's name."""

    number: int
    name: str
    target: int | str
    http2: bool


@dataclass(frozen=True)
class Service:
    """A service that callers can name; `address` is its cluster IP or empty."""

    name: str
    namespace: str
    address: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]

    @property
    def fqdn(self) -> str:
        """Give the full name."""
        return hosts.fqdn(self.name, self.namespace)


def services(items: Sequence[Object]) -> dict[str, Service]:
    """Read services by their full names, oldest first; those without TCP ports are left out."""
    found = (_service(item) for item in oldest_first(items) if spec_of(item).get("type") != "ExternalName")
    return {service.fqdn: service for service in found if service.ports}


def usual_port(ports: Iterable[int]) -> int:
    """Give the port meant by a Host header without one: 80, else the first."""
    listed = list(ports)
    return 80 if 80 in listed or not listed else listed[0]


def _service(item: Object) -> Service:
    spec = spec_of(item)
    address = spec.get("clusterIP") or ""
    return Service(
        name=name_of(item),
        namespace=namespace_of(item),
        address="" if address == "None" else address,
        selector=spec.get("selector") or {},
        ports=tuple(_port(port) for port in spec.get("ports") or [] if port.get("protocol", "TCP") == "TCP"),
    )


def _port(port: Object) -> ServicePort:
    name = port.get("name") or ""
    spoken = port.get("appProtocol") or name.partition("-")[0]
    return ServicePort(port["port"], name, port.get("targetPort") or port["port"], spoken.lower() in HTTP2)
