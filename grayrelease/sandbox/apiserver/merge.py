"""Merging a configuration into an object, and taking fields out of it, by schema."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver import fields, schema
from grayrelease.sandbox.apiserver.fields import Path
from grayrelease.sandbox.apiserver.objects import Object, copied
from grayrelease.sandbox.apiserver.schema import Node


class SchemaMismatch(Exception):
    """A configuration that its schema does not declare; the message names the place."""


def check(value: Any, node: Node, path: Path = ()) -> None:
    """Refuse undeclared fields, wrong types and duplicate keys: SchemaMismatch."""
    if value is None or schema.keeps_unknown(node) and not node.get("properties"):
        return
    expected = _expected(node)
    if expected and not _fits(value, expected):
        raise SchemaMismatch(f"{fields.written(path)}: expected {expected}, got {value!r}")
    if isinstance(value, dict):
        _check_map(value, node, path)
    elif isinstance(value, list):
        _check_list(value, node, path)


def _expected(node: Node) -> str:
    if schema.is_map(node):
        return "map"
    return {
        "array": "list",
        "string": "string",
        "boolean": "boolean",
        "integer": "numeric",
        "number": "numeric",
    }.get(node.get("type", ""), "")


def _fits(value: Any, expected: str) -> bool:
    if expected == "numeric":
        return isinstance(value, int | float) and not isinstance(value, bool)
    types: dict[str, type] = {"map": dict, "list": list, "string": str, "boolean": bool}
    return isinstance(value, types[expected])


def _check_map(value: Object, node: Node, path: Path) -> None:
    for key, part in value.items():
        below = schema.member(node, key)
        if below is None:
            raise SchemaMismatch(f"{fields.written((*path, f'f:{key}'))}: field not declared in schema")
        check(part, below, (*path, f"f:{key}"))


def _check_list(values: list[Any], node: Node, path: Path) -> None:
    below, keyed = schema.item(node), bool(schema.list_keys(node))
    seen: set[str] = set()
    for index, value in enumerate(values):
        name = fields.key_element(value, node) if keyed else f"f:{index}"
        if keyed and name in seen:
            shown = fields.written((name,))
            raise SchemaMismatch(f"{fields.written(path)}: duplicate entries for key {shown}")
        seen.add(name)
        check(value, below, (*path, name))


def merged(live: Any, config: Any, node: Node) -> Any:
    """Lay a configuration over a live value: maps and keyed lists merge, all else is replaced."""
    if fields.is_granular_map(live, node) and fields.is_granular_map(config, node):
        result = dict(live)
        for key, value in config.items():
            below = schema.member(node, key) or schema.ANYTHING
            result[key] = merged(live[key], value, below) if key in live else copied(value)
        return result
    if fields.is_granular_list(live, node) and fields.is_granular_list(config, node):
        return _merged_list(live, config, node)
    return copied(config)


def _merged_list(live: list[Any], config: list[Any], node: Node) -> list[Any]:
    """Merge keyed items: those of others keep their places, shared ones take the configuration's order."""
    have, want = fields.elements(live, node), fields.elements(config, node)
    below = schema.item(node)
    order: list[str] = []
    ours = iter(want)
    name = next(ours, None)
    for place in have:
        if place not in want:
            order.append(place)
            continue
        while name is not None and name not in have:
            order.append(name)
            name = next(ours, None)
        if name is not None:
            order.append(name)
            name = next(ours, None)
    order += [name, *ours] if name is not None else []
    return [_one(name, have, want, below) for name in order]


def _one(name: str, have: Object, want: Object, below: Node) -> Any:
    if name in have and name in want:
        return merged(have[name], want[name], below)
    return copied(want[name]) if name in want else have[name]


def without(value: Any, node: Node, gone: set[Path], path: Path = ()) -> Any:
    """Take fields out of a value; a map or list that loses all its parts becomes null."""
    parts = fields.children(value, node)
    if not parts or not any(place[: len(path)] == path for place in gone):
        return value
    kept = {
        name: without(part, below, gone, (*path, name))
        for name, (part, below) in parts.items()
        if (*path, name) not in gone
    }
    if isinstance(value, list):
        return list(kept.values()) or None
    return {name[2:]: part for name, part in kept.items()} or None
