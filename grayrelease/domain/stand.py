"""Where a release stands in its plan: the exposure that people want, the step, who has been drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from grayrelease.domain.plan import ALL, Exposure, Plan
from grayrelease.domain.state import Reason


@dataclass(frozen=True)
class Stand:
    """`step` is an index into the plan's steps; `drawn` are a sticky release's shares, oldest first."""

    exposure: Exposure
    step: int = 0
    drawn: tuple[int, ...] = ()


def begin(plan: Plan) -> Stand:
    """Return where a release begins: at its first step."""
    exposure = plan.steps[0].exposure
    return Stand(exposure, drawn=_drawn((), exposure))


def moved(plan: Plan, stand: Stand, exposure: Exposure) -> Stand:
    """Return where a release stands once a person sets an exposure: at the step that says it, if one does."""
    saying = [number for number, step in enumerate(plan.steps) if step.exposure == exposure]
    ahead = [number for number in saying if number >= stand.step]
    step = next(iter([*ahead, *reversed(saying)]), stand.step)
    return Stand(exposure, step, _drawn(stand.drawn, exposure))


def next_step(plan: Plan, stand: Stand) -> Stand | None:
    """Return where the next step stands; None after the last one."""
    if stand.step + 1 >= len(plan.steps):
        return None
    exposure = plan.steps[stand.step + 1].exposure
    return replace(stand, exposure=exposure, step=stand.step + 1, drawn=_drawn(stand.drawn, exposure))


def _drawn(drawn: tuple[int, ...], exposure: Exposure) -> tuple[int, ...]:
    """Return the shares at which users were drawn, with the one that is wanted now as the last."""
    if not exposure.sticky or not exposure.share or drawn[-1:] == (exposure.share,):
        return drawn
    return (*drawn, exposure.share)


def draws_more(before: Exposure, after: Exposure) -> bool:
    """Tell if an exposure gives a version by cookie to visitors who don't have it by the one before."""
    if not after.sticky or not after.share:
        return False
    return not before.sticky or after.audience != before.audience or after.share > before.share


@dataclass(frozen=True)
class Other:
    """Another live release of the target, by its name, and its exposure."""

    name: str
    exposure: Exposure


def no_room(wanted: Exposure, others: Iterable[Other]) -> Reason | None:
    """Return why an exposure has no room beside the others': all of them would be more than everyone.

    All traffic leaves none for anybody's exposure, and a sticky share for everyone suffers no other.
    """
    exposed = [other for other in others if other.exposure.meets]
    if wanted.everyone == ALL:
        return _named(exposed)
    full = [other for other in exposed if other.exposure.everyone == ALL]
    if wanted.meets and full:
        return _named(full)
    sharing = [other for other in exposed if other.exposure.everyone] if wanted.everyone else []
    sticky = any(each.sticky for each in (wanted, *(other.exposure for other in sharing)))
    if sticky or wanted.everyone + sum(other.exposure.everyone for other in sharing) > ALL:
        return _named(sharing)
    return None


def _named(others: list[Other]) -> Reason | None:
    if not others:
        return None
    most = max(others, key=lambda other: other.exposure.everyone)
    return Reason("no-room", {"release": most.name, "share": most.exposure.share})
