"""Creating and updating objects: what every write goes through, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass, field

from grayrelease.sandbox.apiserver import (
    addresses,
    booking,
    custom,
    defaults,
    errors,
    event_validation,
    istio_admission,
    names,
    ownership,
    validation,
    views,
)
from grayrelease.sandbox.apiserver.booking import Applied
from grayrelease.sandbox.apiserver.builtin import DEFINITIONS, EVENTS, NAMESPACES, SERVICES
from grayrelease.sandbox.apiserver.establishing import establish
from grayrelease.sandbox.apiserver.objects import (
    Object,
    copied,
    generated_name,
    metadata_of,
    new_uid,
    now_text,
    without_version,
)
from grayrelease.sandbox.apiserver.place import Place
from grayrelease.sandbox.apiserver.query import WriteOptions
from grayrelease.sandbox.apiserver.store import Store

CREATED = 201
OK = 200
SYSTEM_METADATA = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "namespace",
    "name",
)
"""Metadata that a client cannot change."""

CLIENT_METADATA = (
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
)
CREATED_WITH_STATUS = frozenset({"Node"})


@dataclass(frozen=True)
class Answer:
    """What a write answers: a status code, a stored object or a Status, and warnings."""

    code: int
    item: Object
    warnings: list[str] = field(default_factory=list)


class Writer:
    """Writes to one store; `istiod` refuses what istiod's webhook would."""

    def __init__(self, store: Store, *, istiod: bool = False) -> None:
        self.store = store
        self.istiod = istiod

    def live(self, place: Place) -> Object | None:
        return self.store.get(views.table_name(place.resource), place.key)

    def found(self, place: Place) -> Object:
        """The stored object at a place; 404 if there is none."""
        if (item := self.live(place)) is None:
            raise place.not_found()
        return item

    def check_namespace(self, place: Place, name: str) -> None:
        """Refuse to create in a namespace that is missing (404) or terminating (403)."""
        if not place.resource.namespaced:
            return
        namespace = self.store.get(NAMESPACES.name, ("", place.namespace))
        if namespace is None:
            raise errors.not_found("namespaces", "", place.namespace)
        if "deletionTimestamp" in namespace["metadata"]:
            raise _terminating(place, name)

    def create(
        self, place: Place, item: Object, options: WriteOptions, applied: Applied | None = None
    ) -> Object:
        """Create an object that was received, by an apply or else booking its fields as an update's."""
        metadata = metadata_of(item)
        name = metadata.get("name") or ""
        self.check_namespace(place, name)
        if not name and metadata.get("generateName"):
            name = generated_name(metadata["generateName"])
        new = _fresh(place, item, name)
        self._complete(place, new, None)
        causes = [*names.metadata_problems(new, place.kind), *_problems(place, new, None)]
        if causes:
            raise place.invalid(causes, name)
        if self.istiod:
            istio_admission.check(place.group, new)
        _accept(place, new)
        existing = self.store.get(views.table_name(place.resource), (place.namespace, name))
        if existing is not None:
            gone = "deletionTimestamp" in existing["metadata"]
            raise errors.already_exists(place.resource.plural, place.group, name, gone)
        if metadata.get("resourceVersion"):
            raise errors.error(500, "resourceVersion should not be set on objects to be created")
        new = ownership.store(new, booking.first_owners(place, new, options, applied))
        return new if options.dry_run else self.store.put(views.table_name(place.resource), new)

    def update(
        self,
        place: Place,
        live: Object,
        received: Object,
        options: WriteOptions,
        applied: Applied | None = None,
    ) -> Object:
        """Put a received object in the place of a live one; answers with what is stored then."""
        new = self._prepared(place, live, received)
        causes = [*_metadata_changes(live, received, place), *names.metadata_problems(new, place.kind)]
        causes += validation.status_problems(place.kind, new) if place.subresource == "status" else []
        causes += _problems(place, new, live)
        if causes:
            raise place.invalid(causes)
        if self.istiod and place.subresource != "status" and "deletionTimestamp" not in new["metadata"]:
            istio_admission.check(place.group, new)
        _accept(place, new)
        if place.resource.generation and _is_new_generation(place, live, new):
            new["metadata"]["generation"] = live["metadata"].get("generation", 0) + 1
        unchanged = without_version(new) == without_version(live)
        new = ownership.store(new, booking.owners(place, live, received, new, options, applied, unchanged))
        if unchanged and new["metadata"].get("managedFields") == live["metadata"].get("managedFields"):
            return live
        return self._stored(place, live, new, options)

    def _prepared(self, place: Place, live: Object, received: Object) -> Object:
        """The object that an update means: what it may not touch kept, defaults filled in."""
        if place.subresource == "status":
            new = {
                **live,
                "status": copied(received.get("status", {})),
                "metadata": _status_metadata(place, live, received),
            }
        else:
            new = copied(received)
            if place.resource.has_status:
                new.pop("status", None)
                new |= {"status": live["status"]} if "status" in live else {}
        metadata = dict(metadata_of(new))
        for key in ("managedFields", "selfLink", *SYSTEM_METADATA):
            metadata.pop(key, None)
        metadata |= {key: live["metadata"][key] for key in SYSTEM_METADATA if key in live["metadata"]}
        metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
        new["metadata"] = metadata
        complete: Object = copied(new)
        self._complete(place, complete, live)
        return complete

    def _complete(self, place: Place, new: Object, live: Object | None) -> None:
        """Fill in defaults, addresses, and what follows from a definition, in place."""
        if place.resource.custom:
            new.update(custom.with_defaults({k: v for k, v in new.items() if k != "metadata"}, place.schema))
            return
        defaults.fill(place.kind, new)
        if place.resource is SERVICES:
            addresses.allocate(new, live, self.store.table(SERVICES.name).values(), place)

    def _stored(self, place: Place, live: Object, new: Object, options: WriteOptions) -> Object:
        """Keep an update; an object that waited for its finalizers goes with the last of them."""
        if options.dry_run:
            return new
        table = views.table_name(place.resource)
        if _is_gone(place, new):
            self.store.remove(table, live)
            return new
        return self.store.put(table, new)


def _status_metadata(place: Place, live: Object, received: Object) -> Object:
    """The metadata of a status write: of built-in types it may change annotations, as controllers do."""
    metadata = dict(metadata_of(live))
    if not place.resource.custom:
        metadata.pop("annotations", None)
        if annotations := metadata_of(received).get("annotations"):
            metadata["annotations"] = annotations
    return metadata


def _fresh(place: Place, item: Object, name: str) -> Object:
    """A received object as it begins its life."""
    metadata = {
        key: copied(part) for key, part in metadata_of(item).items() if key in CLIENT_METADATA and part
    }
    metadata["name"] = name
    metadata["uid"] = new_uid()
    metadata["creationTimestamp"] = now_text()
    if place.resource.generation:
        metadata["generation"] = 1
    new: Object = copied({key: part for key, part in item.items() if key != "metadata"})
    if place.resource.has_status and place.kind not in CREATED_WITH_STATUS:
        new.pop("status", None)
    return {**new, "metadata": metadata}


def _accept(place: Place, new: Object) -> None:
    """Do at once, in place, what the API server's own controllers do a moment later."""
    if place.resource is DEFINITIONS and "deletionTimestamp" not in new["metadata"]:
        establish(new)


def _problems(place: Place, new: Object, live: Object | None) -> list[errors.Cause]:
    if place.resource.custom:
        return custom.problems(new, place.schema)
    if place.kind == "Event":
        new_style = place.resource is EVENTS
        updated = event_validation.event_update(new, live, new_style) if live else ()
        return [*event_validation.event(new, new_style), *updated]
    return validation.problems(place.kind, new, live)


def _metadata_changes(live: Object, received: Object, place: Place) -> list[errors.Cause]:
    """Metadata that an update may not change: the uid; finalizers may not come once an object is going."""
    before, after = live["metadata"], metadata_of(received)
    found: list[errors.Cause] = []
    if after.get("uid") not in (None, before["uid"]):
        found.append(errors.invalid_value("metadata.uid", after["uid"], "field is immutable"))
    if "deletionTimestamp" in before and place.subresource != "status":
        strange = [each for each in after.get("finalizers") or () if each not in before.get("finalizers", ())]
        if strange:
            told = ", ".join(f'"{each}"' for each in strange)
            why = (
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                f"[]string{{{told}}}"
            )
            found.append(errors.forbidden("metadata.finalizers", why))
    return found * 2


def _is_new_generation(place: Place, live: Object, new: Object) -> bool:
    """Whether anything changed beside metadata and status; of a Deployment annotations count too."""

    def content(item: Object) -> Object:
        return {key: part for key, part in item.items() if key not in ("metadata", "status", "apiVersion")}

    if content(new) != content(live):
        return True
    if place.kind != "Deployment" or place.resource.custom or place.subresource == "status":
        return False
    before, after = (item["metadata"].get("annotations") or {} for item in (live, new))
    return bool(before != after)


def _is_gone(place: Place, new: Object) -> bool:
    metadata = new["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if place.resource is NAMESPACES:
        return not new["spec"].get("finalizers")
    return not metadata.get("deletionGracePeriodSeconds")


def _terminating(place: Place, name: str) -> errors.ApiError:
    space = place.namespace
    told = errors.details(name, place.group, place.resource.plural)
    cause = errors.Cause(
        "NamespaceTerminating", f"namespace {space} is being terminated", "metadata.namespace"
    )
    told["causes"] = [cause.as_object()]
    what = f'{errors.qualified(place.resource.plural, place.group)} "{name}" is forbidden'
    message = f"{what}: unable to create new content in namespace {space} because it is being terminated"
    return errors.error(403, message, "Forbidden", told)
