"""Istio's objects as they are found: titles, ages, hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grayrelease.domain.marks import name
from grayrelease.domain.named import CLUSTER_DOMAIN, Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.copies import KINDS

Route = dict[str, Any]


def namespace(manifest: Manifest) -> str:
    """Return an object's namespace."""
    return str(manifest["metadata"].get("namespace", ""))


def spec(manifest: Manifest) -> dict[str, Any]:
    """Return an object's spec; never None."""
    return manifest.get("spec") or {}


def routes_of(manifest: Manifest) -> Iterator[tuple[str, Route]]:
    """Yield a VirtualService's routes of all kinds in order, each with its kind: http, tcp or tls."""
    told = spec(manifest)
    for kind in KINDS:
        for route in told.get(kind) or []:
            yield kind, route


def targets_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Yield where a VirtualService's routes send requests and copies of them."""
    for _, route in routes_of(manifest):
        for to in (*(route.get("route") or []), *(route.get("mirrors") or [])):
            yield to.get("destination") or {}
        yield route.get("mirror") or {}


def leads_to(manifest: Manifest, service: Name) -> bool:
    """Tell if a route of a VirtualService names a Service as where requests, or copies of them, go."""
    here = namespace(manifest)
    return any(service.is_called(str(to.get("host", "")), here) for to in targets_of(manifest))


def title(manifest: Manifest, service: Name) -> str:
    """Return Kind/name, with the namespace where it isn't the service's."""
    here = namespace(manifest)
    kind = str(manifest.get("kind", ""))
    return f"{kind}/{name(manifest)}" if here == service.namespace else f"{kind}/{here}/{name(manifest)}"


def age(manifest: Manifest) -> tuple[str, str, str]:
    """Return what Istio sorts objects by, the oldest first."""
    return str(manifest["metadata"].get("creationTimestamp", "")), name(manifest), namespace(manifest)


def serves(host: str, here: str, service: Name, domain: str = CLUSTER_DOMAIN) -> bool:
    """Tell if Istio takes a host, written in a namespace, for the service: with a dot it is complete."""
    host, complete = host.lower(), f"{service.service}.{service.namespace}.svc.{domain}"
    if host.startswith("*"):
        return complete.endswith(host[1:])
    return host == complete if "." in host else Name(host, here) == service
