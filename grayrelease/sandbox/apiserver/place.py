"""Where a request goes: a served type, a version, and perhaps one object of it."""

from __future__ import annotations

from dataclasses import dataclass

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.builtin import EVENTS
from grayrelease.sandbox.apiserver.objects import Key
from grayrelease.sandbox.apiserver.resources import Resource
from grayrelease.sandbox.apiserver.schema import Node


@dataclass(frozen=True)
class Place:
    """A type as served at a path; `namespace` and `name` are "" where the path has none."""

    resource: Resource
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Key:
        return self.namespace, self.name

    @property
    def kind(self) -> str:
        return self.resource.kind

    @property
    def group(self) -> str:
        return self.resource.group

    @property
    def api_version(self) -> str:
        return self.resource.api_version(self.version)

    @property
    def schema(self) -> Node:
        return self.resource.schema(self.version)

    def not_found(self) -> errors.ApiError:
        return errors.not_found(self.resource.plural, self.group, self.name)

    def conflict(self, why: str = errors.MODIFIED) -> errors.ApiError:
        return errors.conflict(self.resource.plural, self.group, self.name, why)

    def invalid(self, causes: list[errors.Cause], name: str = "") -> errors.ApiError:
        """Refuse an object of this type (422); Events of both groups are told as core ones."""
        group = "" if self.resource is EVENTS else self.group
        return errors.invalid(self.kind, group, name or self.name, causes)
