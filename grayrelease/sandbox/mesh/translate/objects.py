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
    service_entries: Sequence[Object] = ()
    http_routes: Sequence[Object] = ()
    api_gateways: Sequence[Object] = ()
    grants: Sequence[Object] = ()
    namespaces: Sequence[Object] = ()


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
    allowed = exports(item)
    return "*" in allowed or ("~" not in allowed and namespace in allowed)


def exports(item: Object) -> set[str]:
    """Give the namespaces that see an object; `*` stands for all, `~` for none."""
    allowed = spec_of(item).get("exportTo") or ["*"]
    return {namespace_of(item) if entry == "." else entry for entry in allowed}


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Say whether labels have everything that a selector asks for."""
    return selector.items() <= labels.items()


def created(item: Object) -> str:
    """Give when an object was made, in a form that sorts; empty if it does not say."""
    return str(item["metadata"].get("creationTimestamp") or "")


def _age(item: Object) -> tuple[str, str, str]:
    return created(item), name_of(item), namespace_of(item)
