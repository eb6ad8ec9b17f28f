"""Sets of field paths, as `managedFields` books them.

A path is a tuple of elements written as in FieldsV1: `f:spec` for a member, `k:{"name":"app"}` for an
item of a keyed list, `v:"x"` for a member of a set. Atomic lists and maps are one field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from grayrelease.sandbox.apiserver import schema
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node

Path = tuple[str, ...]
Fields = frozenset[Path]

NOTHING: Fields = frozenset()

IDENTITY: Fields = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    }
)
"""Fields that nobody owns."""


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def key_element(value: Any, node: Node) -> str:
    """Name an item of a keyed list by its keys, defaults filled in."""
    properties = schema.item(node).get("properties", {})
    keys = {}
    for key in schema.list_keys(node):
        found = value.get(key) if isinstance(value, dict) else None
        keys[key] = properties.get(key, {}).get("default") if found is None else found
    return "k:" + compact({key: found for key, found in keys.items() if found is not None})


def elements(values: list[Any], node: Node) -> dict[str, Any]:
    """The items of a keyed list or set, by their path elements."""
    if schema.is_set(node):
        return {"v:" + compact(value): value for value in values}
    return {key_element(value, node): value for value in values}


def is_granular_list(value: Any, node: Node) -> bool:
    return isinstance(value, list) and (schema.is_set(node) or bool(schema.list_keys(node)))


def is_granular_map(value: Any, node: Node) -> bool:
    return isinstance(value, dict) and not schema.is_atomic_map(node)


def children(value: Any, node: Node) -> dict[str, tuple[Any, Node]] | None:
    """The owned parts of a value by path element, each with its schema; None for what is one field."""
    if is_granular_map(value, node):
        return {
            f"f:{key}": (part, schema.member(node, key) or schema.ANYTHING) for key, part in value.items()
        }
    if is_granular_list(value, node):
        below = schema.item(node)
        return {name: (part, below) for name, part in elements(value, node).items()}
    return None


def applied(value: Any, node: Node, path: Path = ()) -> Iterator[Path]:
    """The fields that a configuration names: leaves, empty maps and lists, items of keyed lists."""
    parts = children(value, node)
    if path and (not parts or path[-1][0] in "kv"):
        yield path
    for name, (part, below) in (parts or {}).items():
        yield from applied(part, below, (*path, name))


def created(value: Any, node: Node, path: Path = ()) -> Iterator[Path]:
    """The fields that appear with a value: as `applied`, and every map and list on the way."""
    if path:
        yield path
    for name, (part, below) in (children(value, node) or {}).items():
        yield from created(part, below, (*path, name))


def compare(old: Any, new: Any, node: Node, path: Path = ()) -> tuple[set[Path], set[Path]]:
    """Which fields changed or appeared between two values, and which went."""
    before, after = children(old, node), children(new, node)
    if before is None or after is None:
        return _compare_whole(old, new, node, path)
    changed: set[Path] = set()
    removed: set[Path] = set()
    for name in before.keys() | after.keys():
        place = (*path, name)
        if name not in after:
            removed.update(created(*before[name], place))
        elif name not in before:
            changed.update(created(*after[name], place))
        else:
            deeper = compare(before[name][0], after[name][0], after[name][1], place)
            changed |= deeper[0]
            removed |= deeper[1]
    return changed, removed


def _compare_whole(old: Any, new: Any, node: Node, path: Path) -> tuple[set[Path], set[Path]]:
    """Compare values of which at least one is a single field."""
    if old == new and type(old) is type(new):
        return set(), set()
    if old is None:
        return set(created(new, node, path)) - ({path} if children(new, node) is not None else set()), set()
    if new is None and children(old, node) is not None:
        return {path}, set(created(old, node, path)) - {path}
    return {path}, set()


def with_parents(paths: Iterable[Path]) -> set[Path]:
    """Add every member on the way to a path; items of lists are not added for their parts."""
    found: set[Path] = set()
    for path in paths:
        found.add(path)
        for length in range(1, len(path)):
            if path[length - 1].startswith("f:"):
                found.add(path[:length])
    return found


def encode(paths: Iterable[Path]) -> Object:
    """Write a set of paths as FieldsV1."""
    root: Object = {}
    members = sorted(paths)
    for path in members:
        here = root
        for element in path:
            here = here.setdefault(element, {})
    for path in members:
        here = root
        for element in path:
            here = here[element]
        if here:
            here["."] = {}
    return root


def decode(fields: Object, path: Path = ()) -> Iterator[Path]:
    """Read a set of paths from FieldsV1."""
    if path and not fields:
        yield path
    for name, below in fields.items():
        if name == ".":
            yield path
        else:
            yield from decode(below, (*path, name))


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Order paths as Kubernetes lists conflicts: fields of a map first, then what lies below its members."""
    return sorted(paths, key=lambda path: [(1, element) for element in path[:-1]] + [(0, path[-1])])


def written(path: Path) -> str:
    """Write a path as messages do: `.spec.containers[name="app"].image`."""
    text = ""
    for element in path:
        kind, rest = element[0], element[2:]
        if kind == "f":
            text += f".{rest}"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            keys = json.loads(rest)
            text += "[" + ",".join(f"{key}={compact(keys[key])}" for key in sorted(keys)) + "]"
    return text
