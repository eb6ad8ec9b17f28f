"""Who names a Service: as a host or as a destination, short, with its namespace, in full, by wildcard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grayrelease.domain.marks import notes
from grayrelease.domain.plan import Manifest

CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Name:
    """A Service by name and namespace."""

    service: str
    namespace: str

    @property
    def key(self) -> str:
        """How annotations name it: namespace/name."""
        return f"{self.namespace}/{self.service}"

    def is_called(self, host: str, namespace: str) -> bool:
        """Tell if a host, written in an object of a namespace, means this Service, perhaps among others."""
        host = host.lower().rstrip(".")
        full = f"{self.service}.{self.namespace}.svc.{CLUSTER_DOMAIN}"
        if host.startswith("*"):
            return full.endswith(host[1:])
        if "." not in host:
            return host == self.service and namespace == self.namespace
        qualified = f"{self.service}.{self.namespace}"
        return host == qualified or host == f"{qualified}.svc" or host.startswith(f"{qualified}.svc.")


def host_in_http_route(manifest: Manifest, service: Name) -> str:
    """Return the name by which an HTTPRoute names a Service: as host, parent, backend or mirror."""
    spec = manifest.get("spec") or {}
    references = [ref for ref in spec.get("parentRefs") or [] if ref.get("kind") == "Service"]
    for rule in spec.get("rules") or []:
        references += _backends(rule)
    here = _namespace(manifest)
    called = [
        str(ref.get("name"))
        for ref in references
        if ref.get("kind", "Service") == "Service"
        and Name(str(ref.get("name")), str(ref.get("namespace") or here)) == service
    ]
    return next(iter(called), "") or _first(spec.get("hostnames") or [], manifest, service)


def _backends(rule: dict[str, Any]) -> list[dict[str, Any]]:
    backends = list(rule.get("backendRefs") or [])
    filters = [*(rule.get("filters") or []), *(f for ref in backends for f in ref.get("filters") or [])]
    mirrors = [(found.get("requestMirror") or {}).get("backendRef") for found in filters]
    return [*backends, *(mirror for mirror in mirrors if mirror)]


def host_in_ingress(manifest: Manifest, service: Name) -> str:
    """Return the name by which an Ingress names a Service: as backend, or as the vhost for a mesh."""
    spec = manifest.get("spec") or {}
    paths = [path for rule in spec.get("rules") or [] for path in (rule.get("http") or {}).get("paths") or []]
    backends = [spec.get("defaultBackend"), *(path.get("backend") for path in paths)]
    names = [((backend or {}).get("service") or {}).get("name", "") for backend in backends]
    vhost = notes(manifest).get("nginx.ingress.kubernetes.io/upstream-vhost", "")
    return _first([*names, vhost], manifest, service)


def _first(hosts: Iterable[str], manifest: Manifest, service: Name) -> str:
    return next((host for host in hosts if service.is_called(host, _namespace(manifest))), "")


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))
