"""What a person may do with a release now: the one table that checks deeds and draws buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from grayrelease.domain.state import Goal, Phase, Reason

Deed = Literal["create", "set-share", "take-over", "roll-back", "finish"]
DOERS = frozenset({"operator", "lead", "admin"})

_OVER = (Phase.FINISHED, Phase.FAILED)
_BACK = (Phase.ROLLING_BACK, Phase.ROLLED_BACK)


def allowed(
    phase: Phase | None, role: str, now: Reason | None = None, goal: Goal | None = None
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
    return {
        "set-share": _not_moving(phase, frozen),
        "take-over": _not_moving(phase, frozen) or _preparing(phase),
        "roll-back": _over(phase) or _rolled_back(phase),
        "finish": _finish(phase, frozen, goal),
    }


def _over(phase: Phase) -> Reason | None:
    return Reason("release-over", {"phase": str(phase)}) if phase in _OVER else None


def _rolled_back(phase: Phase) -> Reason | None:
    return Reason("rolled-back-already") if phase in _BACK else None


def _preparing(phase: Phase) -> Reason | None:
    return Reason("still-preparing") if phase == Phase.PREPARING else None


def _not_moving(phase: Phase, frozen: str) -> Reason | None:
    if phase == Phase.FINISHING:
        return Reason("finishing-already")
    if frozen and frozen != "edited-by-other":
        return Reason("frozen-now", {"code": frozen})
    return _over(phase) or _rolled_back(phase)


def _finish(phase: Phase, frozen: str, goal: Goal | None) -> Reason | None:
    if phase == Phase.FINISHING:
        return Reason("finishing-already")
    again = frozen == "edited-by-other" and goal == Goal.FINISH
    if again or frozen in ("stable-gone", "service-gone"):
        return None
    if frozen:
        return Reason("frozen-now", {"code": frozen})
    if phase in (Phase.TAKEN_OVER, Phase.ROLLED_BACK):
        return None
    return _over(phase) or Reason("take-over-first")
