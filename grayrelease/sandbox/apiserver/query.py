"""What a request asks for, read from its path, query and headers."""

from __future__ import annotations

from dataclasses import dataclass

from multidict import MultiMapping

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.errors import Cause

TRUE = frozenset({"true", "1", "True", "TRUE", "t", "T"})


@dataclass(frozen=True)
class Target:
    """The parts of an API path; `version` is "" where the path ends before it."""

    group: str
    version: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


def target(path: str) -> Target | None:
    """Read a path below /api or /apis; None if it is neither."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 1:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 2:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = bool(rest) and rest[0] == "watch"
    rest = rest[1:] if watch else rest
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    named = [*rest, "", "", ""][:3]
    return Target(group, version, named[0], namespace, named[1], named[2], watch)


@dataclass(frozen=True)
class WriteOptions:
    """How a write is to be done."""

    dry_run: bool = False
    field_manager: str = ""
    manager_given: bool = False
    field_validation: str = "Warn"
    force: bool | None = None


def write_options(query: MultiMapping[str], user_agent: str, kind: str) -> WriteOptions:
    """Read a write's parameters; `kind` (CreateOptions, …) is named in refusals."""
    dry_run = [value for value in query.getall("dryRun", []) if value]
    if any(value != "All" for value in dry_run):
        raise errors.invalid_options(kind, errors.not_supported("dryRun", dry_run, ["All"]))
    validation = query.get("fieldValidation", "")
    if validation not in ("", "Ignore", "Strict", "Warn"):
        choices = ["", "Ignore", "Strict", "Warn"]
        raise errors.invalid_options(kind, errors.not_supported("fieldValidation", validation, choices))
    manager = query.get("fieldManager", "")
    if len(manager) > 128:
        raise errors.invalid_options(
            kind, Cause("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager")
        )
    force = query["force"] in TRUE if "force" in query else None
    return WriteOptions(
        dry_run=bool(dry_run),
        field_manager=manager or user_agent.split("/")[0] or "unknown",
        manager_given=bool(manager),
        field_validation=validation or "Warn",
        force=force,
    )


def number(query: MultiMapping[str], name: str) -> int | None:
    """Read a whole number; 400 with Go's words if it is none."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError as problem:
        message = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise errors.bad_request(message) from problem


def resource_version(query: MultiMapping[str]) -> int | None:
    """Read resourceVersion; None if it is not given, 500 (as Kubernetes) if it is no number."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isdecimal():
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise errors.error(500, f"resourceVersion: Invalid value: {errors.shown(text)}: {why}")
    return int(text)
