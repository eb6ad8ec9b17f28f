"""The services that a release could be made of: what runs, what is under way, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from grayrelease.domain.state import Reason
from grayrelease.models import Inventory, Project, Release
from grayrelease.views import composed


@dataclass(frozen=True)
class Choice:
    """A service that could be released, or why not: [{"reason", "remedy"}]."""

    service: composed.Service
    application: str
    refusals: list[dict[str, Any]]
    live: list[Release] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def running(self) -> list[composed.Entry]:
        return [each for each in self.service.workloads if each["state"] != "stopped"]

    @property
    def stable(self) -> composed.Entry | None:
        """Return the workload that answers the visitors; None where nothing runs."""
        known = {release.target.stable for release in self.live}
        ours = [each for each in self.running if each["version"] in known]
        return next(iter([*ours, *self.running]), None)

    @property
    def stable_version(self) -> str:
        return str(self.stable["version"]) if self.stable else ""

    @property
    def versions(self) -> list[str]:
        """Return the versions that are there or on their way."""
        coming = [release.candidate for release in self.live]
        return [str(each["version"]) for each in self.running] + coming

    @property
    def limits(self) -> dict[str, Reason]:
        """Return why some exposures can't be had, by what can't: "audience", "sticky", "mirror"."""
        found = self.service.entry.get("limits", [])
        return {part: Reason(*each["reason"]) for each in reversed(found) for part in each["stops"]}

    @property
    def workloads(self) -> list[tuple[composed.Entry, str]]:
        """Return what runs, each with its role."""
        stable = self.stable
        return [(each, "stable" if each is stable else "candidate") for each in self.running]


def choices(project: Project, inventory: Inventory | None, preferred: str) -> list[Choice]:
    """Return all services, those of the preferred application first."""
    live = _live(project)
    found = [_choice(each, live.get(each.name, [])) for each in composed.services(inventory)]
    return sorted(found, key=lambda each: (each.application != preferred, each.application))


def _choice(service: composed.Service, live: list[Release]) -> Choice:
    return Choice(service, service.entry["application"], service.entry.get("refusals", []), live)


def _live(project: Project) -> dict[str, list[Release]]:
    found: Iterable[Release] = (
        Release.objects.live().filter(target__project=project).select_related("target").defer("plan")
    )
    by_service: dict[str, list[Release]] = {}
    for release in found:
        by_service.setdefault(release.target.service, []).append(release)
    return by_service
