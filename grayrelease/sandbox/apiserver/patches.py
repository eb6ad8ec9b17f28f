"""JSON merge patch (RFC 7396) and JSON patch (RFC 6902)."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver.objects import copied


class PatchFailed(Exception):
    """A JSON patch operation that cannot be carried out."""


def merge_patched(value: Any, patch: Any) -> Any:
    """Lay a merge patch over a value: null removes, maps merge, all else is replaced."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(value) if isinstance(value, dict) else {}
    for key, part in patch.items():
        if part is None:
            result.pop(key, None)
        else:
            result[key] = merge_patched(result.get(key), part)
    return result


def json_patched(value: Any, operations: list[Any]) -> Any:
    """Carry out JSON patch operations on a copy of a value; PatchFailed if one of them fails."""
    result = copied(value)
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchFailed("an operation needs a path")
        result = _carried_out(result, operation)
    return result


def _carried_out(value: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation["path"])
    match operation.get("op"):
        case "add":
            return _added(value, path, copied(_value(operation)))
        case "replace":
            return _replaced(value, path, copied(_value(operation)))
        case "remove":
            return _removed(value, path)
        case "test":
            if _found(value, path) != _value(operation):
                raise PatchFailed("test failed")
            return value
        case "copy":
            return _added(value, path, copied(_found(value, _from(operation))))
        case "move":
            source = _from(operation)
            moved = _found(value, source)
            return _added(_removed(value, source), path, moved)
    raise PatchFailed("unknown operation")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchFailed("an operation needs a value")
    return operation["value"]


def _from(operation: dict[str, Any]) -> list[str]:
    if not isinstance(operation.get("from"), str):
        raise PatchFailed("an operation needs a from")
    return _pointer(operation["from"])


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise PatchFailed("a path begins with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(values: list[Any], name: str, past_end: int = 0) -> int:
    if not name.isdecimal() or int(name) >= len(values) + past_end:
        raise PatchFailed(f"no item {name}")
    return int(name)


def _found(value: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list):
            value = value[_index(value, name)]
        else:
            raise PatchFailed(f"nothing at {name}")
    return value


def _added(value: Any, path: list[str], new: Any) -> Any:
    if not path:
        return new
    parent, name = _found(value, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[name] = new
    elif isinstance(parent, list):
        parent.insert(len(parent) if name == "-" else _index(parent, name, past_end=1), new)
    else:
        raise PatchFailed(f"nothing can be added at {name}")
    return value


def _replaced(value: Any, path: list[str], new: Any) -> Any:
    """Replace a member; a missing one of an existing map is added, as Kubernetes' library does."""
    if not path:
        return new
    parent, name = _found(value, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[name] = new
    elif isinstance(parent, list):
        parent[_index(parent, name)] = new
    else:
        raise PatchFailed(f"nothing to replace at {name}")
    return value


def _removed(value: Any, path: list[str]) -> Any:
    if not path:
        raise PatchFailed("the whole object cannot be removed")
    parent, name = _found(value, path[:-1]), path[-1]
    if isinstance(parent, dict) and name in parent:
        del parent[name]
    elif isinstance(parent, list):
        del parent[_index(parent, name)]
    else:
        raise PatchFailed(f"nothing to remove at {name}")
    return value
