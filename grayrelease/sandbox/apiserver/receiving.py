"""From a request's body to an object that can be written: is it the right one, is it well formed."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from grayrelease.sandbox.apiserver import decoding, errors, schema, views
from grayrelease.sandbox.apiserver.objects import Object, metadata_of, parse_time
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions

GO_PACKAGES = {
    "": "core",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "events.k8s.io": "events",
    "networking.k8s.io": "networking",
    "apiextensions.k8s.io": "apiextensions",
}
SUMMARY_LENGTH = 30
METADATA_ONLY = {"type": "object", "properties": {"metadata": schema.definitions()[schema.METADATA]}}
QUANTITY = re.compile(r"[+-]?[0-9.]+([eEinumkKMGTP]*[-+]?[0-9]*)")
QUANTITY_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def identified(body: Any, place: Place, text: bytes = b"") -> Object:
    """Check that a body is an object of the type that its path names, and fill in kind and apiVersion.

    `text` is the body as it came, for the message.
    """
    if not isinstance(body, dict):
        raise errors.bad_request(f"json: cannot unmarshal {type(body).__name__} into Go value of type object")
    check_identity(body)
    if not place.resource.custom:
        return _builtin(body, place)
    version, kind = body.get("apiVersion"), body.get("kind")
    if not kind:
        raise _no_kind(text.decode(errors="replace"), place)
    if version != place.api_version:
        expected = f"the expected API version ({place.api_version})"
        message = f"the API version in the data ({version}) does not match {expected}"
        strange = [f'unknown field "{key}"' for key in body if key not in ("apiVersion", "kind", "metadata")]
        raise errors.ApiError(400, errors.failure(400, message, "BadRequest"), tuple(strange))
    if kind != place.kind:
        cause = errors.invalid_value("kind", kind, f"must be {place.kind}")
        raise errors.invalid(kind, place.group, metadata_of(body).get("name", ""), [cause])
    return body


def check_identity(body: Object) -> None:
    """Refuse kinds and versions that are no texts."""
    for key in ("apiVersion", "kind"):
        if body.get(key) is not None and not isinstance(body[key], str):
            raise errors.bad_request(
                f"json: cannot unmarshal {key} into Go struct field .{key} of type string"
            )


def _no_kind(text: str, place: Place) -> errors.ApiError:
    summary = text if len(text) <= SUMMARY_LENGTH else text[:SUMMARY_LENGTH] + " ..."
    message = (
        f"the object provided is unrecognized (must be of type {place.kind}): Object 'Kind' is missing in"
    )
    return errors.bad_request(f"{message} '{text}' ({summary})")


def _builtin(body: Object, place: Place) -> Object:
    version, kind = body.get("apiVersion") or place.api_version, body.get("kind") or place.kind
    if (version, kind) != (place.api_version, place.kind):
        short = version.rsplit("/", 1)[-1]
        package = GO_PACKAGES.get(place.group, place.group)
        message = (
            f'{kind} in version "{short}" cannot be handled as a {place.kind}: '
            f"converting ({short}.{kind}) to ({package}.{place.kind}): unknown conversion"
        )
        raise errors.bad_request(message)
    return {**body, "apiVersion": version, "kind": kind}


def named(item: Object, place: Place) -> Object:
    """Check that an object's name and namespace are those of the path, where it has them."""
    decoding.check_types({"metadata": item.get("metadata")}, METADATA_ONLY, place.kind)
    metadata = dict(metadata_of(item))
    namespace = metadata.get("namespace") or ""
    if place.resource.namespaced and namespace and namespace != place.namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise errors.bad_request(message)
    if place.name and (name := metadata.get("name")) != place.name:
        if not name:
            why = "was undeterminable: name must be provided"
            raise errors.bad_request(f"the name of the object ({place.name} based on URL) {why}")
        message = f"the name of the object ({name}) does not match the name on the URL ({place.name})"
        raise errors.bad_request(message)
    metadata.pop("namespace", None)
    if place.resource.namespaced:
        metadata["namespace"] = place.namespace
    return {**item, "metadata": metadata}


def unknown(item: Object, repeated: list[str], place: Place, options: WriteOptions) -> list[str]:
    """The complaints about fields that the type does not have, or that came twice."""
    if options.field_validation == "Ignore":
        return []
    paths = list(decoding.unknown_fields(item, place.schema))
    if place.resource.custom:
        paths.sort()
    strange = [f'unknown field "{path}"' for path in paths]
    return [*strange, *(f'duplicate field "{name}"' for name in repeated)]


def strict_error(complaints: list[str], place: Place) -> errors.ApiError:
    """Refuse unknown fields, as fieldValidation=Strict asks."""
    refused = f'{place.kind} in version "{place.version}" cannot be handled as a {place.kind}'
    return errors.bad_request(f"{refused}: strict decoding error: {', '.join(complaints)}")


def well_formed(item: Object, place: Place) -> Object:
    """An object in its stored form, pruned; 400 for wrong types (custom objects are checked later)."""
    node = place.schema
    if place.resource.custom:
        metadata = decoding.settled(metadata_of(item), schema.definitions()[schema.METADATA])
        return views.to_storage({**decoding.pruned(item, node), "metadata": metadata}, place.resource)
    decoding.check_types(item, node, place.kind)
    _check_values(item, node, place.kind)
    settled: Object = decoding.settled(decoding.pruned(item, node), node)
    if place.kind == "Secret" and place.group == "":
        settled = _with_string_data(settled)
    return views.to_storage(settled, place.resource)


def _check_values(value: Any, node: Any, kind: str) -> None:
    """Refuse quantities, times and base64 that are none."""
    if isinstance(value, dict):
        for key, part in value.items():
            below = node.get("properties", {}).get(key) or node.get("additionalProperties")
            if isinstance(below, dict):
                _check_values(part, below, kind)
    elif isinstance(value, list):
        for part in value:
            _check_values(part, node.get("items", {}), kind)
    elif node.get("x-kubernetes-quantity") and not QUANTITY.fullmatch(str(value)):
        raise errors.bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {QUANTITY_WORDS}')
    elif node.get("format") == "byte" and value is not None:
        _check_base64(value, kind)
    elif node.get("format") in ("date-time", "micro-time") and value is not None:
        _check_time(value, kind)


def _check_time(value: str, kind: str) -> None:
    try:
        parse_time(value)
    except ValueError as problem:
        message = f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse it'
        raise errors.bad_request(
            f'{kind} in version "v1" cannot be handled as a {kind}: {message}'
        ) from problem


def _check_base64(value: str, kind: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as problem:
        good = re.match(r"[A-Za-z0-9+/]*", value)
        position = good.end() if good else 0
        message = f"illegal base64 data at input byte {position}"
        raise errors.bad_request(
            f'{kind} in version "v1" cannot be handled as a {kind}: {message}'
        ) from problem


def _with_string_data(secret: Object) -> Object:
    """A Secret whose stringData has become data."""
    plain = secret.get("stringData") or {}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    rest = {key: part for key, part in secret.items() if key != "stringData"}
    return {**rest, "data": {**secret.get("data", {}), **encoded}} if encoded else rest
