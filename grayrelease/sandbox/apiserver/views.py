"""One stored object, several served forms: other versions of custom types, two groups of Events."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver.builtin import CORE_EVENTS, EVENTS
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.resources import Resource

RENAMED = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "reportingComponent": "reportingController",
}
"""Members of a core Event and what events.k8s.io calls them."""

BACK = {new: old for old, new in RENAMED.items()}
SELECTOR_FIELDS = {"regarding": "involvedObject", "reportingController": "reportingComponent"}


def table_name(resource: Resource) -> str:
    """Where the objects of a type are kept: Events of both groups are the same objects."""
    return CORE_EVENTS.name if resource is EVENTS else resource.name


def to_storage(item: Object, resource: Resource) -> Object:
    """An object as it is stored."""
    if resource is EVENTS:
        return {**{BACK.get(key, key): part for key, part in item.items()}, "apiVersion": "v1"}
    if item.get("apiVersion") == resource.storage_version:
        return item
    return {**item, "apiVersion": resource.storage_version}


def from_storage(item: Object, resource: Resource, version: str) -> Object:
    """A stored object as a type and version show it."""
    if resource is EVENTS:
        shown: Object = {RENAMED.get(key, key): part for key, part in item.items()}
        return {**shown, "apiVersion": "events.k8s.io/v1"}
    wanted = resource.api_version(version)
    return item if item["apiVersion"] == wanted else {**item, "apiVersion": wanted}


def selector_path(path: str, resource: Resource) -> str:
    """The stored path that a field selector of a type names."""
    if resource is not EVENTS:
        return path
    first, dot, rest = path.partition(".")
    return SELECTOR_FIELDS.get(first, first) + dot + rest


def scale_of(item: Object, resource: Resource, version: str) -> Object:
    """The Scale of an object that has replicas."""
    metadata = item["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    paths = scale_paths(resource, version)
    spec, status = _read(item, paths["specReplicasPath"]), _read(item, paths["statusReplicasPath"])
    scale: Object = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec} if spec else {},
        "status": {"replicas": status or 0},
    }
    if selector := _selector_text(item, resource, paths):
        scale["status"]["selector"] = selector
    return scale


SCALE_PATHS: Object = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def scale_paths(resource: Resource, version: str) -> Object:
    """Where an object's replicas and selector are."""
    declared: Object = resource.definition_version(version).get("subresources") or {}
    return declared.get("scale") or SCALE_PATHS


def _read(item: Any, path: str) -> Any:
    for name in path.strip(".").split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _selector_text(item: Object, resource: Resource, paths: Object) -> str:
    if resource.custom:
        return str(_read(item, paths["labelSelectorPath"]) or "") if paths.get("labelSelectorPath") else ""
    labels = (item["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))
