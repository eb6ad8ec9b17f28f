"""Whose write an object is, where several services have releases in it: each has a write of its own.

The marks `owner` and `op` are of the last write; `others` keeps those of the other services.
"""

from __future__ import annotations

import json

from grayrelease.domain import marks
from grayrelease.domain.marks import OP, OWNER, PREFIX, notes
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.notes import marked, services

OTHERS = f"{PREFIX}others"
"""JSON by service (namespace/name), the last writer's apart: the generation and the id of its last write."""


def last(manifest: Manifest, service: Name) -> tuple[int, str]:
    """Return a service's last write: the target's generation, and the write's id.

    (0, "") where the object says nothing of a release of this service, but of another one's.
    """
    found = _others(manifest).get(service.key)
    if found is not None:
        return found
    if services(manifest) and not marked(manifest, service):
        return 0, ""
    owner = marks.owner(manifest)
    return owner.generation if owner else 0, notes(manifest).get(OP, "")


def keep_others(manifest: Manifest, before: Manifest, service: Name) -> None:
    """Write into an object that is to be written for a service what its other services wrote before."""
    others = {each.key: last(before, each) for each in services(manifest) if each != service}
    _write(manifest, others)


def hand_over(manifest: Manifest, before: Manifest, installation: str) -> None:
    """Mark an object that keeps other services' releases only as the last write of one of these."""
    first, *rest = services(manifest)
    generation, op = last(before, first)
    found = manifest["metadata"]["annotations"]
    found[OWNER] = f"{installation}/{generation}"
    if op:
        found[OP] = op
    _write(manifest, {each.key: last(before, each) for each in rest})


def _write(manifest: Manifest, others: dict[str, tuple[int, str]]) -> None:
    found = manifest["metadata"].setdefault("annotations", {})
    found.pop(OTHERS, None)
    if others:
        found[OTHERS] = json.dumps(others, sort_keys=True, separators=(",", ":"))


def _others(manifest: Manifest) -> dict[str, tuple[int, str]]:
    try:
        stored = json.loads(notes(manifest)[OTHERS])
        return {key: (int(generation), str(op)) for key, (generation, op) in stored.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
