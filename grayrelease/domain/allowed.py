"""What a person may do with a release now: the one table that checks deeds and draws buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from grayrelease.domain.drift import CODES
from grayrelease.domain.state import OVER, Goal, Phase, Reason

Deed = Literal[
    "create",
    "set-share",
    "set-exposure",
    "continue",
    "pause",
    "resume",
    "take-over",
    "roll-back",
    "finish",
    "abandon",
    "agree",
    "vouch",
    "reapply",
    "forget",
]
DOERS = frozenset({"operator", "lead", "admin"})
FORGETTERS = DOERS - {"operator"}
"""Who may forget a release, which leaves the cluster to be cleaned up by hand."""

_OF_VERSIONS = ("set-share", "take-over")
_BACK = (Phase.ROLLING_BACK, Phase.ROLLED_BACK)


@dataclass(frozen=True)
class Steps:
    """What matters of a release's plan: whether a step follows, and whether people have paused it."""

    more: bool = False
    paused: bool = False
    brings: bool = True
    """It has a candidate, which may take over; a mirror elsewhere has none."""
    sticky: bool = False
    """It keeps visitors by cookie, now or at some step."""
    asks: bool = False
    """It asks before it starts, since the routes aren't those that it was reviewed with."""
    left: bool = False
    """The version that goes is left to somebody else: people may choose otherwise (`leaving.LEFT`)."""


def allowed(
    phase: Phase | None,
    role: str,
    now: Reason | None = None,
    goal: Goal | None = None,
    steps: Steps = Steps(),
) -> Mapping[Deed, Reason | None]:
    """Return the deeds of a role: None if it can be done, else why not now; absent if it never can.

    `phase` is None where there is no release yet. Of a frozen release `now` (the status's) and `goal`
    matter: edited routes are written again by a new deed; finishing can be asked for again.
    """
    if role not in DOERS:
        return {}
    if phase is None:
        return {"create": None}
    frozen = now.code if now and phase == Phase.FROZEN else ""
    moving = _not_moving(phase, frozen)
    table: dict[Deed, Reason | None] = {
        "set-share": moving,
        "set-exposure": moving,
        "continue": moving or _preparing(phase) or _no_more(steps),
        "pause": moving or _no_more(steps) or (Reason("paused-already") if steps.paused else None),
        "resume": moving or (None if steps.paused else Reason("not-paused")),
        "take-over": moving or _preparing(phase),
        "roll-back": _over(phase) or _rolled_back(phase),
        "finish": _finish(phase, frozen, goal, steps),
        "abandon": _abandon(phase, frozen, steps),
        "vouch": moving or (None if steps.sticky else Reason("nothing-sticky")),
        "agree": moving or (None if steps.asks else Reason("asks-nothing")),
        "reapply": None if frozen in CODES else Reason("nothing-edited"),
    }
    if role in FORGETTERS:
        table["forget"] = Reason("release-over", {"phase": str(phase)}) if phase in OVER else None
    return table if steps.brings else {deed: why for deed, why in table.items() if deed not in _OF_VERSIONS}


def _over(phase: Phase) -> Reason | None:
    if phase == Phase.ABANDONING:
        return Reason("abandoning-already")
    return Reason("release-over", {"phase": str(phase)}) if phase in OVER else None


def _rolled_back(phase: Phase) -> Reason | None:
    return Reason("rolled-back-already") if phase in _BACK else None


def _preparing(phase: Phase) -> Reason | None:
    return Reason("still-preparing") if phase == Phase.PREPARING else None


def _no_more(steps: Steps) -> Reason | None:
    return None if steps.more else Reason("no-more-steps")


def _not_moving(phase: Phase, frozen: str) -> Reason | None:
    if phase == Phase.FINISHING:
        return Reason("finishing-already")
    if frozen and frozen not in CODES:
        return Reason("frozen-now")
    return _over(phase) or _rolled_back(phase)


def _finish(phase: Phase, frozen: str, goal: Goal | None, steps: Steps) -> Reason | None:
    if phase == Phase.FINISHING:
        return None if steps.left else Reason("finishing-already")
    again = frozen in CODES and goal == Goal.FINISH
    if again or frozen in ("stable-gone", "service-gone", "led-away"):
        return None
    if frozen:
        return Reason("frozen-now")
    if phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK):
        return None
    # What brings no version has nobody who could take over: copies just stop.
    return _over(phase) or (Reason("take-over-first") if steps.brings else None)


def _abandon(phase: Phase, frozen: str, steps: Steps) -> Reason | None:
    if phase == Phase.ABANDONING and steps.left:
        return None
    if phase == Phase.FINISHING:
        return Reason("finishing-already")
    if frozen and frozen not in (*CODES, "service-gone", "led-away"):
        return Reason("frozen-now")
    return _over(phase)
