"""Short ways to write OpenAPI schemas down."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node

TEXT: Node = {"type": "string"}
WHOLE: Node = {"type": "integer"}
COUNT: Node = {"type": "integer", "minimum": 0, "maximum": 4294967295}
NUMBER: Node = {"type": "number"}
FLAG: Node = {"type": "boolean"}
ANY: Node = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TIME: Node = {"type": "string", "format": "date-time"}


def record(required: str = "", /, **properties: Node) -> Node:
    """A map with these members; `required` names those that must be there. A trailing _ is cut off."""
    node: Node = {
        "type": "object",
        "properties": {name.removesuffix("_"): part for name, part in properties.items()},
    }
    return {**node, "required": required.split()} if required else node


def many(item: Node, **more: Any) -> Node:
    return {"type": "array", "items": item, **more}


def keyed(item: Node, *keys: str) -> Node:
    """A list whose items are told apart by these members."""
    return many(item, **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)})


def mapping(value: Node) -> Node:
    return {"type": "object", "additionalProperties": value}


def choice(*values: str) -> Node:
    return {"type": "string", "enum": list(values)}


def with_default(node: Node, value: Any) -> Node:
    return {**node, "default": value}


def rules(node: Node, *texts: tuple[str, str]) -> Node:
    """A node with validation rules (CEL), each with its message."""
    return {
        **node,
        "x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in texts],
    }


def exactly_one(node: Node, *names: str) -> Node:
    """A map that has at most one of some members."""
    none = {"not": {"anyOf": [{"required": [name]} for name in names]}}
    return {**node, "oneOf": [none, *({"required": [name]} for name in names)]}


def definition(
    group: str,
    kind: str,
    plural: str,
    versions: dict[str, Node],
    storage: str,
    *,
    short_names: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    columns: tuple[Object, ...] = (),
    scope: str = "Namespaced",
) -> Object:
    """A CustomResourceDefinition with a status subresource, from the schemas of its versions."""
    names: Object = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    if short_names:
        names["shortNames"] = list(short_names)
    if categories:
        names["categories"] = list(categories)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == storage,
                    "schema": {"openAPIV3Schema": node},
                    "subresources": {"status": {}},
                    **({"additionalPrinterColumns": list(columns)} if columns else {}),
                }
                for version, node in versions.items()
            ],
        },
    }


def column(name: str, path: str, kind: str = "string") -> Object:
    return {"name": name, "jsonPath": path, "type": kind}


AGE = column("Age", ".metadata.creationTimestamp", "date")
