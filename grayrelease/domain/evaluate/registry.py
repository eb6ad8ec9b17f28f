"""The services that a mesh knows, read from manifests, and who sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.answer import Ref

Manifest = Mapping[str, Any]
Protocol = Literal["http", "tcp", "tls", "udp"]

HTTP = frozenset({"http", "http2", "grpc", "grpc-web", "h2c", "http_proxy"})
TLS = frozenset({"https", "tls"})
TCP = frozenset({"tcp", "mongo", "mysql", "redis"})
APP_PROTOCOLS = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}
EXPORT_TO = "networking.istio.io/exportTo"
ISTIO = "networking.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
ROOT_NAMESPACE = "istio-system"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ref(manifest: Manifest) -> Ref:
    metadata = manifest.get("metadata") or {}
    return Ref(str(manifest.get("kind")), metadata.get("namespace") or "default", metadata.get("name") or "")


def spec(manifest: Manifest) -> Mapping[str, Any]:
    return manifest.get("spec") or {}


def items(holder: Mapping[str, Any] | None, key: str) -> Sequence[Any]:
    return (holder or {}).get(key) or ()


def created(manifest: Manifest) -> datetime:
    said = (manifest.get("metadata") or {}).get("creationTimestamp")
    if isinstance(said, datetime):
        return said
    return datetime.fromisoformat(said.replace("Z", "+00:00")) if said else EPOCH


def age(manifest: Manifest) -> tuple[datetime, str, str]:
    """Sort key: the oldest first; of one age by name."""
    where = ref(manifest)
    return (created(manifest), where.name, where.namespace)


def group(manifest: Manifest) -> str:
    return str(manifest.get("apiVersion") or "").partition("/")[0]


def exported(said: Iterable[str], home: str, to: str) -> bool:
    """Tell whether an object of namespace `home` with this exportTo is seen in namespace `to`."""
    places = {home if place == "." else place for place in said} or {"*"}
    return "*" in places or ("~" not in places and to in places)


@dataclass(frozen=True)
class Service:
    """A name that the mesh knows: a Service, or one host of a ServiceEntry."""

    host: str
    ref: Ref
    ports: Mapping[int, Protocol]
    selector: Mapping[str, str]
    addresses: tuple[str, ...] = ()
    export_to: tuple[str, ...] = ()
    alias_of: str = ""
    static: bool = False  # has endpoints of its own, which are no pods


@dataclass(frozen=True)
class World:
    """All objects, by kind."""

    manifests: tuple[Manifest, ...]
    kinds: Mapping[tuple[str, str], tuple[Manifest, ...]] = field(default_factory=dict)

    def of(self, api_group: str, kind: str) -> tuple[Manifest, ...]:
        return self.kinds.get((api_group, kind), ())

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """Services by host; where two name one host, the oldest."""
        found: dict[str, Service] = {}
        for manifest in sorted(self.of("v1", "Service"), key=age):
            service = _service(manifest)
            found.setdefault(service.host, service)
        for manifest in sorted(self.of(ISTIO, "ServiceEntry"), key=age):
            for service in _entries(manifest):
                found.setdefault(service.host, service)
        return found

    @cached_property
    def pods(self) -> tuple[Manifest, ...]:
        return tuple(pod for pod in self.of("v1", "Pod") if _ready(pod))

    @cached_property
    def knows_pods(self) -> bool:
        """False where no pod is told: then each subset is taken to have one."""
        return bool(self.of("v1", "Pod"))

    def seen(self, host: str, namespace: str) -> Service | None:
        """Return the service of that host if callers in the namespace see it."""
        service = self.services.get(host)
        shown = service and exported(service.export_to, service.ref.namespace, namespace)
        return service if shown else None


def read(objects: Iterable[Manifest]) -> World:
    """Sort objects by group and kind. Objects of unknown kinds are of no effect."""
    manifests = tuple(objects)
    kinds: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in manifests:
        kinds.setdefault((group(manifest), str(manifest.get("kind"))), []).append(manifest)
    return World(manifests, {kind: tuple(found) for kind, found in kinds.items()})


def _service(manifest: Manifest) -> Service:
    where, said = ref(manifest), spec(manifest)
    ports = {int(port["port"]): _protocol(port) for port in items(said, "ports")}
    addresses = [*items(said, "clusterIPs"), said.get("clusterIP")]
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    return Service(
        host=f"{where.name}.{where.namespace}.{names.DOMAIN}",
        ref=where,
        ports=ports,
        selector=said.get("selector") or {},
        addresses=tuple(dict.fromkeys(ip for ip in addresses if ip and ip != "None")),
        export_to=tuple(part.strip() for part in annotations.get(EXPORT_TO, "").split(",") if part.strip()),
        alias_of=said.get("externalName") or "" if said.get("type") == "ExternalName" else "",
    )


def _entries(manifest: Manifest) -> Iterable[Service]:
    said = spec(manifest)
    ports = {int(port["number"]): _protocol(port) for port in items(said, "ports")}
    selector = (said.get("workloadSelector") or {}).get("labels") or {}
    for host in items(said, "hosts"):
        yield Service(
            host=host,
            ref=ref(manifest),
            ports=ports,
            selector=selector,
            addresses=tuple(ip for ip in items(said, "addresses") if "/" not in ip),
            export_to=tuple(items(said, "exportTo")),
            static=not selector and _has_endpoints(said),
        )


def _has_endpoints(said: Mapping[str, Any]) -> bool:
    return said.get("resolution") != "STATIC" or bool(items(said, "endpoints"))


def _protocol(port: Mapping[str, Any]) -> Protocol:
    """Return how a port is spoken to. A name that says nothing is looked into, and taken for HTTP."""
    if port.get("protocol") == "UDP":
        return "udp"
    app = str(port.get("appProtocol") or "").lower()
    number_protocol = str(port.get("protocol") or "").lower()
    prefix = str(port.get("name") or "").lower()
    prefix = prefix if prefix.startswith("grpc-web") else prefix.partition("-")[0]
    said = APP_PROTOCOLS.get(app, app) or (number_protocol if "number" in port else prefix)
    if said in TLS:
        return "tls"
    return "tcp" if said in TCP else "http"


def _ready(pod: Manifest) -> bool:
    """Tell whether a pod can get requests; one without a status can."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return False
    conditions = {each.get("type"): each.get("status") for each in items(pod.get("status"), "conditions")}
    return bool(conditions.get("Ready", "True") == "True")
