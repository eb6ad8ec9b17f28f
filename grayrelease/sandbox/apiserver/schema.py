"""Schemas of types: OpenAPI v3 as plain maps, with references resolved once.

A node is what `openAPIV3Schema` of a CustomResourceDefinition holds; the built-in types use the same
form (with Kubernetes' `x-kubernetes-*` extensions), so that pruning, patches and apply have one source.
`schemas/builtin.json` was made from the models of the `kubernetes` Python client (Apache License 2.0).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from grayrelease.sandbox.apiserver.objects import Object

Node = dict[str, Any]

REFERENCE = "#/components/schemas/"
METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
ANYTHING: Node = {"x-kubernetes-preserve-unknown-fields": True}


@cache
def document() -> Object:
    """The OpenAPI document of the built-in types, references unresolved."""
    text = (Path(__file__).parent / "schemas" / "builtin.json").read_text()
    loaded: Object = json.loads(text)
    return loaded


@cache
def definitions() -> dict[str, Node]:
    """All built-in types by name, every reference replaced by the node it names."""
    schemas: dict[str, Node] = json.loads(json.dumps(document()["components"]["schemas"]))
    for node in schemas.values():
        _link(node, schemas)
    return schemas


def _link(node: Any, schemas: dict[str, Node]) -> None:
    """Resolve the references below a node in place."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(entries):
        if isinstance(child, dict) and isinstance(child.get("$ref"), str):
            node[key] = _Linked(child, schemas) if len(child) > 1 else _target(child, schemas)
        else:
            _link(child, schemas)


def _target(child: Node, schemas: dict[str, Node]) -> Node:
    return schemas[child["$ref"].removeprefix(REFERENCE)]


class _Linked(dict[str, Any]):
    """A referred-to node with extensions of its own beside the reference."""

    def __init__(self, child: Node, schemas: dict[str, Node]) -> None:
        own = {key: value for key, value in child.items() if key != "$ref"}
        super().__init__({**_target(child, schemas), **own})


@cache
def kinds() -> dict[str, str]:
    """Names of definitions by `group/version/Kind` (`v1/Pod` for the core group)."""
    found = {}
    for name, node in document()["components"]["schemas"].items():
        for gvk in node.get("x-kubernetes-group-version-kind", []):
            prefix = f"{gvk['group']}/" if gvk["group"] else ""
            found[f"{prefix}{gvk['version']}/{gvk['kind']}"] = name
    return found


def builtin(api_version: str, kind: str) -> Node:
    """The schema of a built-in type."""
    return definitions()[kinds()[f"{api_version}/{kind}"]]


def of_custom_resource(version: Object) -> Node:
    """The schema of one version of a CustomResourceDefinition, metadata included."""
    declared = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    standard = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    properties = {**declared.get("properties", {}), **standard, "metadata": definitions()[METADATA]}
    return {**declared, "type": "object", "properties": properties}


def keeps_unknown(node: Node) -> bool:
    return bool(node.get("x-kubernetes-preserve-unknown-fields"))


def is_map(node: Node) -> bool:
    return node.get("type") == "object" or "properties" in node


def member(node: Node, key: str) -> Node | None:
    """The schema of a member of a map: a declared property, or of any key; None if undeclared."""
    if (found := node.get("properties", {}).get(key)) is not None:
        declared: Node = found
        return declared
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        return extra
    return ANYTHING if extra is True or keeps_unknown(node) else None


def item(node: Node) -> Node:
    """The schema of the items of a list."""
    found = node.get("items")
    return found if isinstance(found, dict) else ANYTHING


def list_keys(node: Node) -> list[str]:
    """The keys of a keyed list, empty for others."""
    keys: list[str] = node.get("x-kubernetes-list-map-keys", [])
    return keys if node.get("x-kubernetes-list-type") == "map" else []


def is_set(node: Node) -> bool:
    return node.get("x-kubernetes-list-type") == "set"


def is_atomic_map(node: Node) -> bool:
    return node.get("x-kubernetes-map-type") == "atomic"
