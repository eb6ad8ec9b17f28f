"""What an object's routes really carry now, and the object that we make where there is none."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.expand import ALONE, Place, expand
from grayrelease.domain.routing.mirrors import FIELDS
from grayrelease.domain.routing.notes import COPY, carried
from grayrelease.domain.routing.refused import CannotSay

_OURS = ("match", "name", "route", "mirror", "mirrors", *FIELDS)


def in_effect(
    manifest: Manifest, service: Name, place: Place = ALONE
) -> tuple[str, tuple[Exposing, ...]] | None:
    """Return the stable version and the exposures that an object carries.

    None if it carries none, or if what it says isn't what its routes do: our marks were edited, or a route
    to the service was added. What users change outside our marks doesn't count here; it gets into the copies
    when the object is expanded anew.
    """
    stands = carried(manifest, service)
    if stands is None:
        return None
    try:
        anew = expand(manifest, service, stands.stable, stands.releases, place)
    except (CannotSay, ValueError):
        return None
    same = all(_shape(manifest, kind) == _shape(anew, kind) for kind in ("http", "tcp", "tls"))
    return (stands.stable, stands.releases) if same else None


def _shape(manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    """Return what of an object's routes our marks are in."""
    routes = (manifest.get("spec") or {}).get(kind) or []
    return [{field: route[field] for field in _OURS if field in route} for route in routes]


def own(namespace: str, service: str, wildcard: Manifest | None = None) -> Manifest:
    """Return the VirtualService that we make where none serves the service's host in the mesh.

    It holds the routes of the wildcard one that it hides, else one to the service.
    """
    base: list[dict[str, Any]] = [{"route": [{"destination": {"host": service}}]}]
    spec: dict[str, Any] = {"hosts": [service], "http": base}
    if wildcard is not None:
        hidden = wildcard.get("spec") or {}
        spec |= {kind: deepcopy(hidden[kind]) for kind in ("http", "tcp", "tls") if kind in hidden}
        if "http" not in hidden:
            del spec["http"]
    return istio.manifest("VirtualService", namespace, service, spec)


def copies_of(manifest: Manifest) -> list[str]:
    """Return the names of an object's routes that are copies."""
    names = [str(route.get("name", "")) for route in (manifest.get("spec") or {}).get("http") or []]
    return [name for name in names if name.startswith(COPY)]
