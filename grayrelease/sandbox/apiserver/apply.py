"""Server-side apply: merge a configuration, guard other managers' fields, drop what is given up."""

from __future__ import annotations

from grayrelease.sandbox.apiserver import errors, fields, merge, ownership
from grayrelease.sandbox.apiserver.objects import Object, metadata_of, now_text
from grayrelease.sandbox.apiserver.ownership import Entry, Manager, Managers
from grayrelease.sandbox.apiserver.schema import Node


def configuration(config: Object, node: Node, kind: str) -> Object:
    """Check a configuration against its schema; 500 with the place if it does not fit, as Kubernetes does."""
    try:
        merge.check(config, node)
    except merge.SchemaMismatch as mismatch:
        metadata = metadata_of(config)
        named = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        version = config.get("apiVersion", "")
        typed = version if "/" in version else f"/{version}"
        message = f"failed to create typed patch object ({named}; {typed}, Kind={kind}): {mismatch}"
        raise errors.error(500, message) from mismatch
    return config


def applied(
    live: Object, config: Object, node: Node, manager: Manager, managers: Managers, force: bool
) -> tuple[Object, Managers]:
    """Merge a configuration into an object: the new object without managedFields, and its owners.

    Raises ApiError 409 where another manager owns a field with another value and `force` is not set.
    """
    before = ownership.bare(live)
    result = merge.merged(before, config, node)
    changed, _ = fields.compare(before, result, node)
    clashes = ownership.conflicts(changed, manager, managers)
    if clashes and not force:
        raise _conflict(clashes)
    taken = {path for _, path in clashes}
    owners = {
        other: entry
        if not entry.owned & taken or other == manager
        else Entry(entry.owned - taken, now_text())
        for other, entry in managers.items()
    }
    named = frozenset(fields.applied(config, node))
    last = managers.get(manager, Entry(fields.NOTHING))
    owners[manager] = Entry(named - fields.IDENTITY, last.time)
    return _pruned(result, last.owned, named, owners, node), owners


def _pruned(
    result: Object, last: fields.Fields, named: fields.Fields, owners: Managers, node: Node
) -> Object:
    """Remove what the manager owned before, does not name now, and nobody owns."""
    still = fields.with_parents(path for entry in owners.values() for path in entry.owned)
    gone = fields.with_parents(last) - still - fields.with_parents(named)
    pruned: Object = merge.without(result, node, gone) or {}
    return pruned


def _conflict(clashes: list[tuple[Manager, fields.Path]]) -> errors.ApiError:
    causes = [
        errors.Cause("FieldManagerConflict", f"conflict with {manager.described()}", fields.written(path))
        for manager, path in clashes
    ]
    details = {"causes": [cause.as_object() for cause in causes]}
    return errors.error(409, _message(clashes), "Conflict", details)


def _message(clashes: list[tuple[Manager, fields.Path]]) -> str:
    if len(clashes) == 1:
        manager, path = clashes[0]
        return f"Apply failed with 1 conflict: conflict with {manager.described()}: {fields.written(path)}"
    lines = []
    for manager in dict.fromkeys(manager for manager, _ in clashes):
        lines.append(f"conflicts with {manager.described()}:")
        lines += [f"- {fields.written(path)}" for other, path in clashes if other == manager]
    return f"Apply failed with {len(clashes)} conflicts: " + "\n".join(lines)
