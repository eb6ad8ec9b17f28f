"""Finding the type that a path or an object names; custom types come and go with their definitions."""

from __future__ import annotations

from grayrelease.sandbox.apiserver.builtin import BUILTIN, DEFINITIONS, REVIEWS, Review
from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.resources import Resource, from_definition
from grayrelease.sandbox.apiserver.store import Store


class Catalogue:
    """All types served now."""

    def __init__(self, store: Store) -> None:
        self._builtin = {(each.group, each.plural): each for each in BUILTIN}
        self._custom: dict[tuple[str, str], Resource] = {}
        self._reviews = {(each.group, each.plural): each for each in REVIEWS}
        for definition in store.table(DEFINITIONS.name).values():
            self._learn(definition)
        store.listen(DEFINITIONS.name, self._follow)

    def _follow(self, change: Change) -> None:
        if change.type == "DELETED":
            spec = change.item["spec"]
            self._custom.pop((spec["group"], spec["names"]["plural"]), None)
        else:
            self._learn(change.item)

    def _learn(self, definition: Object) -> None:
        if (resource := from_definition(definition)) is not None:
            self._custom[resource.group, resource.plural] = resource

    def resources(self) -> list[Resource]:
        return [*self._builtin.values(), *self._custom.values()]

    def reviews(self) -> list[Review]:
        return list(self._reviews.values())

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The type served at a path; None if there is none."""
        found = self._builtin.get((group, plural)) or self._custom.get((group, plural))
        return found if found is not None and version in found.versions else None

    def review(self, group: str, version: str, plural: str) -> Review | None:
        found = self._reviews.get((group, plural))
        return found if found is not None and found.version == version else None

    def groups(self) -> dict[str, list[str]]:
        """Versions served, by group, in order of preference."""
        found: dict[str, list[str]] = {}
        for resource in self.resources():
            versions = found.setdefault(resource.group, [])
            versions += [version for version in resource.versions if version not in versions]
        for review in self._reviews.values():
            versions = found.setdefault(review.group, [])
            versions += [review.version] if review.version not in versions else []
        return found

    def serves(self, group: str, version: str) -> bool:
        return version in self.groups().get(group, [])
