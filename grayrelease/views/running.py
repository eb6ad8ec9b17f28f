"""What runs around a target: versions, their workloads and pods, from whoever looked last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grayrelease.models import Inventory, Target

MOST_PODS = 20


@dataclass(frozen=True)
class Readiness:
    ready: int
    replicas: int

    @property
    def icon(self) -> str:
        return "check" if self.ready >= self.replicas else "alert-triangle"

    @property
    def tone(self) -> str:
        return "ok" if self.ready >= self.replicas else "warn"


@dataclass(frozen=True)
class Version:
    """A version of a target: its workload and pods, as the last run saw them."""

    name: str
    role: str
    workload: str
    image: str
    replicas: int | None
    ready: int
    pods: list[dict[str, Any]]
    more: int
    share: int
    """Of everyone's traffic, per mille."""
    has_all: bool
    rate: float | None = None
    """Requests per second now; None where it isn't known."""

    @property
    def whole(self) -> bool:
        return self.replicas is not None and self.ready >= self.replicas


@dataclass(frozen=True)
class Seen:
    """Workloads and pods around a target, from whoever looked last: its own run or the inventory."""

    at: datetime | None
    workloads: list[dict[str, Any]]
    pods: list[dict[str, Any]]

    def workload(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self.workloads if each["name"] == name), None)

    def pods_of(self, workload: str, version: str) -> list[dict[str, Any]]:
        mine = [each for each in self.pods if each["name"].startswith(f"{workload}-")]
        return [each for each in mine if each["version"] == version]

    def ready(self, version: str, workload: str) -> Readiness | None:
        """Return how many pods of a version are ready; None where that isn't known."""
        known = next((each for each in self.workloads if each["version"] == version), self.workload(workload))
        return Readiness(known["ready"], known["replicas"]) if known else None

    def version(
        self, name: str, role: str, workload: str, share: int, has_all: bool, *, rate: float | None
    ) -> Version:
        found = self.workload(workload)
        pods = self.pods_of(workload, name)
        return Version(
            name=name,
            role=role,
            workload=workload,
            image=", ".join(found["images"]) if found else "",
            replicas=found["replicas"] if found else None,
            ready=found["ready"] if found else 0,
            pods=pods[:MOST_PODS],
            more=max(0, len(pods) - MOST_PODS),
            share=share,
            has_all=has_all,
            rate=rate,
        )


def seen(target: Target, inventory: Inventory | None) -> Seen:
    """Return the newer of what the target's last run and what the last inventory saw."""
    own = target.observed_at
    if inventory and inventory.taken_at and (own is None or inventory.taken_at > own):
        data = inventory.data
        return Seen(inventory.taken_at, data.get("workloads", []), data.get("pods", []))
    found = target.observed.get("versions", [])
    workloads = [each for version in found for each in version["workloads"]]
    return Seen(own, workloads, [each for version in found for each in version["pods"]])
