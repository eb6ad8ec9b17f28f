"""Routes and rules that name the Service already, as `routing` finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from grayrelease.domain.holders import holder
from grayrelease.domain.marks import name, owner
from grayrelease.domain.plan import Manifest
from grayrelease.domain.ports import speaks_http
from grayrelease.domain.preflight.scene import Scene, title
from grayrelease.domain.preflight.services import Facts
from grayrelease.domain.routing.found import leads_to, serves, spec
from grayrelease.domain.state import Reason

MESH = "mesh"


def refused(code: str) -> Callable[[Scene], Iterator[Facts]]:
    """Return a check for what `routing` refuses by this code."""
    return lambda scene: _facts(code, scene.carriers.refusals)


def known(code: str) -> Callable[[Scene], Iterator[Facts]]:
    """Return a check for what `routing` says should be known, by this code."""
    return lambda scene: _facts(code, scene.carriers.known)


def without_copies(scene: Scene) -> Iterator[Facts]:
    """Objects before whose catch-all no route for an audience may stand."""
    reasons = [each.place.no_copies for each in scene.carriers.objects]
    yield from _facts("merged-gateway", [each for each in reasons if each])


def _facts(code: str, reasons: Iterable[Reason]) -> Iterator[Facts]:
    for reason in reasons:
        if reason.code == code:
            yield dict(reason.facts)


def leading_away(scene: Scene) -> Iterator[Facts]:
    """A VirtualService takes the requests for the Service, and no route of any leads to it."""
    taking = [each for each in scene.virtual_services if _takes(each, scene)]
    if taking and not any(leads_to(each, scene.called) for each in scene.virtual_services):
        yield {"object": title(taking[0], scene.namespace), "service": scene.name}


def _takes(manifest: Manifest, scene: Scene) -> bool:
    here = str(manifest["metadata"].get("namespace", ""))
    hosts = [str(host) for host in spec(manifest).get("hosts") or []]
    return MESH in _gateways(manifest) and any(serves(host, here, scene.called) for host in hosts)


def without_tcp_routes(scene: Scene) -> Iterator[Facts]:
    """TCP ports that a user's VirtualService leaves out: their connections go to any version."""
    taking = [each for each in scene.virtual_services if _takes(each, scene)]
    tcp = [route for each in taking for route in spec(each).get("tcp") or []]
    for port in scene.ports if scene.carriers.served else ():
        number = port.get("port")
        if not speaks_http(port) and not any(_is_for(route, number) for route in tcp):
            yield {"service": scene.name, "port": str(number), "object": title(taking[0], scene.namespace)}


def _is_for(route: dict[str, Any], port: int | None) -> bool:
    return any(match.get("port", port) == port for match in route.get("match") or [{}])


def in_our_place(scene: Scene) -> Iterator[Facts]:
    """What is called like the object that we'd have to make: our own are called like the Service."""
    made = set()
    if not scene.carriers.served:
        made.add("VirtualService")
    if not scene.rules.mine:
        made.add("DestinationRule")
    for found in (*scene.virtual_services, *scene.destination_rules):
        here = found.get("kind") in made and _is_in_our_place(found, scene)
        if here and not _ours(found, scene):
            yield {"object": title(found, scene.namespace)}


def _is_in_our_place(manifest: Manifest, scene: Scene) -> bool:
    # Our own objects are called like the Service: whatever else is called so is in the way.
    return (manifest["metadata"].get("namespace"), name(manifest)) == (scene.namespace, scene.name)


def _ours(manifest: Manifest, scene: Scene) -> bool:
    # A sample application's route to the Service carries our mark too, and is in the way like any other.
    written = owner(manifest)
    return written is not None and written.installation == scene.installation and name(manifest) == scene.name


def held_routes(scene: Scene) -> Iterator[Facts]:
    """Routes and rules that Helm or a GitOps tool writes: it may undo what is set in them."""
    objects = [*(each.manifest for each in scene.carriers.objects), *scene.rules.mine]
    for found in objects:
        if by := holder(found):
            yield {"object": title(found, scene.namespace), "holder": by}


def away_from_browsers(scene: Scene) -> Iterator[Facts]:
    """No gateway leads to the Service: its callers are services, which keep no cookies for a user."""
    if not any(_at_gateway(each.manifest, scene) for each in scene.carriers.objects):
        yield {"service": scene.name}


def comparing_whole_cookies(scene: Scene) -> Iterator[Facts]:
    """Routes at the same host match the Cookie header exactly: they don't once a browser has our cookie."""
    mine = [each.manifest for each in scene.carriers.objects]
    bound = [each for each in scene.virtual_services if any(_delegates(each, one) for one in mine)]
    hosts = {host for each in (*mine, *bound) for host in _hosts(each)}
    for found in scene.virtual_services:
        if (found in mine or hosts & set(_hosts(found))) and any(map(_whole_cookie, _matches(found))):
            yield {"object": title(found, scene.namespace)}


def _hosts(manifest: Manifest) -> list[str]:
    return [str(host).lower() for host in spec(manifest).get("hosts") or []]


def _matches(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for route in spec(manifest).get("http") or []:
        yield from route.get("match") or []


def _whole_cookie(match: dict[str, Any]) -> bool:
    headers = [*(match.get("headers") or {}).items(), *(match.get("withoutHeaders") or {}).items()]
    return any(header.lower() == "cookie" and "exact" in (value or {}) for header, value in headers)


def _at_gateway(manifest: Manifest, scene: Scene) -> bool:
    bound = [manifest, *(each for each in scene.virtual_services if _delegates(each, manifest))]
    return any(gateway != MESH for each in bound for gateway in _gateways(each))


def _delegates(root: Manifest, to: Manifest) -> bool:
    targets = [route.get("delegate") or {} for route in spec(root).get("http") or []]
    return any(target.get("name") == name(to) for target in targets)


def _gateways(manifest: Manifest) -> list[str]:
    return [str(gateway) for gateway in spec(manifest).get("gateways") or [MESH]]
