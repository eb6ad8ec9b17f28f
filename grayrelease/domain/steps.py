"""Steps that follow by themselves: an exposure that was verified for as long as its gate says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from grayrelease.domain import handing, stand
from grayrelease.domain.one import One
from grayrelease.domain.plan import Exposure, Step
from grayrelease.domain.stand import Other, Stand
from grayrelease.domain.state import Goal, Reason


@dataclass(frozen=True)
class Following:
    """The step after the present one: when it follows by itself (None: it doesn't), or why it can't yet."""

    exposure: Exposure
    number: int
    at: datetime | None = None
    waits: Reason | None = None


def following(one: One) -> Following | None:
    """Return the step that follows once the present one is in effect; None after the last one."""
    release = one.release
    here = Stand(release.exposure, release.step, release.drawn)
    then = stand.next_step(release.plan, here)
    if then is None or one.goal != Goal.RUN:
        return None
    gate, at = release.plan.steps[release.step], None
    by_itself = gate.gate == "time" and not release.paused and release.held is None
    if by_itself and gate.exposure == release.exposure:
        at = _due(one, gate)
    due = at is not None and at <= one.look.now
    waits = (_no_room(one, then.exposure) or _not_handed(one, then.exposure)) if due else None
    return Following(then.exposure, then.step, at, waits)


def _due(one: One, gate: Step) -> datetime | None:
    exposed = one.exposed
    if exposed is None or exposed.verified_at is None:
        return None
    since = exposed.verified_at
    if not gate.exposure.meets:
        # Nobody meets it: what is waited for is that it could be met, which its subset is the last thing for.
        since = max(since, one.look.since(one.look.subsets_key))
    return since + timedelta(seconds=gate.seconds)


def _not_handed(one: One, exposure: Exposure) -> Reason | None:
    """Return whose cookies may be dropped, where the step draws more visitors for good."""
    if not stand.draws_more(one.release.exposure, exposure):
        return None
    return handing.appeared(one.look.service, one.look.seen.callers, one.release.vouched)


def _no_room(one: One, exposure: Exposure) -> Reason | None:
    return stand.no_room(exposure, [Other(each.plan.name, each.wanted) for each in one.others])
