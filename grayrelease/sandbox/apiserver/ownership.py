"""Who owns which fields of an object: `metadata.managedFields`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grayrelease.sandbox.apiserver import fields
from grayrelease.sandbox.apiserver.fields import Fields
from grayrelease.sandbox.apiserver.objects import Object, metadata_of, now_text
from grayrelease.sandbox.apiserver.schema import Node

BEFORE_FIRST_APPLY = "before-first-apply"


@dataclass(frozen=True)
class Manager:
    """One entry's identity; `operation` is `Apply` or `Update`."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def described(self) -> str:
        """Name it as conflict messages do."""
        where = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.name}"{where}{using}'


@dataclass(frozen=True)
class Entry:
    """What one manager owns, and since when."""

    owned: Fields
    time: str | None = None


Managers = dict[Manager, Entry]


class NotTracked(ValueError):
    """managedFields that cannot be read."""


def read(item: Object) -> Managers:
    """The owners booked in an object."""
    return {
        Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        ): Entry(frozenset(fields.decode(entry.get("fieldsV1") or {})), entry.get("time"))
        for entry in metadata_of(item).get("managedFields") or []
        if entry
    }


def write(managers: Managers) -> list[Object]:
    """The entries of managedFields; those that own nothing are left out."""
    kept = [(manager, entry) for manager, entry in managers.items() if entry.owned]
    kept.sort(key=lambda pair: (pair[0].operation, pair[1].time or "", pair[0].name))
    return [_encoded(manager, entry) for manager, entry in kept]


def _encoded(manager: Manager, entry: Entry) -> Object:
    encoded: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
    }
    if entry.time:
        encoded["time"] = entry.time
    encoded["fieldsType"] = "FieldsV1"
    encoded["fieldsV1"] = fields.encode(entry.owned)
    if manager.subresource:
        encoded["subresource"] = manager.subresource
    return encoded


def store(item: Object, managers: Managers) -> Object:
    """An object with these owners booked in it."""
    metadata = {key: value for key, value in metadata_of(item).items() if key != "managedFields"}
    if entries := write(managers):
        metadata["managedFields"] = entries
    return {**item, "metadata": metadata}


def bare(item: Object) -> Object:
    """An object without its managedFields."""
    return store(item, {})


def reset_by(item: Object) -> bool:
    """Whether a written object asks to forget all owners: `managedFields: [{}]`."""
    return metadata_of(item).get("managedFields") == [{}]


def after_update(live: Object, new: Object, node: Node, manager: Manager, managers: Managers) -> Managers:
    """Book the fields that a write changed under its manager, taking them from all others.

    `live` is what was there before: for a creation the empty object of its kind.
    """
    changed, removed = fields.compare(bare(live), bare(new), node)
    changed -= fields.IDENTITY
    result = {
        other: _reduced(entry, changed | removed) if other != manager else entry
        for other, entry in managers.items()
    }
    mine = managers.get(manager, Entry(fields.NOTHING))
    owned = frozenset((mine.owned | changed) - removed)
    if owned != mine.owned or changed:
        result[manager] = Entry(owned, now_text())
    return {other: entry for other, entry in result.items() if entry.owned}


def _reduced(entry: Entry, lost: set[fields.Path]) -> Entry:
    kept = entry.owned - lost
    return entry if kept == entry.owned else Entry(kept, now_text())


def booked_before_apply(live: Object, node: Node, skeleton: Object, api_version: str) -> Managers:
    """The owners of an untracked object at its first apply: all that is there, under one name."""
    changed, _ = fields.compare(skeleton, bare(live), node)
    owned = frozenset(changed - fields.IDENTITY)
    if not owned:
        return {}
    manager = Manager(BEFORE_FIRST_APPLY, "Update", api_version)
    return {manager: Entry(owned, metadata_of(live).get("creationTimestamp"))}


def conflicts(
    changed: set[fields.Path], manager: Manager, managers: Managers
) -> list[tuple[Manager, fields.Path]]:
    """The changed fields that other managers own, by manager, in the order of messages."""
    found: list[tuple[Manager, Any]] = []
    for other in sorted(managers, key=lambda each: (each.name, each.operation, each.api_version)):
        if other != manager:
            found += [(other, path) for path in fields.in_order(managers[other].owned & changed)]
    return found
