"""Each write has exactly one attempt and one outcome, whatever was killed when (SAFETY section 2)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from grayrelease.cluster.interface import AlreadyExists, Conflict, NotFound, Refused
from grayrelease.domain import marks
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.notes import marked, services
from grayrelease.domain.state import Create, Delete, Key, Replace, Write, Written
from grayrelease.models import Event

ANSWERED = (AlreadyExists, Conflict, NotFound, Refused)
"""Errors after which it is known that the write did not happen."""

IN_FLIGHT = timedelta(seconds=60)
"""An API server gives up on a request after so long: a POST that shows no object by then never will."""

Known = Literal["done", "failed", ""]


@dataclass(frozen=True)
class Scope:
    """Whose objects are written: a target's or an application's."""

    project_id: int
    target_id: int | None = None
    application_id: int | None = None

    def events(self) -> QuerySet[Event]:
        whose: dict[str, int | None] = {"target_id": self.target_id, "application_id": self.application_id}
        return Event.objects.filter(Q(**whose), kind="write")


def attempt(scope: Scope, write: Write) -> Event:
    """Make the event that is committed before a write is sent."""
    return Event(
        project_id=scope.project_id,
        target_id=scope.target_id,
        application_id=scope.application_id,
        release_id=write.release,
        at=Now(),
        kind="write",
        op=uuid.uuid4(),
        outcome="attempt",
        subject=str(write.key),
        data=_base(write),
    )


def close(attempt: Event, outcome: str, error: str = "") -> None:
    """Record what became of an attempt, unless somebody has done so already."""
    event = Event(
        project_id=attempt.project_id,
        target_id=attempt.target_id,
        application_id=attempt.application_id,
        release_id=attempt.release_id,
        at=Now(),
        kind="write",
        op=attempt.op,
        outcome=outcome,
        subject=attempt.subject,
        data={"verb": attempt.data["verb"], **({"error": error} if error else {})},
    )
    Event.objects.bulk_create([event], ignore_conflicts=True)


def still_open(scope: Scope) -> list[Event]:
    """Attempts without an outcome, oldest first."""
    return list(_without_outcome(scope.events()).order_by("id"))


def any_open() -> Exists:
    """True for a target that has attempts without an outcome."""
    return Exists(_without_outcome(Event.objects.filter(target=OuterRef("pk"), kind="write")))


def _without_outcome(events: QuerySet[Event]) -> QuerySet[Event]:
    closed = Event.objects.filter(op=OuterRef("op")).exclude(outcome="attempt")
    return events.filter(outcome="attempt").exclude(Exists(closed))


def resolve(
    opened: Iterable[Event], objects: Mapping[Key, Manifest], kinds: Iterable[str], now: datetime
) -> list[Event]:
    """Record the outcomes that the cluster shows; returns the attempts of which it isn't known yet.

    opened: read before the objects were, else an attempt on an object's next state would count as failed.
    kinds: those that `objects` holds all of; attempts on others stay open.
    """
    unknown = []
    for each in opened:
        kind = each.subject.partition("/")[0]
        outcome = outcome_of(each, objects.get(_key(each.subject)), now) if kind in kinds else ""
        if outcome:
            close(each, outcome)
        else:
            unknown.append(each)
    return unknown


def outcome_of(attempt: Event, found: Manifest | None, now: datetime) -> Known:
    """Say what became of an attempt, from the object that is there now (None: there is none)."""
    base = attempt.data
    same = found is not None and found["metadata"]["uid"] == base["uid"]
    if base["verb"] == "delete":
        return _deleted(found, base["resource_version"]) if same else "done"
    if base["verb"] == "give-back":
        return _given_back(found, attempt) if same and found else "failed"
    if found is not None and marks.notes(found).get(marks.OP) == str(attempt.op):
        return "done"
    if base["verb"] == "create":
        return "" if found is None and attempt.at > now - IN_FLIGHT else "failed"
    return "" if same and _version(found) == base["resource_version"] else "failed"


def stamped(manifest: Manifest, op: object) -> Manifest:
    """Return the manifest with the attempt's id in it, unless our marks are taken out of it."""
    if _gives_back(manifest):
        return manifest
    annotations = {**marks.notes(manifest), marks.OP: str(op)}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def written(scope: Scope) -> dict[Key, Written]:
    """Return our last write to each object that is known to have happened."""
    return {key: found for _, key, found in _latest(scope.events())}


def written_by_target(ids: Collection[int]) -> dict[int, dict[Key, Written]]:
    """Return the same of several targets, by their ids."""
    found: dict[int, dict[Key, Written]] = {pk: {} for pk in ids}
    for target, key, written in _latest(Event.objects.filter(target__in=ids, kind="write")):
        found[target][key] = written
    return found


def _latest(events: QuerySet[Event]) -> Iterator[tuple[Any, Key, Written]]:
    """Yield the last write to each object of each target that is known to have happened."""
    done = events.filter(outcome="done").order_by("target_id", "subject", "-id")
    columns = done.distinct("target_id", "subject").values_list("target_id", "subject", "op", "at")
    for target, subject, op, at in columns:
        yield target, _key(subject), Written(op=str(op), at=at)


def _base(write: Write) -> dict[str, str]:
    """What the write was decided on."""
    match write:
        case Create():
            return {"verb": "create", "uid": "", "resource_version": ""}
        case Replace(manifest=manifest):
            metadata = manifest["metadata"]
            version = metadata["resourceVersion"]
            verb = "give-back" if _gives_back(manifest) else "replace"
            return {"verb": verb, "uid": metadata["uid"], "resource_version": version}
        case Delete(uid=uid, resource_version=version):
            return {"verb": "delete", "uid": uid, "resource_version": version}


def _gives_back(manifest: Manifest) -> bool:
    """Tell if our marks are taken out: all of them, or all but another target's with the id of its write."""
    return marks.owner(manifest) is None or marks.OP in marks.notes(manifest)


def repeats(attempt: Event, write: Write) -> bool:
    """True if a delete was attempted with the same preconditions: it is the same attempt then."""
    base = attempt.data
    return isinstance(write, Delete) and attempt.subject == str(write.key) and base == _base(write)


def _given_back(found: Manifest, attempt: Event) -> Known:
    """It carries no id: that our marks are gone is what shows it."""
    if marks.owner(found) is None or not _of_target(found, attempt):
        return "done"
    return "" if _version(found) == attempt.data["resource_version"] else "failed"


def _of_target(found: Manifest, attempt: Event) -> bool:
    """Tell if an object has marks of the attempt's target; other targets may have theirs in it."""
    if attempt.target is None or not services(found):
        return True
    return marked(found, Name(attempt.target.service, attempt.project.namespace))


def _deleted(found: Manifest | None, version: str) -> Known:
    return "" if _version(found) == version else "failed"


def _version(found: Manifest | None) -> str:
    return "" if found is None else str(found["metadata"]["resourceVersion"])


def _key(subject: str) -> Key:
    kind, _, name = subject.partition("/")
    return Key(kind, name)  # type: ignore[arg-type]
