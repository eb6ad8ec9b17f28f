"""The scale subresource: replicas without the rest."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver import (
    apply,
    decoding,
    errors,
    ownership,
    patches,
    receiving,
    schema,
    views,
)
from grayrelease.sandbox.apiserver.booking import Applied
from grayrelease.sandbox.apiserver.fields import Path
from grayrelease.sandbox.apiserver.objects import Object, copied, metadata_of, put
from grayrelease.sandbox.apiserver.ownership import Entry, Manager
from grayrelease.sandbox.apiserver.patching import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    check_version,
    patched,
)
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions
from grayrelease.sandbox.apiserver.writes import OK, Answer, Writer


def get(writer: Writer, place: Place) -> Object:
    """The Scale of an object."""
    return views.scale_of(writer.found(place), place.resource, place.version)


def replace(writer: Writer, place: Place, text: bytes, options: WriteOptions) -> Answer:
    """PUT of a Scale."""
    live = writer.found(place)
    body, _ = decoding.parse_json(text)
    return _written(writer, place, live, body, options)


def patch(writer: Writer, place: Place, media_type: str, text: bytes, options: WriteOptions) -> Answer:
    """PATCH of a Scale, an apply included."""
    if media_type not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH):
        raise errors.unsupported_media_type()
    live = writer.found(place)
    before = views.scale_of(live, place.resource, place.version)
    if media_type == APPLY_PATCH:
        return _applied(writer, place, live, decoding.parse_yaml(text), options)
    body, _ = decoding.parse_json(text)
    if media_type == STRATEGIC_PATCH:
        return _written(writer, place, live, patches.merge_patched(before, body), options)
    return _written(writer, place, live, patched(before, body, media_type, place), options)


def _written(
    writer: Writer,
    place: Place,
    live: Object,
    body: Any,
    options: WriteOptions,
    applied: Applied | None = None,
) -> Answer:
    scale: Object = body if isinstance(body, dict) else {}
    decoding.check_types(scale, schema.builtin("autoscaling/v1", "Scale"), "Scale")
    receiving.named(scale if metadata_of(scale).get("name") else {"metadata": {"name": place.name}}, place)
    check_version(place, live, metadata_of(scale).get("resourceVersion"))
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        cause = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale", "autoscaling", place.name, [cause])
    new = copied(live)
    put(new, views.scale_paths(place.resource, place.version)["specReplicasPath"], replicas)
    stored = writer.update(place, live, new, options, applied)
    return Answer(OK, views.scale_of(stored, place.resource, place.version))


def _replicas_field(place: Place) -> Path:
    path = views.scale_paths(place.resource, place.version)["specReplicasPath"]
    return tuple(f"f:{name}" for name in path.strip(".").split("."))


def _applied(writer: Writer, place: Place, live: Object, body: Any, options: WriteOptions) -> Answer:
    """Apply to a Scale: its one field is the object's replicas."""
    if not options.manager_given:
        cause = errors.required("fieldManager", "is required for apply patch")
        raise errors.invalid_options("PatchOptions", cause)
    config: Object = body if isinstance(body, dict) else {}
    decoding.check_types(config, schema.builtin("autoscaling/v1", "Scale"), "Scale")
    manager = Manager(options.field_manager, "Apply", place.api_version, place.subresource)
    managers = ownership.read(live)
    path = _replicas_field(place)
    wanted: Object = {}
    put(
        wanted,
        views.scale_paths(place.resource, place.version)["specReplicasPath"],
        (config.get("spec") or {}).get("replicas"),
    )
    _, owners = apply.applied(live, wanted, place.schema, manager, managers, bool(options.force))
    owners[manager] = Entry(frozenset({path}))
    return _written(writer, place, live, config, options, Applied(owners, manager))
