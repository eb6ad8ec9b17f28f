"""Strategic merge patch: a merge patch that knows which lists merge by key, with `$patch` directives."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver import schema
from grayrelease.sandbox.apiserver.objects import Object, copied
from grayrelease.sandbox.apiserver.schema import Node

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"


class PatchRefused(Exception):
    """A patch that cannot be understood: an item without its merge key, an unknown directive."""


def patched(value: Any, patch: Object, node: Node) -> Any:
    """Lay a strategic merge patch over a map."""
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return _plain({key: part for key, part in patch.items() if key != DIRECTIVE})
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchRefused(f"unknown patch type found: {directive}")
    result = dict(value) if isinstance(value, dict) else {}
    if RETAIN_KEYS in patch:
        result = {key: part for key, part in result.items() if key in patch[RETAIN_KEYS]}
    for key, part in patch.items():
        if not key.startswith("$"):
            _set(result, key, part, patch, schema.member(node, key) or schema.ANYTHING)
    for key in patch:
        if key.startswith("$"):
            _special(result, key, patch, node)
    return result


def _set(result: Object, key: str, part: Any, patch: Object, node: Node) -> None:
    if part is None:
        result.pop(key, None)
    elif isinstance(part, dict):
        result[key] = patched(result.get(key), part, node)
    elif isinstance(part, list) and node.get("x-kubernetes-patch-strategy") == "merge":
        result[key] = _merged_list(result.get(key) or [], part, patch.get(ORDER + key), node)
    else:
        result[key] = _plain(part)


def _special(result: Object, key: str, patch: Object, node: Node) -> None:
    """Obey the directives that stand beside the fields they speak of."""
    if key.startswith(DELETE_FROM):
        name = key.removeprefix(DELETE_FROM)
        kept = [item for item in result.get(name) or [] if item not in patch[key]]
        result[name] = kept
        if not kept:
            del result[name]
    elif key.startswith(ORDER) and (name := key.removeprefix(ORDER)) not in patch and name in result:
        result[name] = _merged_list(
            result[name], [], patch[key], schema.member(node, name) or schema.ANYTHING
        )


def _plain(value: Any) -> Any:
    """A patch's value on its own: directives and nulls taken out."""
    if isinstance(value, dict):
        return {
            key: _plain(part) for key, part in value.items() if part is not None and not key.startswith("$")
        }
    if isinstance(value, list):
        return [_plain(part) for part in value if not (isinstance(part, dict) and DIRECTIVE in part)]
    return copied(value)


def _merged_list(live: list[Any], patch: list[Any], order: list[Any] | None, node: Node) -> list[Any]:
    """Merge a list by its merge key, or a list of plain values as a set."""
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" for item in patch):
        return _plain([item for item in patch if item.get(DIRECTIVE) != "replace"])  # type: ignore[no-any-return]
    merge_key = node.get("x-kubernetes-patch-merge-key", "")
    server_order = [_name(item, merge_key) for item in live]
    result = {_name(item, merge_key): item for item in live}
    for item in patch:
        name = _name(item, merge_key)
        if isinstance(item, dict) and item.get(DIRECTIVE) == "delete":
            result.pop(name, None)
        elif isinstance(item, dict):
            result[name] = patched(result.get(name, {}), item, schema.item(node))
        else:
            result[name] = item
    wanted = [_name(item, merge_key) for item in (patch if order is None else order)]
    return [result[name] for name in _ordered(result, wanted, server_order)]


def _name(item: Any, merge_key: str) -> Any:
    if isinstance(item, list):
        raise PatchRefused(f"{item} is no plain value")
    if not isinstance(item, dict):
        return item
    if merge_key not in item:
        raise PatchRefused(f"map: {item} does not contain declared merge key: {merge_key}")
    name = item[merge_key]
    if isinstance(name, dict | list):
        raise PatchRefused(f"map: {item} has a merge key that is no plain value: {merge_key}")
    return name


def _ordered(present: dict[Any, Any], wanted: list[Any], server_order: list[Any]) -> list[Any]:
    """Order items: the patch's in its order, in front of others except where those came first before."""
    right = [name for name in dict.fromkeys(wanted) if name in present]
    left = [name for name in present if name not in right]
    place = {name: index for index, name in enumerate(server_order)}
    order = []
    while left and right:
        known = left[0] in place and right[0] in place
        order.append(left.pop(0) if known and place[left[0]] < place[right[0]] else right.pop(0))
    return order + left + right
