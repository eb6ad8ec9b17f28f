"""Headers that a rule writes, adds to, or takes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grayrelease.domain.evaluate.answer import HeaderChange
from grayrelease.domain.evaluate.registry import items

AUTHORITY = (":authority", "host")


def changes(holder: Mapping[str, Any], side: str) -> tuple[HeaderChange, ...]:
    """Return the changes of a rule's or destination's `headers`, for `request` or `response`."""
    return tuple(_changes((holder.get("headers") or {}).get(side) or {}))


def _changes(said: Mapping[str, Any]) -> Iterator[HeaderChange]:
    for name, value in sorted((said.get("set") or {}).items()):
        if not _internal(name):
            yield HeaderChange("set", name.lower(), value)
    for name, value in sorted((said.get("add") or {}).items()):
        if not _internal(name):
            yield HeaderChange("add", name.lower(), value)
    for name in items(said, "remove"):
        if not _internal(name):
            yield HeaderChange("remove", name.lower())


def _internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"


def authority(holder: Mapping[str, Any]) -> str:
    """Return the authority that a rule's or destination's headers write, or nothing."""
    said = (holder.get("headers") or {}).get("request") or {}
    for key in ("set", "add"):
        for name, value in (said.get(key) or {}).items():
            if name.lower() in AUTHORITY and value:
                return str(value)
    return ""
