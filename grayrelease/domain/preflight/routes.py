"""Routes and rules that name the Service already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grayrelease.domain import named
from grayrelease.domain.marks import name, owner
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight.scene import Scene, title
from grayrelease.domain.preflight.services import Facts

HostIn = Callable[[Manifest, named.Name], str]


def under_release(scene: Scene) -> Iterator[Facts]:
    for live in scene.releases:
        yield {"release": live}


def virtual_services(scene: Scene) -> Iterator[Facts]:
    yield from _naming(scene, scene.virtual_services, named.host_in_virtual_service)


def destination_rules(scene: Scene) -> Iterator[Facts]:
    yield from _naming(scene, scene.destination_rules, named.host_in_destination_rule)


def _naming(scene: Scene, manifests: Sequence[Manifest], host_in: HostIn) -> Iterator[Facts]:
    service = named.Name(scene.name, scene.namespace)
    for found in manifests:
        host = host_in(found, service) or _in_our_place(found, scene)
        if host and not _ours(found, scene):
            yield {"object": title(found, scene.namespace), "host": host}


def _in_our_place(manifest: Manifest, scene: Scene) -> str:
    # Our own objects are called like the Service: whatever else is called so is in the way.
    here = manifest["metadata"].get("namespace") == scene.namespace and name(manifest) == scene.name
    return scene.name if here else ""


def _ours(manifest: Manifest, scene: Scene) -> bool:
    # A sample application's route to the Service carries our mark too, and is in the way like any other.
    written = owner(manifest)
    return written is not None and written.installation == scene.installation and name(manifest) == scene.name
