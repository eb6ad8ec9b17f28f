"""Writes as data: the whole object as it is to be, with our marks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from grayrelease.domain import istio, marks
from grayrelease.domain.look import Look
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Create, Delete, Key, Replace, Write


def put(look: Look, key: Key, spec: dict[str, Any]) -> Write:
    """Return the write that gives an Istio object of ours this spec, whether it's there or not."""
    present = look.find(key)
    if present is not None:
        return replace(look, key, present, spec)
    return create(look, key, istio.manifest(key.kind, look.intent.namespace, key.name, spec))


def create(look: Look, key: Key, manifest: Manifest) -> Create:
    """Return the POST of an object that we make."""
    marked = marks.marked(manifest, look.intent.installation, look.intent.generation, made=True)
    return Create(key, marked, look.release.id)


def replace(look: Look, key: Key, present: Manifest, spec: dict[str, Any]) -> Replace:
    """Return the PUT that changes only the spec and the owner's marks of what is there."""
    manifest = {**deepcopy(present), "spec": spec}
    manifest.pop("status", None)
    manifest["metadata"].pop("managedFields", None)
    marked = marks.marked(manifest, look.intent.installation, look.intent.generation, made=False)
    return Replace(key, marked, look.release.id)


def delete(look: Look, key: Key, present: Manifest) -> Delete:
    """Return the DELETE of exactly what was seen."""
    metadata = present["metadata"]
    return Delete(key, metadata.get("uid", ""), metadata.get("resourceVersion", ""), look.release.id)
