"""The types that are served: built-in ones listed here, custom ones read from their definitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from grayrelease.sandbox.apiserver import schema
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
SUBRESOURCE_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, eq=False)
class Resource:
    """One type. `versions` are those served, in order of preference; objects are stored as `storage`."""

    group: str
    versions: tuple[str, ...]
    plural: str
    singular: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    generation: bool = False
    answers_object: bool = False
    created_by_put: bool = False
    selectable: tuple[str, ...] = ()
    list_kind: str = ""
    definition: Object | None = field(default=None, repr=False)
    storage: str = ""

    @property
    def name(self) -> str:
        """What the store calls it: `apps/deployments`."""
        return f"{self.group}/{self.plural}"

    @property
    def custom(self) -> bool:
        return self.definition is not None

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources

    @property
    def list_kind_name(self) -> str:
        return self.list_kind or f"{self.kind}List"

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}" if self.group else version

    @property
    def storage_version(self) -> str:
        return self.api_version(self.storage or self.versions[0])

    @cached_property
    def _schemas(self) -> dict[str, Node]:
        if self.definition is None:
            return {v: schema.builtin(self.api_version(v), self.kind) for v in self.versions}
        versions = self.definition["spec"]["versions"]
        return {v["name"]: schema.of_custom_resource(v) for v in versions if v.get("served")}

    def schema(self, version: str) -> Node:
        return self._schemas[version]

    def definition_version(self, version: str) -> Object:
        """The entry of a custom resource's definition for one version; empty for built-in types."""
        for entry in (self.definition or {}).get("spec", {}).get("versions", []):
            if entry["name"] == version:
                found: Object = entry
                return found
        return {}


def from_definition(definition: Object) -> Resource | None:
    """Read a CustomResourceDefinition; None until it is established."""
    conditions = definition.get("status", {}).get("conditions", [])
    if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
        return None
    spec, names = definition["spec"], definition["spec"]["names"]
    served = [version for version in spec["versions"] if version.get("served")]
    stored = next(version["name"] for version in spec["versions"] if version.get("storage"))
    if not served:
        return None
    parts = sorted({part for version in served for part in version.get("subresources") or {}}, reverse=True)
    return Resource(
        spec["group"],
        tuple(sorted((version["name"] for version in served), key=_priority)),
        names["plural"],
        names.get("singular", names["kind"].lower()),
        names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=tuple(parts),
        verbs=CUSTOM_VERBS,
        generation=True,
        selectable=tuple(
            each["jsonPath"].lstrip(".") for version in served for each in version.get("selectableFields", ())
        ),
        list_kind=names.get("listKind", ""),
        definition=definition,
        storage=stored,
    )


def _priority(version: str) -> tuple[int, list[int]]:
    """Order versions as Kubernetes does: v2, v1, v1beta1, v1alpha3."""
    stage = 2 if "alpha" in version else 1 if "beta" in version else 0
    numbers = [
        int(part) for part in version.replace("alpha", ".").replace("beta", ".").lstrip("v").split(".")
    ]
    return stage, [-number for number in numbers]
