"""What an object's routes really carry now, and the object that we make where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.ports import speaks_http
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.collapse import strip
from grayrelease.domain.routing.copies import KINDS, copied_for, is_copy
from grayrelease.domain.routing.expand import ALONE, Place, expanded
from grayrelease.domain.routing.mirrors import FIELDS
from grayrelease.domain.routing.notes import carried, mark, modernised, read_before
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
    return in_effect_on(strip(manifest, service, added=place.added), manifest, service, place)


def in_effect_on(
    base: Manifest, manifest: Manifest, service: Name, place: Place
) -> tuple[str, tuple[Exposing, ...]] | None:
    """Return the same where `base` is known: what `strip` returns of the object."""
    stands = carried(manifest, service)
    if stands is None:
        return None
    manifest = modernised(manifest)
    try:
        anew = expanded(base, service, stands.stable, stands.releases, place)
    except (CannotSay, ValueError):
        return None
    same = all(_shapes(manifest, kind) == _shapes(anew, kind) for kind in KINDS)
    as_is = _copies(manifest) == _copies(anew)
    moved_on = _moved_on(manifest, anew, service)
    return (stands.stable, stands.releases) if same and (as_is or moved_on) else None


def _shapes(manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    """Return what our marks are in, of users' routes in order."""
    routes = (manifest.get("spec") or {}).get(kind) or []
    return [_marks(each) for each in routes if not is_copy(each)]


def _copies(manifest: Manifest) -> tuple[list[str], set[str]]:
    """Return what our marks are in, of copies wherever they stand.

    Of those that are for several services it isn't said what they match, nor how many they are: both depend
    on which of them was written last.
    """
    routes = (manifest.get("spec") or {}).get("http") or []
    shared = [each for each in routes if len(copied_for(str(each.get("name", "")))) > 1]
    alone = [each for each in routes if is_copy(each) and each not in shared]
    unmatched = [{field: each[field] for field in each if field != "match"} for each in shared]
    return sorted(mark(_marks(each)) for each in alone), {mark(_marks(each)) for each in unmatched}


def _marks(route: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a route that are ours; its mirrors in whatever order."""
    found = {field: route[field] for field in _OURS if field in route}
    return {**found, "mirrors": sorted(map(mark, found["mirrors"] or []))} if "mirrors" in found else found


def _moved_on(manifest: Manifest, anew: Manifest, service: Name) -> bool:
    """Tell if users changed what their routes match, or took one away, so that copies are of yesterday."""
    then, now = read_before(manifest, service, "http"), read_before(anew, service, "http")
    return sorted(each.match for each in then) != sorted(each.match for each in now)


def own(namespace: str, service: str, ports: Sequence[dict[str, Any]] = ()) -> Manifest:
    """Return the VirtualService that we make where none serves the service's host in the mesh.

    A wildcard one serves it too, and is expanded where it leads to the service: ours never hides one. Each of
    the Service's `ports` that doesn't speak HTTP has a route of its own, by connections.
    """
    tcp = [port for port in ports if not speaks_http(port)]
    spec: dict[str, Any] = {"hosts": [service]}
    if len(tcp) < len(ports) or not ports:
        spec["http"] = [{"route": [{"destination": {"host": service}}]}]
    if tcp:
        spec["tcp"] = [_connections(service, int(port["port"])) for port in tcp]
    return istio.manifest("VirtualService", namespace, service, spec)


def _connections(service: str, port: int) -> dict[str, Any]:
    destination = {"host": service, "port": {"number": port}}
    return {"match": [{"port": port}], "route": [{"destination": destination}]}
