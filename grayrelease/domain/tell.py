"""What a release's page says: what visitors get now, and what comes next by itself or from a person."""

from __future__ import annotations

from grayrelease.domain import marks
from grayrelease.domain.finish import winner_of
from grayrelease.domain.look import Look
from grayrelease.domain.plan import ALL
from grayrelease.domain.state import Goal, Phase, Reason


def now_is(look: Look, phase: Phase) -> Reason:
    """Return what visitors get now; the code is the phase's."""
    candidate, stable, share = look.candidate, look.stable, look.share or 0
    winner = winner_of(look) if look.release.goal == Goal.FINISH else _leader(look)
    loser = look.other(winner)
    facts: dict[Phase, dict[str, str | int]] = {
        Phase.PREPARING: {"version": candidate, "stable": stable},
        Phase.RUNNING: {"version": candidate, "stable": stable, "share": share},
        Phase.TAKEN_OVER: {"version": winner, "other": loser},
        Phase.ROLLING_BACK: {"version": candidate, "stable": stable, "share": share},
        Phase.ROLLED_BACK: {"version": candidate, "stable": stable},
        Phase.FINISHING: {"version": winner, "loser": loser},
        Phase.FINISHED: {"version": winner, "loser": loser},
    }
    return Reason(str(phase), facts[phase])


def _leader(look: Look) -> str:
    return look.candidate if look.wanted == ALL else look.stable


def says_next(look: Look, phase: Phase, awaited: bool) -> Reason | None:
    """Return what comes next; None once it's over."""
    if phase == Phase.PREPARING:
        return _preparing(look)
    if phase == Phase.RUNNING:
        return _running(look, awaited)
    if phase == Phase.FINISHING:
        return _finishing(look)
    if phase == Phase.FINISHED:
        return None
    return Reason("person-finishes", {"loser": look.other(_leader(look))})


def _preparing(look: Look) -> Reason:
    key = look.workload_key(look.candidate)
    if look.share is None:
        return Reason("will-pin", {"stable": look.stable})
    if look.find(key) is None:
        return Reason("will-create", {"workload": key.name})
    return Reason("will-expose", {"version": look.candidate, "share": look.wanted})


def _running(look: Look, awaited: bool) -> Reason:
    if not awaited:
        return Reason("person-moves", {"version": look.candidate})
    if look.release.goal == Goal.TAKE_OVER or look.wanted == ALL:
        return Reason("will-take-over", {"version": _leader(look)})
    return Reason("will-expose", {"version": look.candidate, "share": look.wanted})


def _finishing(look: Look) -> Reason:
    loser = look.other(winner_of(look))
    key = look.workload_key(loser)
    workload = look.find(key)
    if not look.runs(loser) or workload is None:
        return Reason("will-give-back", {"service": look.service})
    deleted = marks.made_by(workload, look.intent.installation) or look.release.delete_loser
    return Reason("will-remove" if deleted else "will-scale-down", {"workload": key.name})
