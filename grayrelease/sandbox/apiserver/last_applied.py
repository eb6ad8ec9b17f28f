"""From client-side to server-side apply: what kubectl applied before counts as its own."""

from __future__ import annotations

import json
from typing import Any

from grayrelease.sandbox.apiserver import fields, merge, ownership
from grayrelease.sandbox.apiserver.objects import Object, metadata_of
from grayrelease.sandbox.apiserver.ownership import Manager, Managers
from grayrelease.sandbox.apiserver.schema import Node

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"


def _annotation(item: Object) -> str | None:
    found: str | None = (metadata_of(item).get("annotations") or {}).get(ANNOTATION)
    return found


def may_take(live: Object, config: Object, node: Node, manager: Manager, managers: Managers) -> bool:
    """Whether an apply by kubectl conflicts only over fields that it applied before, unchanged since."""
    text = _annotation(live)
    if manager.name != KUBECTL or text is None:
        return False
    before = ownership.bare(live)
    changed, _ = fields.compare(before, merge.merged(before, config, node), node)
    clashes = {path for _, path in ownership.conflicts(changed, manager, managers)}
    return bool(clashes) and clashes <= _unchanged(before, text, node)


def _unchanged(live: Object, text: str, node: Node) -> set[fields.Path]:
    try:
        applied: Any = json.loads(text)
    except ValueError:
        return set()
    if not isinstance(applied, dict):
        return set()
    different, _ = fields.compare(live, merge.merged(live, applied, node), node)
    return set(fields.applied(applied, node)) - different


def renewed(item: Object, config: Object, manager: Manager) -> Object:
    """An object whose annotation, if it has one, says what kubectl applied now."""
    if manager.name != KUBECTL or _annotation(item) is None:
        return item
    text = json.dumps(config, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    metadata = metadata_of(item)
    annotations = {**metadata["annotations"], ANNOTATION: text}
    return {**item, "metadata": {**metadata, "annotations": annotations}}
