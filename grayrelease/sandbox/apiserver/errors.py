"""Kubernetes' error answers: Status objects, as a real API server words them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from grayrelease.sandbox.apiserver.objects import Object

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


@dataclass(frozen=True)
class Cause:
    """One problem of one field: a reason such as `FieldValueInvalid`, a message, a field path."""

    reason: str
    message: str
    field: str

    def as_object(self) -> Object:
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """An answer that is an error; `body` is a Status object, or a text for plain answers."""

    def __init__(self, code: int, body: Object | str, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(body if isinstance(body, str) else body.get("message", ""))
        self.code = code
        self.body = body
        self.warnings = warnings


def failure(code: int, message: str, reason: str = "", details: Object | None = None) -> Object:
    """Word a failed Status; empty `reason` and absent `details` are left out."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    status["message"] = message
    if reason:
        status["reason"] = reason
    if details is not None:
        status["details"] = details
    status["code"] = code
    return status


def error(code: int, message: str, reason: str = "", details: Object | None = None) -> ApiError:
    """Make an error from the parts of its Status."""
    return ApiError(code, failure(code, message, reason, details))


def details(name: str, group: str, kind: str) -> Object:
    """Say what an error is about; the core group is left out."""
    return {key: value for key, value in (("name", name), ("group", group), ("kind", kind)) if value}


def qualified(plural: str, group: str) -> str:
    """Name a resource with its group: `deployments.apps`."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> ApiError:
    message = f'{qualified(plural, group)} "{name}" not found'
    return error(404, message, "NotFound", details(name, group, plural))


def unknown_resource() -> ApiError:
    return error(404, "the server could not find the requested resource", "NotFound", {})


def page_not_found() -> ApiError:
    return ApiError(404, "404 page not found\n")


def already_exists(plural: str, group: str, name: str, terminating: bool = False) -> ApiError:
    prefix = "object is being deleted: " if terminating else ""
    message = f'{prefix}{qualified(plural, group)} "{name}" already exists'
    return error(409, message, "AlreadyExists", details(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str = MODIFIED) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return error(409, message, "Conflict", details(name, group, plural))


def bad_request(message: str) -> ApiError:
    return error(400, message, "BadRequest")


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return error(405, message, "MethodNotAllowed", {})


def unsupported_media_type(accepted: str = "") -> ApiError:
    if not accepted:
        return error(415, "415: Unsupported Media Type", "UnsupportedMediaType", {})
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return error(415, message, "UnsupportedMediaType")


def invalid(kind: str, group: str, name: str, causes: list[Cause]) -> ApiError:
    """Refuse an object for its fields (422); several problems are listed in brackets."""
    listed = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = listed[0] if len(listed) == 1 else "[" + ", ".join(listed) + "]"
    told = details(name, group, kind)
    told["causes"] = [cause.as_object() for cause in causes]
    return error(422, f'{qualified(kind, group)} "{name}" is invalid: {text}', "Invalid", told)


def invalid_options(kind: str, cause: Cause) -> ApiError:
    """Refuse query parameters or DeleteOptions (422)."""
    return invalid(kind, "meta.k8s.io", "", [cause])


def shown(value: Any) -> str:
    """Write a refused value as Go does in messages: strings quoted, null as null."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", field)


def invalid_value(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {why}", field)


def forbidden(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def not_supported(field: str, value: Any, supported: list[str]) -> Cause:
    choices = ", ".join(f'"{choice}"' for choice in supported)
    return Cause(
        "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {choices}", field
    )
