"""Writes as data: the whole object as it is to be, with our marks."""

from __future__ import annotations

from grayrelease.domain import istio, marks
from grayrelease.domain.look import Look
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing import writers
from grayrelease.domain.routing.notes import services
from grayrelease.domain.state import Create, Delete, Key, Replace, Write


def put(look: Look, key: Key, manifest: Manifest, release: int | None) -> Write:
    """Return the write that makes an object like this, whether it's there or not."""
    if look.find(key) is None:
        return create(look, key, manifest, release)
    return replace(look, key, manifest, release)


def create(look: Look, key: Key, manifest: Manifest, release: int | None) -> Create:
    """Return the POST of an object that we make."""
    marked = marks.marked(manifest, look.intent.installation, look.intent.generation, made=True)
    return Create(key, marked, release)


def replace(look: Look, key: Key, manifest: Manifest, release: int | None) -> Replace:
    """Return the PUT of an object with what we changed in it, and with our marks."""
    marked = marks.marked(_bare(manifest), look.intent.installation, look.intent.generation, made=False)
    if services(marked):
        writers.keep_others(marked, look.find(key) or {}, look.called)
    return Replace(key, marked, release)


def give_back(look: Look, key: Key, manifest: Manifest, release: int | None) -> Write:
    """Return the write that leaves an object without our marks; what we made for a release's routes goes.

    Where another service has a release in it too, its marks stay, and it's that one's.
    """
    present, installation = look.find(key) or {}, look.intent.installation
    if services(manifest):
        shared = marks.marked(_bare(manifest), installation, look.intent.generation, made=False)
        writers.hand_over(shared, present, installation)
        return Replace(key, shared, release)
    if marks.made_by(present, installation):
        if istio.made_for_routes(present):
            return delete(key, present, release)
        # An application's: it stays ours.
        marked = marks.marked(_bare(manifest), installation, look.intent.generation, made=True)
        return Replace(key, marked, release)
    return Replace(key, marks.unmarked(_bare(manifest)), release)


def _bare(manifest: Manifest) -> Manifest:
    """Return what may be sent back of an object that the API server gave."""
    metadata = {field: value for field, value in manifest["metadata"].items() if field != "managedFields"}
    return {field: value for field, value in manifest.items() if field != "status"} | {"metadata": metadata}


def delete(key: Key, present: Manifest, release: int | None) -> Delete:
    """Return the DELETE of exactly what was seen."""
    metadata = present["metadata"]
    return Delete(key, metadata.get("uid", ""), metadata.get("resourceVersion", ""), release)
