"""The base: a target's routes as their users wrote them, against which a plan is reviewed (SAFETY §5)."""

from __future__ import annotations

from grayrelease.domain import istio, marks, revision
from grayrelease.domain.carrying import Scene
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.collapse import strip_all
from grayrelease.domain.routing.subsets import without_subsets


def base(scene: Scene, stable: str) -> tuple[Manifest, ...]:
    """Return the route objects of a service without what any release made of them, or made beside them.

    What is left of each is its kind, name, namespace and spec: nothing else of it routes.
    """
    rules = scene.rules
    theirs = [each for each in rules.mine if not _made_by_us(each)]
    source = [rules.source] if rules.source and not theirs else []
    carriers = [each.manifest for each in scene.carriers(stable) if each.there]
    routes = [strip_all(each, scene.service) for each in carriers if not _made_by_us(each)]
    return (
        *(_plain("VirtualService", each) for each in routes),
        *(_plain("DestinationRule", without_subsets(each)) for each in (*theirs, *source)),
    )


def digest(routes: tuple[Manifest, ...]) -> str:
    """Return the SHA-256 of a base, whatever the order of its objects."""
    return revision.base(routes)


def _made_by_us(manifest: Manifest) -> bool:
    return marks.MADE_BY in marks.notes(manifest) and istio.made_for_routes(manifest)


def _plain(kind: str, manifest: Manifest) -> Manifest:
    metadata = manifest["metadata"]
    spec = dict(manifest.get("spec") or {})
    if not spec.get("subsets"):
        spec.pop("subsets", None)  # an empty list says as much as none
    named = {"name": metadata["name"], "namespace": metadata.get("namespace", "")}
    return {"kind": kind, "metadata": named, "spec": spec}
