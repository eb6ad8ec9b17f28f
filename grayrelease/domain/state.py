"""The words for what goes in and out of `decide`: intent, what was seen, writes, phases, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from grayrelease.domain.emptied import Emptied
from grayrelease.domain.exposed import Exposed
from grayrelease.domain.plan import ALL, NOBODY, Exposure, Manifest, Plan
from grayrelease.domain.traffic import Traffic


class Phase(StrEnum):
    """Where a release is; `DESIGN` section 6. Stored as a column for filters."""

    PREPARING = "preparing"
    RUNNING = "running"
    TAKEN_OVER = "taken-over"
    ROLLING_BACK = "rolling-back"
    ROLLED_BACK = "rolled-back"
    FINISHING = "finishing"
    FINISHED = "finished"
    ABANDONING = "abandoning"
    ABANDONED = "abandoned"
    FAILED = "failed"
    FROZEN = "frozen"
    FORGOTTEN = "forgotten"


OVER = frozenset({Phase.FINISHED, Phase.ABANDONED, Phase.FAILED, Phase.FORGOTTEN})
LIVE = frozenset(Phase) - OVER
"""Phases in which a release holds its target."""


class Goal(StrEnum):
    """What a person wants of a release now."""

    RUN = "run"
    TAKE_OVER = "take-over"
    ROLL_BACK = "roll-back"
    FINISH = "finish"
    ABANDON = "abandon"


@dataclass(frozen=True)
class Reason:
    """Why something is as it is: a code of `reasons.REASONS` and the facts that its sentence names."""

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """Names one object in the target's namespace."""

    kind: Literal["Deployment", "VirtualService", "DestinationRule"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class ReleaseIntent:
    """What people want of one release. `winner` is a version once one takes over."""

    id: int
    plan: Plan
    goal: Goal
    exposure: Exposure
    step: int = 0
    """Index into the plan's steps: the last one that was reached, or that people set the exposure of."""
    paused: bool = False
    """No step follows by itself."""
    drawn: tuple[int, ...] = ()
    """For a sticky one, the shares at which users have been drawn, oldest first; see `routes.Exposing`."""
    winner: str = ""
    delete_loser: bool = False
    """Delete a losing workload that isn't ours; else it is scaled to 0."""
    scale_held: bool = False
    """Scale a losing workload to 0 though a tool keeps it; else it is left to whoever uses that."""
    keep_both: bool = False
    """Abandoned, the candidate runs on."""
    held: Reason | None = None
    """Why its exposure was taken away, until a person of this release does something."""
    base: str = ""
    """The hash of the routes that its start was reviewed with; "": whichever are there."""
    vouched: tuple[str, ...] = ()
    """The callers that people said hand cookies on."""

    @property
    def wins(self) -> bool:
        """Tell if the candidate has, or is to have, all traffic: named by a take over, else by the share."""
        if self.goal in (Goal.ROLL_BACK, Goal.ABANDON) or not self.plan.brings:
            return False
        candidate = self.plan.candidate.version
        return self.winner == candidate if self.winner else self.exposure.everyone == ALL

    @property
    def chosen(self) -> str:
        """The version that has, or is to have, all traffic, as far as this release is concerned."""
        return self.plan.candidate.version if self.wins else self.plan.stable.version

    @property
    def wanted(self) -> Exposure:
        """The exposure that people want now."""
        if self.goal == Goal.RUN:
            return self.exposure
        return Exposure(share=ALL) if self.wins else NOBODY


@dataclass(frozen=True)
class TargetIntent:
    """What people want of one Service; the oldest release comes first."""

    namespace: str
    service: str
    uid: str
    installation: str
    generation: int
    stable: str
    settle_s: float
    drain_s: float
    releases: tuple[ReleaseIntent, ...]
    stable_workload: str = ""
    """The Deployment that runs the stable version; "": the oldest release's plan says it."""
    pinned: bool = False
    """The routes are ours though no release may be live: several versions run after one was abandoned."""
    decided: int = 0
    """The generation at which a person last said what is to become of what others edited."""
    capacity_percent: int = 100
    """So much of R, stable's ready pods at the start, must a candidate have for everyone's whole traffic."""


@dataclass(frozen=True)
class Written:
    """The last write of ours to an object that is known to have happened, and when (database clock).

    `op` is the object's annotation `grayrelease/op`; `at` is not before the API server's answer.
    """

    op: str
    at: datetime


@dataclass(frozen=True)
class Seen:
    """All that one run knows. Manifests are as the API server gave them; `now` is the database's clock."""

    now: datetime
    service: Manifest | None
    deployments: tuple[Manifest, ...]
    pods: tuple[Manifest, ...]
    slices: tuple[Manifest, ...]
    virtual_services: tuple[Manifest, ...]
    destination_rules: tuple[Manifest, ...]
    written: Mapping[Key, Written]
    traffic: Traffic | None
    """None: not asked, or Prometheus does not answer (then `traffic_error` says so)."""
    traffic_error: str = ""
    gateways: tuple[Manifest, ...] = ()
    callers: tuple[str, ...] | None = None
    """Who of late stood between browsers and the Service; None: not asked, or Prometheus doesn't say."""
    callers_asked: bool = False


@dataclass(frozen=True)
class Memory:
    """The few facts that one run leaves to the next: they go into `Target.memory`."""

    endpoints_since: Mapping[str, datetime] = field(default_factory=dict)
    """Pod, with the moment it became ready → since when it has been so and in the EndpointSlices."""
    endpoints: Mapping[str, int] = field(default_factory=dict)
    """Version → how many of its pods are so now."""
    capacity: int = 0
    """R: ready pods of stable at the start."""
    exposed: Mapping[int, Exposed] = field(default_factory=dict)
    """Release id → the present route."""
    alone_since: Mapping[str, datetime] = field(default_factory=dict)
    """Version → since when no other has pods, or is named by the EndpointSlices."""
    started: tuple[int, ...] = ()
    """The releases of which routes were written already."""
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    """Object and content → since when it has looked like this: for writes whose time isn't known."""
    emptied: Mapping[str, Emptied] = field(default_factory=dict)
    """Workload → when we scaled it to 0, or deleted it."""
    written_for: int = 0
    """The highest generation for which a route object, or a rule, of ours was written."""
    marked: tuple[str, ...] = ()
    """The route objects that have had our marks since the first release began."""
    repaired: tuple[datetime, ...] = ()
    """When others' edits were repaired of late."""
    gave_up: datetime | None = None
    """Since when they aren't any more, until a person decides."""
    short_since: Mapping[int, datetime] = field(default_factory=dict)
    """Release id → since when its candidate has had fewer ready pods than its exposure needs (rule 5)."""


@dataclass(frozen=True)
class Create:
    """POST; an object of that name that isn't ours ends the run."""

    key: Key
    manifest: Manifest
    release: int | None


@dataclass(frozen=True)
class Replace:
    """PUT with the uid and resourceVersion that it was decided on."""

    key: Key
    manifest: Manifest
    release: int | None


@dataclass(frozen=True)
class Delete:
    """DELETE with both preconditions."""

    key: Key
    uid: str
    resource_version: str
    release: int | None


Write = Create | Replace | Delete


@dataclass(frozen=True)
class Status:
    """Where a release is now, why, what it waits for, and what comes next."""

    phase: Phase
    now: Reason
    waits: Reason | None = None
    next: Reason | None = None
    alarm: Reason | None = None
    """What is wrong that nothing is done about by itself."""


@dataclass(frozen=True)
class Fall:
    """An exposure that is lowered by itself, and why: what people want from now on."""

    exposure: Exposure
    reason: Reason


@dataclass(frozen=True)
class Decision:
    """The writes that are safe now, all of them at the same time; what to remember; what to tell."""

    writes: tuple[Write, ...]
    statuses: Mapping[int, Status]
    memory: Memory
    waiting: bool
    """The driver looks again by itself; False: nothing happens until somebody changes something."""
    needs_traffic: bool = False
    """The next run should ask Prometheus."""
    needs_callers: bool = False
    """A step that keeps visitors by cookie is due: who calls must be known."""
    new_stable: str = ""
    """A finished release's winner: the target's stable version from now on; others are held at 0."""
    pinned: bool = False
    """An abandoned release leaves several versions running: the routes stay as they are."""
    due: datetime | None = None
    """When a step follows by itself: to be looked at again then."""
    freed: bool = False
    """All marks are given back: the target has no live release any more."""
    advances: Mapping[int, int] = field(default_factory=dict)
    """Release id → the step that follows by itself now: its exposure is what people want from now on."""
    base: tuple[Manifest, ...] = ()
    """The routes as their users wrote them, where a release asks whether it may start with these."""
    falls: Mapping[int, Fall] = field(default_factory=dict)
    """Release id → what its exposure falls to now, since too few of its pods are ready."""
