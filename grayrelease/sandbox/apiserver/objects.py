"""Plain JSON objects and what all of them have: metadata, times, paths."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""

SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5
MAX_GENERATED_PREFIX = 63 - SUFFIX_LENGTH


def copied(value: Any) -> Any:
    """Copy JSON deeply, so that stored objects are never changed in place."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def now_text(later_s: float = 0) -> str:
    """The present moment, or one some seconds later, as Kubernetes writes times: UTC, whole seconds."""
    return (datetime.now(UTC) + timedelta(seconds=later_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time; ValueError if it is none."""
    return datetime.fromisoformat(text)


def new_uid() -> str:
    return str(uuid.uuid4())


def generated_name(prefix: str) -> str:
    """Append five random characters to a generateName, cutting it to what a label may hold."""
    suffix = "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))
    return prefix[:MAX_GENERATED_PREFIX] + suffix


def metadata_of(item: Object) -> Object:
    """The metadata of an object, empty where it has none or something else."""
    found = item.get("metadata")
    return found if isinstance(found, dict) else {}


def key_of(item: Object) -> Key:
    metadata = metadata_of(item)
    return metadata.get("namespace", ""), metadata.get("name", "")


def version_of(item: Object) -> int:
    """The resourceVersion of a stored object as the number it is here."""
    return int(item["metadata"]["resourceVersion"])


def look_up(value: Any, dotted: str) -> Any:
    """Follow a path such as `.spec.replicas` through maps; None where it leads nowhere."""
    for name in dotted.strip(".").split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def put(value: Object, dotted: str, new: Any) -> None:
    """Set a member at a path through maps, making the maps on the way."""
    *way, last = dotted.strip(".").split(".")
    for name in way:
        if not isinstance(value.get(name), dict):
            value[name] = {}
        value = value[name]
    value[last] = new


def without_version(item: Object) -> Object:
    """An object as it compares for "did anything change": no resourceVersion, no managedFields."""
    skipped = ("resourceVersion", "managedFields")
    metadata = {key: value for key, value in metadata_of(item).items() if key not in skipped}
    return {**item, "metadata": metadata}
