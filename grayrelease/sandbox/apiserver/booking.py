"""Who owns the fields of an object after a write."""

from __future__ import annotations

from dataclasses import dataclass

from grayrelease.sandbox.apiserver import defaults, ownership
from grayrelease.sandbox.apiserver.objects import Object, now_text
from grayrelease.sandbox.apiserver.ownership import Entry, Manager, Managers
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions


@dataclass(frozen=True)
class Applied:
    """Who owns what after an apply, and who applied."""

    owners: Managers
    manager: Manager


def first_owners(place: Place, new: Object, options: WriteOptions, applied: Applied | None) -> Managers:
    """Who owns a new object's fields."""
    if applied is not None:
        return {applied.manager: Entry(applied.owners[applied.manager].owned, now_text())}
    empty = defaults.empty(place.kind, place.resource.custom)
    return ownership.after_update(empty, new, place.schema, _manager(place, options), {})


def owners(
    place: Place,
    live: Object,
    received: Object,
    new: Object,
    options: WriteOptions,
    applied: Applied | None,
    unchanged: bool,
) -> Managers:
    """Who owns an updated object's fields; objects without managedFields are not tracked until an apply."""
    before = ownership.read(live)
    if applied is not None:
        last, mine = before.get(applied.manager), applied.owners[applied.manager].owned
        same = unchanged and (last is None or last.owned == mine)
        time = (last.time if last else None) if same else now_text()
        return {**applied.owners, applied.manager: Entry(mine, time)}
    if ownership.reset_by(received) or not before:
        return {}
    return ownership.after_update(live, new, place.schema, _manager(place, options), before)


def _manager(place: Place, options: WriteOptions) -> Manager:
    return Manager(options.field_manager, "Update", place.api_version, place.subresource)
