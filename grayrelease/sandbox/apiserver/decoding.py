"""Bodies as types see them: unknown fields found and pruned, wrong types refused, empty values dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from grayrelease.sandbox.apiserver import errors, schema
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node

JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
GO_TYPES = {"string": "string", "integer": "int32", "number": "float64", "boolean": "bool"}
GO_VALUES: dict[type, str] = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
}
OMITTED_FALSE = frozenset(
    {"paused", "hostNetwork", "hostPID", "hostIPC", "unschedulable", "stdin", "stdinOnce", "tty", "readOnly"}
    | {"publishNotReadyAddresses", "isolated"}
)
OMITTED_ZERO = frozenset(
    {"minReadySeconds", "initialDelaySeconds", "hostPort", "nodePort", "healthCheckNodePort"}
)
OF_NODES = frozenset({"bootID", "machineID", "systemUUID", "kubeProxyVersion"})
KEPT_BLANK = OF_NODES | {"imageID", "image", "fieldPath", "apiGroup"}


def parse_json(text: bytes) -> tuple[Any, list[str]]:
    """Read a JSON body: the value and the names of members given twice; 400 if it is no JSON."""
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> Object:
        found: Object = {}
        for key, value in pairs:
            if key in found:
                repeated.append(key)
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=members), repeated
    except ValueError as problem:
        raise errors.bad_request(f"the object provided is unrecognized: {problem}") from problem


def parse_yaml(text: bytes) -> Any:
    """Read a YAML body (JSON is a part of YAML, and is read faster); 400 if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise errors.bad_request(f"error decoding YAML: {problem}") from problem


def unknown_fields(value: Any, node: Node, path: str = "") -> Iterator[str]:
    """The paths of members that a schema does not declare, in the order of the body."""
    if isinstance(value, dict) and schema.is_map(node):
        for key, part in value.items():
            below = schema.member(node, key)
            place = f"{path}.{key}" if path else key
            if below is None:
                yield place
            else:
                yield from unknown_fields(part, below, place)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from unknown_fields(part, schema.item(node), f"{path}[{index}]")


def pruned(value: Any, node: Node) -> Any:
    """A value without what its schema does not declare."""
    if isinstance(value, dict) and schema.is_map(node):
        kept = {}
        for key, part in value.items():
            if (below := schema.member(node, key)) is not None:
                kept[key] = pruned(part, below)
        return kept
    if isinstance(value, list):
        return [pruned(part, schema.item(node)) for part in value]
    return value


def check_types(value: Any, node: Node, kind: str, go_type: str = "", path: str = "") -> None:
    """Refuse wrong JSON types in a built-in object: 400, as Kubernetes' decoder does."""
    if value is None:
        return
    expected = node.get("type", "")
    wanted = JSON_TYPES.get(expected)
    wrong = wanted is not None and not isinstance(value, wanted)
    if wrong or (isinstance(value, bool) and expected in ("integer", "number")):
        raise _mismatch(value, expected, kind, path)
    if isinstance(value, dict):
        for key, part in value.items():
            below = schema.member(node, key) or schema.ANYTHING
            check_types(part, below, kind, go_type, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            check_types(part, schema.item(node), kind, go_type, path)


def _mismatch(value: Any, expected: str, kind: str, path: str) -> errors.ApiError:
    found = GO_VALUES[type(value)]
    target = GO_TYPES.get(expected, expected)
    message = f"json: cannot unmarshal {found} into Go struct field {kind}.{path} of type {target}"
    version = f'{kind} in version "v1" cannot be handled as a {kind}: {message}'
    return errors.bad_request(version)


def settled(value: Any, node: Node, key: str = "") -> Any:
    """A built-in value as the server writes it: no nulls, no empty lists or maps, no omitted zeros."""
    if isinstance(value, dict) and schema.is_map(node):
        return _settled_map(value, node)
    if isinstance(value, list):
        return [_settled_entry(part, schema.item(node)) for part in value]
    return value


def _settled_map(value: Object, node: Node) -> Object:
    free = isinstance(node.get("additionalProperties"), dict)
    result = {}
    for key, part in value.items():
        below = schema.member(node, key) or schema.ANYTHING
        if free:
            result[key] = _settled_entry(part, below)
        elif not _is_omitted(key, part, below):
            result[key] = settled(part, below, key)
    return result


def _settled_entry(part: Any, node: Node) -> Any:
    """A value of a list or of a map with free keys, where null becomes the empty value of its type."""
    if part is None:
        return {"string": "", "object": {}}.get(node.get("type", ""))
    return settled(part, node)


def _is_omitted(key: str, part: Any, node: Node) -> bool:
    if part is None:
        return True
    if part == "" and key not in KEPT_BLANK and node.get("type") == "string":
        return True
    if isinstance(part, list) and not part:
        return not schema.keeps_unknown(node)
    if isinstance(part, dict) and not part:
        return "additionalProperties" in node
    return (part is False and key in OMITTED_FALSE) or (
        part == 0 and key in OMITTED_ZERO and part is not False
    )
