"""What the garbage collector does: objects whose owners went, and owners that wait for theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from grayrelease.sandbox.controllers.objects import Object, is_deleting

Policy = Literal["Background", "Foreground"]
ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


@dataclass(frozen=True)
class Verdict:
    """What is to be done: delete objects, take owners (by uid) off objects, take a finalizer off."""

    delete: Sequence[tuple[Object, Policy]] = ()
    disown: Sequence[tuple[Object, frozenset[str]]] = ()
    release: str = ""
    about: Object = field(default_factory=dict)


def judge(item: Object, dependents: Sequence[Object], owners: Mapping[str, Object | None]) -> Verdict:
    """Decide about one object; `owners` maps the uids it names to what exists under that name and uid."""
    finalizers = item["metadata"].get("finalizers") or []
    if is_deleting(item) and ORPHAN in finalizers:
        uid = frozenset([item["metadata"]["uid"]])
        return Verdict(disown=[(each, uid) for each in dependents], release=ORPHAN, about=item)
    if is_deleting(item) and FOREGROUND in finalizers:
        return _foreground(item, dependents)
    return Verdict() if is_deleting(item) else _dependent(item, dependents, owners)


def references(item: Object) -> list[Object]:
    """Give the owner references of an object."""
    found: list[Object] = item["metadata"].get("ownerReferences") or []
    return found


def _foreground(item: Object, dependents: Sequence[Object]) -> Verdict:
    blocking = any(_blocks(each, item) for each in dependents)
    doomed: list[tuple[Object, Policy]] = [
        (each, "Foreground") for each in dependents if not is_deleting(each) and _only_owner(each, item)
    ]
    return Verdict(delete=doomed, release="" if blocking else FOREGROUND, about=item)


def _dependent(item: Object, dependents: Sequence[Object], owners: Mapping[str, Object | None]) -> Verdict:
    named = [reference["uid"] for reference in references(item)]
    if not named:
        return Verdict()
    lost = frozenset(uid for uid in named if not _is_solid(owners.get(uid)))
    if not lost:
        return Verdict()
    if len(lost) < len(set(named)):
        return Verdict(disown=[(item, lost)])
    waited_for = any(owners.get(uid) is not None for uid in named)
    return Verdict(delete=[(item, "Foreground" if waited_for and dependents else "Background")])


def _is_solid(owner: Object | None) -> bool:
    if owner is None:
        return False
    return not (is_deleting(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or []))


def _blocks(item: Object, owner: Object) -> bool:
    uid = owner["metadata"]["uid"]
    return any(each["uid"] == uid and each.get("blockOwnerDeletion") for each in references(item))


def _only_owner(item: Object, owner: Object) -> bool:
    return {each["uid"] for each in references(item)} == {owner["metadata"]["uid"]}
