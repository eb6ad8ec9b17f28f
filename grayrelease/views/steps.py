"""The plan's steps as the release page shows them: what is done, what is present, what comes and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.translation import gettext

from grayrelease import meets
from grayrelease.domain.plan import ALL, Exposure, Step
from grayrelease.domain.state import Goal
from grayrelease.views.observed import observed
from grayrelease.views.shown import Shown

RUNGS_BESIDE = 5
"""So many steps stand side by side; more stand in a column."""


@dataclass(frozen=True)
class Rung:
    """A step: what it brings, and what must hold before the next one."""

    number: int
    state: Literal["done", "now", "next"]
    what: str
    gate: str
    icon: str


@dataclass(frozen=True)
class Rail:
    """All steps. `following` is the exposure of the next one; `by_hand`: people set another one since."""

    rungs: tuple[Rung, ...]
    following: Exposure | None
    by_hand: bool

    @property
    def tall(self) -> bool:
        return len(self.rungs) > RUNGS_BESIDE

    @property
    def next_short(self) -> str:
        """Say in a few words what the next step brings; shares of everyone as the number alone."""
        return "" if self.following is None else in_short(self.following)


def in_short(exposure: Exposure) -> str:
    """Name an exposure on a button: `50 %`, `100 % of these requests`, `all visitors`."""
    if exposure.everyone and exposure.everyone < ALL and not exposure.mirror:
        return meets.percent(exposure.share)
    return meets.short(exposure)


def rail(row: Shown) -> Rail | None:
    """Return the plan's steps; None where it has one alone, which people move by hand."""
    steps, at = row.plan.steps, row.release.step
    if len(steps) < 2:
        return None
    following = steps[at + 1].exposure if at + 1 < len(steps) else None
    running = row.live and row.release.goal == Goal.RUN
    by_hand = running and row.wanted != steps[at].exposure
    rungs = (
        _rung(number, step, _state(number, at, running), len(steps)) for number, step in enumerate(steps)
    )
    return Rail(tuple(rungs), following if running else None, by_hand)


def over_at(row: Shown) -> datetime | None:
    """Return when the time of the present step is over, paused or not; None if a person ends it."""
    step, known = row.plan.steps[row.release.step], observed(row.release)
    if step.gate != "time" or step.exposure != row.wanted or not known or not known.verified_at:
        return None
    return known.verified_at + timedelta(seconds=step.seconds)


def _state(number: int, at: int, running: bool) -> Literal["done", "now", "next"]:
    if number == at and running:
        return "now"
    return "done" if number <= at else "next"


def _rung(number: int, step: Step, state: Literal["done", "now", "next"], count: int) -> Rung:
    last = number + 1 == count
    if last:
        return Rung(number + 1, state, meets.short(step.exposure), "", "")
    if step.gate == "time":
        gate, icon = gettext("then by itself after %(time)s") % {"time": meets.span(step.seconds)}, "clock"
    else:
        gate, icon = gettext("then when somebody continues"), "user-check"
    return Rung(number + 1, state, meets.short(step.exposure), gate, icon)
