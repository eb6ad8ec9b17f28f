"""Rule 6: nobody sends to the losing version any more, seen from each caller's side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from grayrelease.domain.traffic import Caller, Traffic
from grayrelease.domain.verify import FIRST_LOOK_S


@dataclass(frozen=True)
class Drain:
    """What is still awaited: nothing (`code` ""), draining, drain-unseen or drain-blind."""

    code: str = ""
    caller: str = ""
    wait_s: float = 0.0


def drain(
    loser: str,
    traffic: Traffic | None,
    *,
    broken: bool,
    since: datetime,
    now: datetime,
    settle_s: float,
    drain_s: float,
) -> Drain:
    """Tell what is awaited before a version may go whose routes lost it at `since`.

    A caller is done when, after the route write and after its last request to the loser, it was scraped
    for `drain_s` without one more. One that should have been scraped since the write and wasn't is named.
    Where no caller is known, or Prometheus doesn't answer, the longer of drain and settle time has to do.
    """
    if traffic is None and not broken:
        return Drain("drain-blind", wait_s=drain_s)
    if traffic is None or not traffic.callers:
        due = since + timedelta(seconds=max(settle_s, drain_s))
        return Drain() if now >= due else Drain("drain-blind", wait_s=(due - now).total_seconds())
    awaited = [found for caller in traffic.callers if (found := _of(caller, loser, since, now, drain_s)).code]
    # A caller that isn't seen needs a person: it comes before those that only need time.
    unseen = [found for found in awaited if found.code == "drain-unseen"]
    return next(iter([*unseen, *sorted(awaited, key=lambda found: -found.wait_s)]), Drain())


def of_those_there(traffic: Traffic | None, namespace: str, pods: Collection[str]) -> Traffic | None:
    """Return the traffic without callers whose pods are gone from this namespace: they can't send any more.

    pods: the names of all that are there.
    """
    if traffic is None:
        return None
    there = (each for each in traffic.callers if each.namespace != namespace or each.pod in pods)
    return replace(traffic, callers=tuple(there))


def _of(caller: Caller, loser: str, since: datetime, now: datetime, drain_s: float) -> Drain:
    if caller.last_seen < since and (now - since).total_seconds() > drain_s + FIRST_LOOK_S:
        return Drain("drain-unseen", caller.pod)
    start = max(since, caller.last_request.get(loser, since))
    wait = drain_s - max(0.0, (caller.last_seen - start).total_seconds())
    return Drain("draining", caller.pod, wait) if wait > 0 else Drain()
