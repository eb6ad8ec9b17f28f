"""What the pages show of a release: read from its row and its target's, never from the cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from grayrelease import words
from grayrelease.domain.allowed import allowed
from grayrelease.domain.plan import ALL, Plan
from grayrelease.domain.state import LIVE, Goal, Phase, Reason
from grayrelease.domain.verify import wilson
from grayrelease.models import Inventory, Release, Target

Stored = list[Any] | None
"""A reason as a row has it: [code, facts]."""

MOST_PODS = 20
ALARMS = frozenset({Phase.FAILED, Phase.FROZEN})


@dataclass(frozen=True)
class Need:
    """Somebody must act: why, and the page where."""

    reason: Stored
    deed: str
    url: str
    alarm: bool


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
class Observed:
    """The share that Prometheus saw since the last change, per mille, with its 99 % interval."""

    share: int
    low: int
    high: int
    requests: int
    verified_after: float | None
    verified_at: datetime | None
    how: str

    def with_counts(self, candidate: int, both: int) -> Observed:
        """Return the same with newer counts of requests."""
        low, high = wilson(candidate, both)
        share = round(1000 * candidate / both)
        return replace(self, share=share, low=low, high=high, requests=both)

    @property
    def seen(self) -> bool:
        return self.requests > 0


class Shown:
    """One release, ready for a template."""

    def __init__(self, release: Release, role: str = "viewer") -> None:
        self.release = release
        self.role = role
        self.target = release.target
        self.phase = Phase(release.phase)
        self.now: Stored = release.status.get("now")
        self.waits: Stored = release.status.get("waits")
        self.next: Stored = release.status.get("next")
        self.share = release.share_in_effect
        self.observed = observed(release)

    @property
    def live(self) -> bool:
        return self.phase in LIVE

    @property
    def over(self) -> bool:
        return not self.live

    def told(self) -> list[Any]:
        """Return what a list shows of it: when that changes, the list is drawn anew."""
        release = self.release
        return [release.pk, release.phase, release.status, self.share, release.share, repr(self.observed)]

    @property
    def mode(self) -> str:
        return str(words.MODES[self.release.mode])

    @property
    def url(self) -> str:
        return reverse("release", args=[self.target.project.name, self.release.pk])

    @property
    def asked(self) -> bool:
        """Say whether people want another share than the one in effect."""
        return self.live and self.release.share != self.share

    @property
    def pending(self) -> bool:
        return self.target.generation != self.target.carried_generation

    def pods(self, version: str) -> Readiness | None:
        """Return how many pods of a version are ready; None where that isn't known."""
        name = f"{self.target.service}-{version}"
        found = seen(self.target, Inventory.objects.filter(project=self.target.project).first())
        known = next((each for each in found.workloads if each["version"] == version), found.workload(name))
        return Readiness(known["ready"], known["replicas"]) if known else None

    @property
    def person(self) -> bool:
        """Say whether nothing happens by itself any more."""
        return self.next is not None and str(self.next[0]).startswith("person-")

    @property
    def alarm(self) -> bool:
        return self.phase in ALARMS

    @property
    def trouble(self) -> Stored:
        """Return what somebody must put right: a pod that can't start, or why the release is frozen."""
        if self.alarm:
            return self.now
        return self.waits if self.waits and self.waits[0] == "pod-trouble" else None

    @property
    def waits_shortly(self) -> Stored:
        """Return what it waits for, without the details that a notice below tells."""
        if self.waits and self.waits[0] == "pod-trouble":
            return ["pods-not-ready", self.waits[1]]
        return self.waits

    @property
    def why_not(self) -> dict[str, Reason | None]:
        """Return each deed of the person's role: nothing if it can be done now, else why not."""
        now = Reason(*self.now) if self.now else None
        deeds = allowed(self.phase, self.role, now, Goal(self.release.goal))
        return {deed.replace("-", "_"): reason for deed, reason in deeds.items()}

    @property
    def may(self) -> dict[str, bool]:
        return {deed: reason is None for deed, reason in self.why_not.items()}

    @property
    def need(self) -> Need | None:
        """Return what a person has to do, if anything."""
        if self.phase in ALARMS:
            return Need(self.waits or self.now, "open", self.url, alarm=True)
        if self.waits and self.waits[0] == "pod-trouble":
            return Need(self.waits, "open", self.url, alarm=True)
        if self.phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK) and not self.waits:
            return Need(self.next, "finish", self.url + "finish/", alarm=False)
        if self.next and str(self.next[0]).startswith("person-"):
            return Need(self.next, "open", self.url, alarm=False)
        return None


@dataclass(frozen=True)
class Version:
    """One of the two versions of a release: its workload and pods, as the last run saw them."""

    name: str
    role: str
    workload: str
    image: str
    replicas: int | None
    ready: int
    pods: list[dict[str, Any]]
    more: int
    share: int
    rate: float | None = None
    """Requests per second now; None where it isn't known."""

    @property
    def whole(self) -> bool:
        return self.replicas is not None and self.ready >= self.replicas

    @property
    def has_all(self) -> bool:
        return self.share == ALL


def versions(row: Shown, plan: Plan, seen: Seen, rates: dict[str, float | None]) -> list[Version]:
    """Return the candidate and the stable version, the candidate first as in the share bar."""
    named = (
        (plan.candidate.version, "candidate", plan.candidate.workload, row.share),
        (plan.stable.version, "stable", plan.stable.workload, ALL - row.share),
    )
    return [replace(_version(seen, *each), rate=rates.get(each[0])) for each in named]


def _version(seen: Seen, name: str, role: str, workload: str, share: int) -> Version:
    found = seen.workload(workload)
    pods = seen.pods_of(workload, name)
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
    )


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


def seen(target: Target, inventory: Inventory | None) -> Seen:
    """Return the newer of what the target's last run and what the last inventory saw."""
    own = target.observed_at
    if inventory and inventory.taken_at and (own is None or inventory.taken_at > own):
        data = inventory.data
        return Seen(inventory.taken_at, data.get("workloads", []), data.get("pods", []))
    found = target.observed.get("versions", [])
    workloads = [each for version in found for each in version["workloads"]]
    return Seen(own, workloads, [each for version in found for each in version["pods"]])


def observed(release: Release) -> Observed | None:
    """Read what the last run remembered of this release's route."""
    known = release.target.memory.get("exposed", {}).get(str(release.pk))
    if not known:
        return None
    names = ("observed", "low", "high", "requests")
    share, low, high, requests = (int(known.get(name, 0)) for name in names)
    verified_at = moment(known.get("verified_at"))
    return Observed(share, low, high, requests, _between(known), verified_at, known.get("how", ""))


def _between(known: dict[str, Any]) -> float | None:
    written, verified = moment(known.get("at")), moment(known.get("verified_at"))
    return (verified - written).total_seconds() if written and verified else None


def moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
