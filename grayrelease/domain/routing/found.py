"""Istio's objects as they are found: titles, ages, hosts."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.marks import name
from grayrelease.domain.named import CLUSTER_DOMAIN, Name
from grayrelease.domain.plan import Manifest


def namespace(manifest: Manifest) -> str:
    """Return an object's namespace."""
    return str(manifest["metadata"].get("namespace", ""))


def spec(manifest: Manifest) -> dict[str, Any]:
    """Return an object's spec; never None."""
    return manifest.get("spec") or {}


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
