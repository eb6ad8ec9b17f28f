"""What the pages show of a release: read from its row and its target's, never from the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from grayrelease import words
from grayrelease.domain.allowed import allowed
from grayrelease.domain.plan import ALL, Plan
from grayrelease.domain.state import LIVE, Goal, Phase, Reason
from grayrelease.models import Release

Stored = list[Any] | None
"""A reason as a row has it: [code, facts]."""

ALARMS = frozenset({Phase.FAILED, Phase.FROZEN})


@dataclass(frozen=True)
class Need:
    """Somebody must act: why, and the page where."""

    reason: Stored
    deed: str
    url: str
    alarm: bool


@dataclass(frozen=True)
class Observed:
    """The share that Prometheus saw since the last change, per mille, with its 99 % interval."""

    share: int
    low: int
    high: int
    requests: int
    verified_after: float | None
    how: str

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
        self.now, self.waits, self.next = (release.status.get(key) for key in ("now", "waits", "next"))
        self.share = release.share_in_effect
        self.observed = observed(release)

    @property
    def live(self) -> bool:
        return self.phase in LIVE

    @property
    def over(self) -> bool:
        return not self.live

    @property
    def mode(self) -> str:
        return str(words.MODES[self.release.mode])

    @property
    def url(self) -> str:
        return reverse("release", args=[self.target.project.name, self.release.pk])

    @property
    def age(self) -> float | None:
        """Return the seconds since the last run looked at the target."""
        at = self.target.observed_at
        return None if at is None else round((timezone.now() - at).total_seconds(), 1)

    @property
    def asked(self) -> bool:
        """Say whether people want another share than the one in effect."""
        return self.live and self.release.share != self.share

    @property
    def pending(self) -> bool:
        return self.target.generation != self.target.carried_generation

    @property
    def person(self) -> bool:
        """Say whether nothing happens by itself any more."""
        return bool(self.next) and str(self.next[0]).startswith("person-")

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

    @property
    def whole(self) -> bool:
        return self.replicas is not None and self.ready >= self.replicas

    @property
    def has_all(self) -> bool:
        return self.share == ALL


def versions(row: Shown, plan: Plan) -> list[Version]:
    """Return the candidate and the stable version, the candidate first as in the share bar."""
    seen: dict[str, Any] = row.target.observed.get("versions", {})
    named = (
        (plan.candidate.version, "candidate", plan.candidate.workload, row.share),
        (plan.stable.version, "stable", plan.stable.workload, ALL - row.share),
    )
    return [_version(seen.get(name, {}), name, role, workload, share) for name, role, workload, share in named]


def _version(seen: dict[str, Any], name: str, role: str, workload: str, share: int) -> Version:
    return Version(
        name=name,
        role=role,
        workload=workload,
        image=seen.get("image", ""),
        replicas=seen.get("replicas"),
        ready=seen.get("ready", 0),
        pods=seen.get("pods", []),
        more=seen.get("more", 0),
        share=share,
    )


def observed(release: Release) -> Observed | None:
    """Read what the last run remembered of this release's route."""
    known = release.target.memory.get("exposed", {}).get(str(release.pk))
    if not known:
        return None
    names = ("observed", "low", "high", "requests")
    share, low, high, requests = (int(known.get(name, 0)) for name in names)
    return Observed(share, low, high, requests, _between(known), known.get("how", ""))


def _between(known: dict[str, Any]) -> float | None:
    written, verified = moment(known.get("at")), moment(known.get("verified_at"))
    return (verified - written).total_seconds() if written and verified else None


def moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
