"""What the pages show of a release: read from its row and its target's, never from the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.urls import reverse

from grayrelease import words
from grayrelease.domain import stand
from grayrelease.domain.allowed import Steps, allowed
from grayrelease.domain.falling import HELD
from grayrelease.domain.lifecycle import OF_CALLERS
from grayrelease.domain.plan import ALL, NOBODY, Exposure, Plan
from grayrelease.domain.stand import Other
from grayrelease.domain.state import LIVE, Goal, Phase, Reason
from grayrelease.models import Inventory, Release
from grayrelease.operations import callers
from grayrelease.operations.deed import steps
from grayrelease.views.observed import observed
from grayrelease.views.running import Readiness, seen

Stored = list[Any] | None
"""A reason as a row has it: [code, facts]."""

ALARMS = frozenset({Phase.FAILED, Phase.FROZEN})
CONTINUES = {"person-continues": "continue", "person-resumes": "resume"}
"""What comes next once a person does a deed, and the deed."""
DECIDED = frozenset({Phase.TAKEN_OVER, Phase.FINISHING, Phase.FINISHED})


@dataclass(frozen=True)
class Need:
    """Somebody must act: why, and the page where."""

    reason: Stored
    deed: str
    url: str
    alarm: bool


class Shown:
    """One release, ready for a template. Lists leave the plan where it is: only `plan` reads it."""

    def __init__(self, release: Release, role: str = "viewer") -> None:
        self.release = release
        self.role = role
        self.target = release.target
        self.phase = Phase(release.phase)
        self.now: Stored = release.status.get("now")
        self.waits: Stored = release.status.get("waits")
        self.next: Stored = release.status.get("next")
        self.alarming: Stored = release.status.get("alarm")
        if self.pending and self.next and self.next[0] == "step-due":
            self.next = None  # said before people paused it, or moved on
        self.share = release.share_in_effect
        self.observed = observed(release) if self.kind == "share" else None

    @cached_property
    def plan(self) -> Plan:
        return Plan.model_validate_json(self.release.plan)

    @property
    def stable(self) -> str:
        """The target's stable version; of a release that is over, the one that it had begun with."""
        return self.target.stable if self.live else self.release.stable

    @property
    def live(self) -> bool:
        return self.phase in LIVE

    @property
    def over(self) -> bool:
        return not self.live

    @property
    def brings(self) -> bool:
        """Say whether there is a candidate: a mirror elsewhere has none."""
        return bool(self.release.candidate)

    def told(self) -> list[Any]:
        """Return what a list shows of it: when that changes, the list is drawn anew."""
        release, share = self.release, (self.share, self.target.error)
        return [release.pk, release.phase, release.status, share, release.exposure, repr(self.observed)]

    @property
    def mode(self) -> str:
        return str(words.MODES[self.release.mode])

    @property
    def url(self) -> str:
        return reverse("release", args=[self.target.project.name, self.release.pk])

    @cached_property
    def wanted(self) -> Exposure:
        """The exposure that people want now."""
        release = self.release
        if release.goal == Goal.RUN:
            return release.exposed
        if release.goal in (Goal.ROLL_BACK, Goal.ABANDON) or not self.brings:
            return NOBODY
        chosen = release.winner or (release.candidate if release.exposed.everyone == ALL else release.stable)
        return Exposure(share=ALL) if chosen == release.candidate else NOBODY

    @cached_property
    def present(self) -> Exposure | None:
        """The exposure in effect, as the last run said it.

        None where it is on its way between two kinds, or where a frozen release's isn't known.
        """
        code, facts = self._said
        if self.phase in DECIDED:
            version = facts.get("version", "")
            return Exposure(share=ALL) if self.brings and version == self.release.candidate else NOBODY
        of_audience = code == "running-audience" or (code == "paused" and not self.share and facts["share"])
        if of_audience:
            share = facts["share"]
            return self.wanted.model_copy(update={"share": share}) if self.wanted.audience else None
        if code.startswith("mirroring"):
            return self.wanted if self.wanted.mirror and not self.wanted.share else None
        if self.phase in ALARMS and (self.wanted.audience or self.wanted.mirror):
            return None
        said = code == "running" or self.fell
        if self.wanted.everyone == self.share and not self.wanted.audience and said:
            return self.wanted
        return Exposure(share=self.share)

    @property
    def _said(self) -> tuple[str, dict[str, Any]]:
        code, facts = self.now or ("", {})
        return str(code), dict(facts)

    @property
    def kind(self) -> str:
        """Say what is set: `share` of everyone, an `audience`, or a `mirror`."""
        of = self.present or self.wanted
        if not self.brings or (of.mirror and not of.share):
            return "mirror"
        return "audience" if of.audience and of.share else "share"

    @property
    def shown_share(self) -> int:
        """The share that the slider moves: of the audience, else of everyone."""
        return self.present.share if self.present and self.kind == "audience" else self.share

    @property
    def asked(self) -> bool:
        """Say whether people want another exposure than the one in effect."""
        return self.live and self.phase not in ALARMS and self.wanted != self.present

    @property
    def pending(self) -> bool:
        return self.target.generation != self.target.carried_generation

    def pods(self, version: str) -> Readiness | None:
        """Return how many pods of a version are ready; None where that isn't known."""
        inventory = Inventory.objects.filter(project=self.target.project).first()
        return seen(self.target, inventory).ready(version, f"{self.target.service}-{version}")

    @property
    def person(self) -> bool:
        """Say whether nothing happens by itself any more."""
        return self.next is not None and str(self.next[0]).startswith("person-")

    @property
    def due(self) -> datetime | None:
        """Return when the next step follows by itself."""
        if self.next is None or self.next[0] != "step-due":
            return None
        return datetime.fromtimestamp(self.next[1]["at"], tz=UTC)

    @property
    def alarm(self) -> bool:
        return self.phase in ALARMS

    @property
    def trouble(self) -> Stored:
        """Return what somebody must put right: why it is frozen, pods that fail or can't start."""
        if self.alarm:
            return self.now
        waits = self.waits if self.waits and self.waits[0] == "pod-trouble" else None
        return self.alarming or (self.now if self.fell else waits)

    @property
    def fell(self) -> bool:
        """Say whether its exposure fell by itself, and nobody has raised it since."""
        return self._said[0] in HELD and self.phase == Phase.RUNNING

    @property
    def fails_back(self) -> bool:
        """Say whether rolling back now would fail every request: no pod of stable is ready."""
        return self.alarming is not None and self.alarming[0] in ("stable-unready", "stable-trouble")

    @property
    def waits_shortly(self) -> Stored:
        """Return what it waits for, without the details that a notice below tells."""
        if self.waits and self.waits[0] == "pod-trouble":
            return ["pods-not-ready", self.waits[1]]
        return self.waits

    @property
    def steps(self) -> Steps:
        return steps(self.release, self.plan)

    @cached_property
    def why_not(self) -> dict[str, Reason | None]:
        """Return each deed of the person's role: nothing if it can be done now, else why not."""
        now = Reason(*self.now) if self.now else None
        deeds = allowed(self.phase, self.role, now, Goal(self.release.goal), self.steps)
        return {deed.replace("-", "_"): reason for deed, reason in deeds.items()}

    @property
    def may(self) -> dict[str, bool]:
        return {deed: reason is None for deed, reason in self.why_not.items()}

    @property
    def staying(self) -> str:
        """Return the versions that everyone else meets, as people want it."""
        met = (each.release.candidate for each in self.others if each.brings and each.wanted.share)
        return " / ".join([self.stable, *met])

    @cached_property
    def others(self) -> list[Shown]:
        """Return the target's other live releases, oldest first."""
        if self.over:
            return []
        found = self.target.releases.live().exclude(pk=self.release.pk).order_by("id")
        return [Shown(each, self.role) for each in found.select_related("target__project")]

    @property
    def comparable(self) -> bool:
        """Say whether the share that is seen should be the one set: nobody is chosen by their requests."""
        rows = [each.present for each in (self, *self.others)]
        return all(each and not each.audience and not each.sticky for each in rows)

    def no_room(self, exposure: Exposure) -> Reason | None:
        """Return why an exposure has no room beside those of the other releases."""
        return stand.no_room(exposure, [Other(each.release.name, each.wanted) for each in self.others])

    def not_handed(self, exposure: Exposure) -> Reason | None:
        """Return whose cookies may be dropped, where an exposure keeps more visitors by cookie."""
        if not stand.draws_more(self.release.exposed, exposure):
            return None
        return callers.not_handed(self.release, exposure, callers.lately(self.target))

    @cached_property
    def why_not_win(self) -> Reason | None:
        """Return why the candidate can't take over now."""
        return self.why_not.get("take_over") or self.no_room(Exposure(share=ALL))

    @property
    def need(self) -> Need | None:
        """Return what a person has to do, if anything."""
        code = str(self.next[0]) if self.next else ""
        if self.phase in ALARMS:
            return Need(self.waits or self.now, "open", self.url, alarm=True)
        if self.waits and (self.waits[0] in ("pod-trouble", *OF_CALLERS) or self.release.asks):
            return Need(self.waits, "open", self.url, alarm=True)
        if self.trouble:
            return Need(self.trouble, "open", self.url, alarm=True)
        if code in CONTINUES:
            return Need(self.next, CONTINUES[code], f"{self.url}{CONTINUES[code]}/", alarm=False)
        if self.phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK) and not self.waits:
            return Need(self.next, "finish", self.url + "finish/", alarm=False)
        return Need(self.next, "open", self.url, alarm=False) if code.startswith("person-") else None


def total(rows: Iterable[Shown]) -> int:
    """Return everyone's share that releases have together, in effect."""
    return sum(row.share for row in rows)
