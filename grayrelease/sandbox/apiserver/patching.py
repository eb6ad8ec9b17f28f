"""PATCH in its four forms, and PUT."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver import (
    apply,
    decoding,
    defaults,
    errors,
    last_applied,
    ownership,
    patches,
    receiving,
    strategic,
    views,
)
from grayrelease.sandbox.apiserver.booking import Applied
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, metadata_of
from grayrelease.sandbox.apiserver.ownership import Manager
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions
from grayrelease.sandbox.apiserver.writes import CREATED, OK, Answer, Writer

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
FAILED_PATCH = "the server rejected our request due to an error in our request"


def create(writer: Writer, place: Place, text: bytes, options: WriteOptions) -> Answer:
    """POST: create an object."""
    body, repeated = decoding.parse_json(text)
    item, warnings = _received(body, text, repeated, place, options)
    return Answer(CREATED, writer.create(place, item, options), warnings)


def replace(writer: Writer, place: Place, text: bytes, options: WriteOptions) -> Answer:
    """PUT: replace an object, or create it where its type allows that."""
    body, repeated = decoding.parse_json(text)
    item, warnings = _received(body, text, repeated, place, options)
    live = writer.live(place)
    if live is None and place.resource.created_by_put and not place.subresource:
        return Answer(CREATED, writer.create(place, item, options), warnings)
    if live is None:
        raise place.not_found()
    _check_replacement(place, live, metadata_of(item))
    return Answer(OK, writer.update(place, live, item, options), warnings)


def _check_replacement(place: Place, live: Object, metadata: Object) -> None:
    """A PUT must speak of the object that is there, in the version that is there if it names one."""
    here, uid = live["metadata"], metadata.get("uid")
    if uid and uid != here["uid"]:
        key = "/".join(filter(None, ("/registry", place.resource.plural, place.namespace, place.name)))
        why = (
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {here['uid']}"
        )
        raise place.conflict(why)
    version = metadata.get("resourceVersion")
    if not version and place.resource.custom:
        cause = errors.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
        raise errors.invalid(place.resource.plural, place.group, place.name, [cause])
    check_version(place, live, version)


def check_version(place: Place, live: Object, version: Any) -> None:
    """Refuse a write that was made for another version (409)."""
    if version and version != live["metadata"]["resourceVersion"]:
        raise place.conflict()


def _received(
    body: Any, text: bytes, repeated: list[str], place: Place, options: WriteOptions
) -> tuple[Object, list[str]]:
    item = receiving.named(receiving.identified(body, place, text), place)
    complaints = receiving.unknown(item, repeated, place, options)
    if complaints and options.field_validation == "Strict":
        raise receiving.strict_error(complaints, place)
    return receiving.well_formed(item, place), complaints


def patch(writer: Writer, place: Place, media_type: str, text: bytes, options: WriteOptions) -> Answer:
    """PATCH: change an object by a patch of any form; an apply creates it if need be."""
    _check_media_type(place, media_type)
    if media_type == APPLY_PATCH:
        return _apply(writer, place, decoding.parse_yaml(text), options)
    if options.force is not None:
        raise errors.invalid_options(
            "PatchOptions", errors.forbidden("force", "may not be specified for non-apply patch")
        )
    live = writer.found(place)
    body, repeated = decoding.parse_json(text)
    before = views.from_storage(live, place.resource, place.version)
    after = patched(before, body, media_type, place)
    item = receiving.named(receiving.identified(after, place), place)
    complaints = receiving.unknown(item, repeated, place, options)
    if complaints and options.field_validation == "Strict":
        raise _strict_patch_error(complaints, body)
    check_version(place, live, metadata_of(item).get("resourceVersion"))
    received = receiving.well_formed(item, place)
    return Answer(OK, writer.update(place, live, received, options), complaints)


def _check_media_type(place: Place, media_type: str) -> None:
    accepted = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]
    if media_type not in accepted:
        raise errors.unsupported_media_type()
    if place.resource.custom and media_type == STRATEGIC_PATCH:
        accepted.remove(STRATEGIC_PATCH)
        raise errors.unsupported_media_type(", ".join(accepted))


def patched(before: Object, body: Any, media_type: str, place: Place) -> Any:
    """An object after a patch that is no apply; raises ApiError where the patch cannot be carried out."""
    if media_type == JSON_PATCH:
        if not isinstance(body, list):
            raise errors.bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
        try:
            return patches.json_patched(before, body)
        except patches.PatchFailed as problem:
            raise errors.error(422, FAILED_PATCH, "Invalid", {}) from problem
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding patch: expected a JSON object")
    if media_type == MERGE_PATCH:
        return patches.merge_patched(before, body)
    try:
        return strategic.patched(before, body, place.schema)
    except strategic.PatchRefused as problem:
        raise errors.error(500, str(problem)) from problem


def _strict_patch_error(complaints: list[str], body: Any) -> errors.ApiError:
    message = (
        f"Invalid value: {errors.shown(errors.shown(body))}: strict decoding error: {', '.join(complaints)}"
    )
    cause = Cause("FieldValueInvalid", message, "patch")
    told = {"causes": [cause.as_object()]}
    return errors.error(422, f' "" is invalid: patch: {message}', "Invalid", told)


def _apply(writer: Writer, place: Place, body: Any, options: WriteOptions) -> Answer:
    """Server-side apply."""
    manager = _applier(place, options)
    config = receiving.named(_configuration(body, place), place)
    if "namespace" not in metadata_of(body):
        config["metadata"].pop("namespace", None)
    live = writer.live(place)
    if live is None:
        writer.check_namespace(place, place.name)
        if place.subresource:
            raise place.not_found()
    apply.configuration(config, place.schema, place.kind)
    config = _writable_part(config, place)
    if live is None:
        return _apply_new(writer, place, config, manager, options)
    check_version(place, live, config["metadata"].get("resourceVersion"))
    before = views.from_storage(live, place.resource, place.version)
    managers = ownership.read(live)
    if not managers:
        empty = defaults.empty(place.kind, place.resource.custom)
        managers = ownership.booked_before_apply(before, place.schema, empty, place.api_version)
    force = bool(options.force) or last_applied.may_take(before, config, place.schema, manager, managers)
    result, owners = apply.applied(before, config, place.schema, manager, managers, force)
    result = last_applied.renewed(result, config, manager)
    received = receiving.well_formed(receiving.named(result, place), place)
    stored = writer.update(place, live, received, options, Applied(owners, manager))
    return Answer(OK, stored)


def _apply_new(
    writer: Writer, place: Place, config: Object, manager: Manager, options: WriteOptions
) -> Answer:
    uid = config["metadata"].get("uid")
    if uid:
        raise place.conflict(
            f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        )
    _, owners = apply.applied({}, config, place.schema, manager, {}, force=False)
    item = receiving.well_formed(receiving.named(config, place), place)
    return Answer(CREATED, writer.create(place, item, options, Applied(owners, manager)))


def _applier(place: Place, options: WriteOptions) -> Manager:
    if not options.manager_given:
        cause = errors.required("fieldManager", "is required for apply patch")
        raise errors.invalid_options("PatchOptions", cause)
    return Manager(options.field_manager, "Apply", place.api_version, place.subresource)


def _configuration(body: Any, place: Place) -> Object:
    """Check what an applied configuration must say: apiVersion, kind, no managedFields."""
    if not isinstance(body, dict):
        raise errors.bad_request("error decoding YAML: expected an object")
    receiving.check_identity(body)
    version, kind = body.get("apiVersion") or "", body.get("kind") or ""
    if not version or not kind:
        shown = version if "/" in version else f"/{version}"
        raise errors.bad_request(f"invalid object type: {shown}, Kind={kind}")
    if metadata_of(body).get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    return receiving.identified(body, place)


def _writable_part(config: Object, place: Place) -> Object:
    """What an apply may write: the status subresource only status, the object itself all but status."""
    if place.subresource == "status":
        kept = ("name", "namespace", "resourceVersion", "uid")
        metadata = {key: part for key, part in config["metadata"].items() if key in kept}
        identity = {key: config[key] for key in ("apiVersion", "kind")}
        return (
            identity | {"metadata": metadata} | ({"status": config["status"]} if "status" in config else {})
        )
    if place.resource.has_status:
        return {key: part for key, part in config.items() if key != "status"}
    return config
