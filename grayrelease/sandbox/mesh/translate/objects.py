"""What the mesh reads of a cluster, and what all its kinds have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
ROOT_NAMESPACE = "istio-system"


@dataclass(frozen=True)
class Objects:
    """The objects of the kinds that the mesh reads, in any order."""

    services: Sequence[Object] = ()
    slices: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    virtual_services: Sequence[Object] = ()
    destination_rules: Sequence[Object] = ()
    gateways: Sequence[Object] = ()


def name_of(item: Object) -> str:
    """Give an object's name."""
    return str(item["metadata"]["name"])


def namespace_of(item: Object) -> str:
    """Give an object's namespace."""
    return str(item["metadata"].get("namespace", "default"))


def labels_of(item: Object) -> Mapping[str, str]:
    """Give an object's labels."""
    return item["metadata"].get("labels") or {}


def spec_of(item: Object) -> Object:
    """Give an object's spec."""
    return item.get("spec") or {}


def oldest_first(items: Sequence[Object]) -> list[Object]:
    """Sort as Istio does: by age, those of one age by name and namespace."""
    return sorted(items, key=_age)


def exported_to(item: Object, namespace: str) -> bool:
    """Say whether callers of a namespace see a VirtualService or DestinationRule."""
    allowed = spec_of(item).get("exportTo") or ["*"]
    own = namespace_of(item) == namespace
    return "*" in allowed or namespace in allowed or (own and "." in allowed)


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Say whether labels have everything that a selector asks for."""
    return selector.items() <= labels.items()


def _age(item: Object) -> tuple[str, str]:
    created = item["metadata"].get("creationTimestamp") or ""
    return created, f"{name_of(item)}.{namespace_of(item)}"
