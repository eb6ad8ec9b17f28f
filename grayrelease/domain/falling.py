"""Reactions to pods that fail (SAFETY §3): a candidate's exposure falls to what it can carry.

Only down, and by itself; raising it again is a person's deed. Nobody is sent to a version without ready pods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from grayrelease.domain.capacity import carries
from grayrelease.domain.look import Look
from grayrelease.domain.one import FORWARD, One, lowered
from grayrelease.domain.plan import ALL, Exposure
from grayrelease.domain.state import OVER, Decision, Fall, Goal, Key, Reason, Status

SHORT = timedelta(seconds=10)
"""With fewer pods than rule 5 asks for it goes on for so long: pods are replaced every day."""
HELD = frozenset({"held-pods", "held-trouble", "held-recovered"})
"""Why an exposure fell; `stable-changed`, of another release, is no such reason."""
Facts = dict[str, str | int]


@dataclass(frozen=True)
class Short:
    """A release with fewer ready pods than what is in effect asks for: since when, and to what it would fall.

    `falls` None: it would send people to a version that can't carry them either.
    """

    one: One
    since: datetime
    falls: Exposure | None

    @property
    def at(self) -> datetime:
        """When it falls: without any pod now, since its users get errors."""
        return self.since + (SHORT if self.one.ready else timedelta(0))


def react(look: Look, ones: Sequence[One], decision: Decision) -> Decision:
    """Let exposures fall that are due, say which will, and what is alarming.

    A release that falls writes nothing of its own in this run: what is wanted of it has changed.
    """
    live = [one for one in ones if decision.statuses[one.id].phase not in OVER]
    shorts = {each.one.id: each for each in _shorts(look, live)}
    due = {pk: each for pk, each in shorts.items() if each.falls is not None}
    falls = {pk: _fall(each) for pk, each in due.items() if each.at <= look.now}
    later = [each.at for pk, each in due.items() if pk not in falls]
    return replace(
        decision,
        falls=falls,
        writes=tuple(each for each in decision.writes if each.release not in falls),
        advances={pk: step for pk, step in decision.advances.items() if pk not in falls},
        statuses={
            **decision.statuses,
            **{one.id: _status(one, shorts.get(one.id), decision.statuses[one.id]) for one in live},
        },
        memory=replace(decision.memory, short_since={pk: each.since for pk, each in shorts.items()}),
        waiting=decision.waiting or bool(falls),
        due=min([*later, *([decision.due] if decision.due else [])], default=None),
    )


def _shorts(look: Look, ones: Sequence[One]) -> list[Short]:
    """Return the releases that are short of pods; what one sends to stable the next can't send there too."""
    found, spare = [], _spare(look, ones)
    for one in ones:
        if not _is_short(one):
            continue
        falls = _falls_to(one, spare)
        found.append(Short(one, look.memory.short_since.get(one.id, look.now), falls))
        if falls is not None:
            spare -= in_effect(one).everyone - falls.everyone
    return found


def in_effect(one: One) -> Exposure:
    """Return the largest exposure that stays in effect until something is raised."""
    return lowered(one.most, one.wanted).exposure


def _is_short(one: One) -> bool:
    """Tell if its candidate has not enough pods for what it gets, and there is somebody to go back to."""
    exposure = in_effect(one)
    to_candidate = exposure.share or (exposure.mirror and exposure.mirror.to is None)
    if not one.brings or not to_candidate or one.look.seen.service is None:
        return False
    staying = one.goal in FORWARD or (one.goal == Goal.FINISH and _stays(one.look))
    return staying and one.ready < one.needs(exposure.everyone)


def _stays(look: Look) -> bool:
    """Tell if stable is not being taken offline yet."""
    workload = look.find(look.workload_key(look.stable))
    return workload is not None and workload.get("spec", {}).get("replicas", 1) > 0


def _spare(look: Look, ones: Sequence[One]) -> int:
    """Return how much more of everyone's traffic, per mille, stable's ready pods can carry."""
    there = look.ready(look.stable) if _stays(look) else 0
    carried = carries(there, look.memory.capacity, look.intent.capacity_percent)
    return carried - (ALL - sum(in_effect(one).everyone for one in ones))


def _falls_to(one: One, spare: int) -> Exposure | None:
    """Return what it falls to; None where nobody could answer instead."""
    look, now = one.look, in_effect(one)
    if not look.ready(look.stable) or not _stays(look):
        return None
    if not one.ready:
        # Anybody who answers is better than nobody, however few there are.
        return _without_candidate(now)
    could = carries(one.ready, look.memory.capacity, look.intent.capacity_percent)
    share = max(could, now.everyone - max(spare, 0))
    return now.model_copy(update={"share": share}) if share < now.everyone else None


def _without_candidate(now: Exposure) -> Exposure:
    elsewhere = now.mirror if now.mirror and now.mirror.to else None
    return Exposure(mirror=elsewhere, sticky=now.sticky and now.audience is None)


def _fall(short: Short) -> Fall:
    exposure = short.falls or Exposure()
    return Fall(exposure, _held(short.one, exposure.share))


def held_now(one: One, held: Reason) -> Reason:
    """Return why a release is held, as it is now: its pods may have changed since it fell."""
    return _held(one, in_effect(one).share) if held.code in HELD else held


def _held(one: One, share: int) -> Reason:
    pods = _pods(one.look, one.candidate, one.workload)
    facts: Facts = {"version": one.candidate, "share": share, **pods}
    if pods["ready"] and int(pods["ready"]) >= int(pods["pods"]):
        return Reason("held-recovered", facts)
    return _with_trouble(one.look, one.candidate, "held-pods", "held-trouble", facts)


def _pods(look: Look, version: str, key: Key) -> Facts:
    workload = look.find(key) or {"spec": {"replicas": 0}}
    return {"workload": key.name, "ready": look.ready(version), "pods": workload["spec"].get("replicas", 1)}


def _with_trouble(look: Look, version: str, plain: str, troubled: str, facts: Facts) -> Reason:
    why = look.trouble(version)
    return Reason(troubled, {**facts, "reason": why.reason}) if why else Reason(plain, facts)


def _status(one: One, short: Short | None, status: Status) -> Status:
    waits = status.waits or (_falls_soon(short) if short else None)
    return replace(status, waits=waits, alarm=_alarm(one, short))


def _falls_soon(short: Short) -> Reason | None:
    left = (short.at - short.one.look.now).total_seconds()
    if short.falls is None or left <= 0:
        return None
    return Reason("falls-soon", {**_too_few(short), "share": short.falls.share, "seconds": ceil(left)})


def _too_few(short: Short) -> Facts:
    one = short.one
    return {"version": one.candidate, "ready": one.ready, "needed": one.needs(in_effect(one).everyone)}


def _alarm(one: One, short: Short | None) -> Reason | None:
    """Return what nothing is done about by itself: stable could not answer, or not all."""
    look = one.look
    leaves_stable = one.goal == Goal.FINISH and one.wins
    if not look.ready(look.stable) and not leaves_stable:
        facts = {"version": look.stable, **_pods(look, look.stable, look.workload_key(look.stable))}
        return _with_trouble(look, look.stable, "stable-unready", "stable-trouble", facts)
    if short and short.falls is None and short.at <= look.now:
        return Reason("both-short", {**_too_few(short), "stable": look.stable})
    return None
