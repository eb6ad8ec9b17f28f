"""Custom objects against the schema of their definition: defaults, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grayrelease.sandbox.apiserver import errors, rules, schema
from grayrelease.sandbox.apiserver.decoding import JSON_TYPES
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, copied
from grayrelease.sandbox.apiserver.schema import Node

UNCHECKED = errors.invalid_value(
    "<nil>",
    None,
    "some validation rules were not checked because the object was invalid; correct the existing errors to "
    "complete validation",
)
BLOCKING = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
"""Problems that keep the server from evaluating rules."""

QUOTED_TYPE = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


def with_defaults(value: Any, node: Node) -> Any:
    """A value with the defaults of its schema filled in, also in the place of a null that is not allowed."""
    if isinstance(value, dict):
        result = dict(value)
        for key, below in node.get("properties", {}).items():
            if "default" in below and (
                key not in result or (result[key] is None and not below.get("nullable"))
            ):
                result[key] = copied(below["default"])
        for key, part in result.items():
            result[key] = with_defaults(part, schema.member(node, key) or schema.ANYTHING)
        return result
    if isinstance(value, list):
        return [with_defaults(part, schema.item(node)) for part in value]
    return value


def problems(item: Object, node: Node) -> list[Cause]:
    """What a custom object's schema refuses; rules (CEL) wait until types and members are right."""
    spared = {key: value for key, value in item.items() if key not in ("metadata", "apiVersion", "kind")}
    checked = {
        **node,
        "properties": {key: node["properties"][key] for key in spared if key in node["properties"]},
    }
    found = list(_value(spared, checked, ""))
    if any(cause.reason in BLOCKING for cause in found):
        return [*found, UNCHECKED] if _has_rules(node) else found
    return [*found, *_rules(spared, checked, "")]


def _has_rules(node: Any) -> bool:
    if isinstance(node, dict):
        return "x-kubernetes-validations" in node or any(
            _has_rules(part) for key, part in node.items() if key != "metadata"
        )
    return isinstance(node, list) and any(_has_rules(part) for part in node)


def _value(value: Any, node: Node, path: str) -> Iterator[Cause]:
    if value is None and node.get("nullable"):
        return
    expected = "" if node.get("x-kubernetes-int-or-string") else node.get("type", "")
    if expected and not _is(value, expected):
        yield _wrong_type(value, expected, path)
        return
    if "enum" in node and value not in node["enum"]:
        yield errors.not_supported(path, value, [str(choice) for choice in node["enum"]])
    if isinstance(value, str):
        yield from _text(value, node, path)
    elif isinstance(value, int | float):
        yield from _number(value, node, path)
    elif isinstance(value, list):
        yield from _list(value, node, path)
    elif isinstance(value, dict):
        yield from _map(value, node, path)
    if "oneOf" in node:
        yield from _one_of(value, node["oneOf"], path)


def _is(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    if expected == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, JSON_TYPES.get(expected, object))


def _wrong_type(value: Any, expected: str, path: str) -> Cause:
    told = "null" if value is None else QUOTED_TYPE[type(value)]
    return Cause(
        "FieldValueTypeInvalid",
        f'Invalid value: "{told}": {path} in body must be of type {expected}: "{told}"',
        path,
    )


def _text(value: str, node: Node, path: str) -> Iterator[Cause]:
    if (limit := node.get("maxLength")) is not None and len(value) > limit:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", path)
    elif (least := node.get("minLength")) is not None and len(value) < least:
        yield errors.invalid_value(path, value, f"{path} in body should be at least {least} chars long")
    elif (pattern := node.get("pattern")) and not re.search(pattern, value):
        yield errors.invalid_value(path, value, f"{path} in body should match '{pattern}'")


def _number(value: float, node: Node, path: str) -> Iterator[Cause]:
    least, most = node.get("minimum"), node.get("maximum")
    if least is not None and value < least:
        yield errors.invalid_value(path, value, f"{path} in body should be greater than or equal to {least}")
    if most is not None and value > most:
        yield errors.invalid_value(path, value, f"{path} in body should be less than or equal to {most}")


def _list(values: list[Any], node: Node, path: str) -> Iterator[Cause]:
    if (most := node.get("maxItems")) is not None and len(values) > most:
        yield Cause("FieldValueTooMany", f"Too many: {len(values)}: must have at most {most} items", path)
        return
    if (least := node.get("minItems")) is not None and len(values) < least:
        yield errors.invalid_value(path, len(values), f"{path} in body should have at least {least} items")
    below = schema.item(node)
    for index, value in enumerate(values):
        yield from _value(value, below, f"{path}[{index}]")
    yield from _repeated(values, node, path)


def _repeated(values: list[Any], node: Node, path: str) -> Iterator[Cause]:
    keys = schema.list_keys(node)
    if not keys and not schema.is_set(node):
        return
    seen: list[Any] = []
    for index, value in enumerate(values):
        if keys and not isinstance(value, dict):
            continue
        name = {key: value[key] for key in keys if key in value} if keys else value
        if name in seen and name != {}:
            yield errors.duplicate(f"{path}[{index}]", name)
        seen.append(name)


def _map(value: Object, node: Node, path: str) -> Iterator[Cause]:
    def place(key: str) -> str:
        return f"{path}.{key}" if path else key

    for key, part in value.items():
        if (below := schema.member(node, key)) is not None:
            yield from _value(part, below, place(key))
    for key in node.get("required", ()):
        if key not in value:
            yield errors.required(place(key))
    if (most := node.get("maxProperties")) is not None and len(value) > most:
        yield Cause("FieldValueTooMany", f"Too many: {len(value)}: must have at most {most} items", path)


def _one_of(value: Any, choices: list[Node], path: str) -> Iterator[Cause]:
    """Exactly one alternative must hold; they tell apart which members are there."""
    fitting = sum(_holds(value, choice) for choice in choices)
    if fitting != 1:
        told = "Found none valid" if not fitting else f"Found {fitting} valid alternatives"
        why = f'"{path}" must validate one and only one schema (oneOf). {told}'
        yield errors.invalid_value("<nil>", "", why)


def _holds(value: Any, choice: Node) -> bool:
    if "not" in choice and _holds(value, choice["not"]):
        return False
    if "anyOf" in choice and not any(_holds(value, each) for each in choice["anyOf"]):
        return False
    return all(key in value for key in choice.get("required", ()))


def _rules(value: Any, node: Node, path: str) -> Iterator[Cause]:
    for rule in node.get("x-kubernetes-validations", ()):
        if (problem := rules.broken(value, rule)) is not None:
            yield Cause("FieldValueInvalid", problem, path)
    if isinstance(value, dict):
        for key, part in value.items():
            if (below := schema.member(node, key)) is not None:
                yield from _rules(part, below, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _rules(part, schema.item(node), f"{path}[{index}]")
