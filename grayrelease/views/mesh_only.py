"""A visitor asks for a service that no gateway leads to: who could ask instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grayrelease.domain.evaluate import Answer, Caller, Request
from grayrelease.domain.marks import name
from grayrelease.domain.named import Name
from grayrelease.models import Inventory
from grayrelease.views import composed
from grayrelease.views.live import Live


@dataclass(frozen=True)
class MeshOnly:
    """The service that is meant, and a caller with a sidecar, which finds it."""

    service: str
    caller: str


def mesh_only(
    found: Live, inventory: Inventory | None, caller: Caller, request: Request, answer: Answer
) -> MeshOnly | None:
    """Return who could ask, where a gateway has no rule for a name that the mesh itself knows."""
    if caller.kind != "gateway" or answer.action != "refuse":
        return None
    called = next(_called(found, request.authority.partition(":")[0]), None)
    if called is None:
        return None
    own = called.service if called.namespace == found.project.namespace else ""
    by = caller_of(inventory, own)
    return MeshOnly(called.service, by) if by else None


def _called(found: Live, host: str) -> Iterator[Name]:
    for each in found.of("Service") if "*" not in host else ():
        service = Name(name(each), str(each["metadata"].get("namespace", "")))
        if service.is_called(host, found.project.namespace):
            yield service


def caller_of(inventory: Inventory | None, service: str) -> str:
    """Return a likely caller of a service: one that visitors reach first, else any; empty where none is."""
    known = [each.name for each in composed.services(inventory)]
    others = [each for each in (*_entrances(inventory), *known) if each in known and each != service]
    return next(iter(others), service if service in known else "")


def _entrances(inventory: Inventory | None) -> Iterator[str]:
    """Yield the services to which routes at gateways lead."""
    for route in inventory.data.get("routes", []) if inventory else []:
        if any(gateway != "mesh" for gateway in route["gateways"]):
            for to in (to for rule in route["rules"] for to in rule["to"]):
                yield str(to["service"]).partition(".")[0]
