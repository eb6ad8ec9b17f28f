"""Whether a change of an object is news to those who look after a Service."""

from __future__ import annotations

from collections.abc import Mapping

from grayrelease.domain.marks import OP, labels, name, notes, owner
from grayrelease.domain.named import Name, host_in_http_route
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import OF_SERVICE
from grayrelease.domain.routing.found import leads_to

KINDS = frozenset(
    {"Service", "EndpointSlice", "Pod", "Deployment", "VirtualService", "DestinationRule", "HTTPRoute"}
)
"""Kinds that can be news to a Service."""


def names(manifest: Manifest, service: Name, selector: Mapping[str, str]) -> bool:
    """Tell if an object is the Service, its pods or what makes them, or routes to it.

    `selector` is the Service's; without one no pod is anybody's.
    """
    kind, namespace = manifest["kind"], manifest["metadata"].get("namespace", "")
    if kind in ("VirtualService", "DestinationRule", "HTTPRoute"):
        return _routes(kind, manifest, service)
    if namespace != service.namespace:
        return False
    if kind == "Service":
        return name(manifest) == service.service
    if kind == "EndpointSlice":
        return labels(manifest).get(OF_SERVICE) == service.service
    return kind in KINDS and bool(selector) and selector.items() <= _labels_of_pods(kind, manifest).items()


def by_us(before: Manifest | None, after: Manifest | None, installation: str) -> bool:
    """Tell if it is a write of this installation: the run that made it looks again by itself."""
    mine, operation = owner(after or {}), notes(after or {}).get(OP)
    if mine is None or mine.installation != installation or operation is None:
        return False
    return operation != notes(before or {}).get(OP)


def _routes(kind: str, manifest: Manifest, service: Name) -> bool:
    spec, namespace = manifest.get("spec") or {}, manifest["metadata"].get("namespace", "")
    if kind == "HTTPRoute":
        return bool(host_in_http_route(manifest, service))
    if kind == "DestinationRule":
        return service.is_called(str(spec.get("host", "")), namespace)
    hosts = [str(host) for host in spec.get("hosts") or []]
    delegates = any(route.get("delegate") for route in spec.get("http") or [])
    called = any(service.is_called(host, namespace) for host in hosts)
    return called or delegates or leads_to(manifest, service)


def _labels_of_pods(kind: str, manifest: Manifest) -> Mapping[str, str]:
    if kind == "Pod":
        return labels(manifest)
    found = ((manifest.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return found.get("labels") or {}
