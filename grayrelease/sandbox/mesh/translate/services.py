"""Services with their ports: the cluster's own, and those that ServiceEntries add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    name_of,
    namespace_of,
    oldest_first,
    spec_of,
)

Protocol = Literal["http", "http2", "tcp", "tls"]
PROTOCOLS: Mapping[str, Protocol] = {
    "http": "http",
    "http2": "http2",
    "grpc": "http2",
    "h2c": "http2",
    "kubernetes.io/h2c": "http2",
    "tcp": "tcp",
    "mongo": "tcp",
    "mysql": "tcp",
    "redis": "tcp",
    "tls": "tls",
    "https": "tls",
}
"""What a port speaks, by its appProtocol or what its name begins with; others are taken for HTTP."""
SPOKEN_BY_NUMBER: Mapping[int, Protocol] = {3306: "tcp", 27017: "tcp", 25: "tcp", 9090: "http"}
EXPORT_TO = "networking.istio.io/exportTo"
DNS = ("DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS")


@dataclass(frozen=True)
class ServicePort:
    """One TCP port of a service; `target` is a number or a container port's name."""

    number: int
    name: str
    target: int | str
    protocol: Protocol

    @property
    def http2(self) -> bool:
        """Say whether the workload is spoken to in HTTP/2."""
        return self.protocol == "http2"

    @property
    def http(self) -> bool:
        """Say whether requests can be told apart."""
        return self.protocol in ("http", "http2")


@dataclass(frozen=True)
class Place:
    """An address outside of the cluster: a name or a number, and its port by the service's port name."""

    address: str
    ports: Mapping[str, int]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """A service that callers can name; `address` is its cluster IP or empty.

    `alias` is the other host that stands behind an ExternalName; `outside` lists a ServiceEntry's addresses,
    None for a service of the cluster; `resolved` says that they are looked up.
    """

    name: str
    namespace: str
    address: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    fqdn: str
    alias: str = ""
    outside: tuple[Place, ...] | None = None
    resolved: bool = False
    exported_to: frozenset[str] = frozenset({"*"})

    def seen_from(self, namespace: str) -> bool:
        """Say whether callers of a namespace know it."""
        return "*" in self.exported_to or namespace in self.exported_to

    def has(self, port: int) -> bool:
        """Say whether it has a port."""
        return any(entry.number == port for entry in self.ports)

    def is_http(self, port: int) -> bool:
        """Say whether it has a port that speaks HTTP."""
        return any(entry.number == port and entry.http for entry in self.ports)

    def names_for(self, caller_namespace: str) -> list[str]:
        """List how a caller may name it."""
        if self.outside is not None:
            return [self.fqdn, f"{self.fqdn}."]
        names = hosts.names_for(self.name, self.namespace, caller_namespace)
        return [*names, self.address] if self.address else names


def services(items: Sequence[Object], entries: Sequence[Object] = ()) -> dict[str, Service]:
    """Read services by their full names, oldest first; those without TCP ports are left out."""
    found = [_service(item) for item in oldest_first(items)]
    found += [each for item in oldest_first(entries) for each in _of_entry(item)]
    by_name: dict[str, Service] = {}
    for service in found:
        if service.ports:
            by_name.setdefault(service.fqdn, service)
    return by_name


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
        fqdn=hosts.fqdn(name_of(item), namespace_of(item)),
        alias=spec.get("externalName", "") if spec.get("type") == "ExternalName" else "",
        exported_to=_exports(item, _annotated(item).split(",") if _annotated(item) else []),
    )


def _annotated(item: Object) -> str:
    return str((item["metadata"].get("annotations") or {}).get(EXPORT_TO, ""))


def _exports(item: Object, told: Sequence[str]) -> frozenset[str]:
    names = (name.strip() for name in told or ["*"])
    return frozenset(namespace_of(item) if name == "." else name for name in names)


def _port(port: Object) -> ServicePort:
    name = port.get("name") or ""
    spoken = str(port.get("appProtocol") or name.partition("-")[0]).lower()
    number = port["port"]
    protocol = PROTOCOLS.get(spoken) or SPOKEN_BY_NUMBER.get(number, "http")
    return ServicePort(number, name, port.get("targetPort") or number, protocol)


def _of_entry(item: Object) -> Iterator[Service]:
    spec = spec_of(item)
    ports = tuple(_entry_port(port) for port in spec.get("ports") or [])
    for host in spec.get("hosts") or []:
        yield Service(
            name=host.partition(".")[0],
            namespace=namespace_of(item),
            address=next((each for each in spec.get("addresses") or [] if "/" not in each), ""),
            selector={},
            ports=ports,
            fqdn=host.lower(),
            outside=tuple(_places(spec, host, ports)),
            resolved=spec.get("resolution") in DNS,
            exported_to=_exports(item, spec.get("exportTo") or []),
        )


def _entry_port(port: Object) -> ServicePort:
    number, name = port["number"], port.get("name") or ""
    spoken = str(port.get("protocol") or name.partition("-")[0]).lower()
    return ServicePort(number, name, port.get("targetPort") or number, PROTOCOLS.get(spoken, "tcp"))


def _places(spec: Object, host: str, ports: Sequence[ServicePort]) -> Iterator[Place]:
    own = {port.name: int(port.target) for port in ports}
    endpoints = spec.get("endpoints") or []
    for endpoint in endpoints:
        ports_there = {**own, **(endpoint.get("ports") or {})}
        yield Place(endpoint["address"], ports_there, endpoint.get("labels") or {})
    # Without addresses the host itself is looked up; one of the caller's own choice (NONE) is none here.
    if not endpoints and spec.get("resolution") in DNS and not hosts.is_wildcard(host):
        yield Place(host, own, {})
