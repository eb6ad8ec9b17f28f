"""What controllers do to objects: writes and events as data, owners, selectors, conditions."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Object = dict[str, Any]
Verb = Literal["create", "replace", "status", "annotate", "delete"]

GROUPS: Mapping[str, tuple[str, str]] = {
    "Deployment": ("/apis/apps/v1", "deployments"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": ("/api/v1", "events"),
    "Pod": ("/api/v1", "pods"),
}


@dataclass(frozen=True)
class Write:
    """One call: `annotate` merges the `annotations`, `status` replaces the status only."""

    verb: Verb
    item: Object
    annotations: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Note:
    """An Event about an object; `{made}` in the message is the name of what was created before it."""

    about: Object
    reason: str
    message: str


Step = Write | Note


def collection(kind: str, namespace: str) -> str:
    """Give the path of a kind's objects in a namespace."""
    prefix, plural = GROUPS[kind]
    return f"{prefix}/namespaces/{namespace}/{plural}"


def path_of(item: Object) -> str:
    """Give the path of an object of a kind that controllers write."""
    return f"{collection(item['kind'], item['metadata']['namespace'])}/{item['metadata']['name']}"


def controller_of(item: Object) -> Object | None:
    """Find the owner reference of the controller of an object."""
    owners: list[Object] = item["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def owned_by(item: Object, owner: Object) -> bool:
    """Tell whether `owner` controls the object."""
    reference = controller_of(item)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def reference_to(owner: Object) -> Object:
    """Make the owner reference of a controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_deleting(item: Object) -> bool:
    """Tell whether the object waits for its deletion."""
    return "deletionTimestamp" in item["metadata"]


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Evaluate a LabelSelector; an absent one selects nothing."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(rule, labels) for rule in selector.get("matchExpressions") or []
    )


def labels_of(item: Object) -> Mapping[str, str]:
    """Give the labels of an object."""
    return item["metadata"].get("labels") or {}


def condition(item: Object, name: str) -> Object | None:
    """Find a condition of an object's status."""
    conditions: list[Object] = (item.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found["type"] == name), None)


def is_true(item: Object, name: str) -> bool:
    """Tell whether a condition of an object is True."""
    found = condition(item, name)
    return found is not None and found["status"] == "True"


def with_status(item: Object, status: Object) -> list[Step]:
    """Write the status, unless it is what the object has."""
    if (item.get("status") or {}) == status:
        return []
    return [Write("status", {**item, "status": status})]


def changed(item: Object) -> Object:
    """Copy an object to change it."""
    return copy.deepcopy(item)


def template_hash(template: Object, collisions: int) -> str:
    """Name a pod template in the letters that cannot make a word."""
    text = json.dumps([template, collisions], sort_keys=True).encode()
    letters = "bcdfghjklmnpqrstvwxz2456789"
    return "".join(letters[byte % len(letters)] for byte in hashlib.sha256(text).digest()[:10])


def oldest_first(items: Iterable[Object]) -> list[Object]:
    """Order objects by creation, then name."""
    return sorted(
        items, key=lambda item: (item["metadata"].get("creationTimestamp", ""), item["metadata"]["name"])
    )


def _expression(rule: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(rule["key"]), rule.get("values") or []
    match rule["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
