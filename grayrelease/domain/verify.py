"""Verified: the traffic itself shows that a route is in effect; where it can't, the route settles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, isqrt, log

from grayrelease.domain.exposed import Exposed
from grayrelease.domain.traffic import Traffic

ENOUGH = log(100)
"""ln of the evidence that is asked for: an unchanged route passes with probability ≤ 1/100."""
LEAST_REQUESTS = 20
Z99 = 2576
"""The two-sided 99 % point of the normal distribution, × 1000."""
EDGE = 0.001
"""Shares 0 and 1 are taken as this far from themselves, so that one stray request is no proof."""
PATIENCE_S = 30.0
"""With traffic that can decide within this time, nothing but the traffic decides."""
FIRST_LOOK_S = 5.0
"""As long at least for the first scrapes to come in."""


@dataclass(frozen=True)
class Count:
    """Requests to the candidate, and to all versions that the routes name."""

    candidate: int
    both: int


def wilson(k: int, n: int, z: int = Z99) -> tuple[int, int]:
    """Return Wilson's interval of k in n, in per mille, rounded outwards; z is × 1000.

    (0, 1000) where nothing was seen.
    """
    if n == 0:
        return 0, 1000
    scale = 10**6
    zz = z * z
    centre = 2 * k * scale + zz
    spread = z * _root(zz + 4 * k * (n - k) * scale // n)
    width = 2 * (n * scale + zz)
    low, high = (centre - spread) * 1000 // width, -(-(centre + spread) * 1000 // width)
    return max(0, low), min(1000, high)


def _root(square: int) -> int:
    root = isqrt(square)
    return root if root * root == square else root + 1


def counts(traffic: Traffic, since: datetime, candidate: str, others: Collection[str]) -> list[Count]:
    """Return the windows that end after the write, oldest first."""
    windows = sorted((window for window in traffic.windows if window.end > since), key=lambda w: w.end)
    return [
        Count(w.counts.get(candidate, 0), sum(w.counts.get(each, 0) for each in {candidate, *others}))
        for w in windows
    ]


def since_effect(windows: Sequence[Count], share: int, before: int) -> Sequence[Count]:
    """Return the windows since a write took effect; none while they don't show it (SAFETY §3, "Verified").

    Σᵢ LRᵢ/(i(i+1)) ≥ 100 with LRᵢ over windows i…now, ≥ 20 requests, and the share within the 99 %
    interval of the windows since the largest LRᵢ, or since a later i whose LRᵢ alone is ≥ 100: a scrape
    in which the write falls holds requests of both kinds, and is no reason to wait for ever.
    """
    ratios = _suffix_ratios(windows, share, before)
    if not ratios or _log_sum(ratios) < ENOUGH or sum(w.both for w in windows) < LEAST_REQUESTS:
        return ()
    largest = max(range(len(ratios)), key=lambda i: ratios[i])
    starts = [i for i in range(largest, len(ratios)) if i == largest or ratios[i] >= ENOUGH]
    return next((windows[i:] for i in starts if _is_within(windows[i:], share)), ())


def _is_within(windows: Sequence[Count], share: int) -> bool:
    k, n = sum(w.candidate for w in windows), sum(w.both for w in windows)
    low, high = wilson(k, n)
    return low <= share <= high


def _suffix_ratios(windows: Sequence[Count], share: int, before: int) -> list[float]:
    total, ratios = 0.0, []
    for window in reversed(windows):
        total += _log_ratio(window, _chance(share), _chance(before))
        ratios.append(total)
    return ratios[::-1]


def _log_ratio(window: Count, new: float, old: float) -> float:
    stable = window.both - window.candidate
    return window.candidate * log(new / old) + stable * log((1 - new) / (1 - old))


def _log_sum(ratios: Sequence[float]) -> float:
    weighted = [ratio - log((i + 1) * (i + 2)) for i, ratio in enumerate(ratios)]
    largest = max(weighted)
    return largest + log(sum(exp(value - largest) for value in weighted))


def _chance(share: int) -> float:
    return min(max(share / 1000, EDGE), 1 - EDGE)


def requests_needed(share: int, before: int) -> int:
    """Return about how many requests tell the two shares apart; 0 if none can."""
    new, old = _chance(share), _chance(before)
    per_request = new * log(new / old) + (1 - new) * log((1 - new) / (1 - old))
    return max(LEAST_REQUESTS, round(ENOUGH / per_request)) if per_request else 0


@dataclass(frozen=True)
class Proof:
    """What a look at the traffic since a route write brought; `wait_s` until it counts as settled."""

    exposed: Exposed
    why: str = ""
    """"", or what is awaited: verifying, not-seen-yet, too-small, no-traffic, no-metrics, settling."""
    wait_s: float = 0.0


def verify(
    exposed: Exposed,
    traffic: Traffic | None,
    *,
    broken: bool,
    candidate: str,
    others: Collection[str],
    settle_s: float,
    now: datetime,
    shows: bool = True,
) -> Proof:
    """Look at one route. `broken`: Prometheus was asked and doesn't answer; `shows`: shares can show it.

    The rule in words: traffic that can tell the new share from the old one within 30 s (or the settle
    time, if longer) decides alone, however long it takes. Where there is less, or none, or the share did
    not change, the route counts as in effect once the settle time has passed (and 5 s, in which the first
    scrapes come in); without Prometheus after the settle time. What was verified stays so.
    """
    if exposed.verified_at is not None:
        later = counts(traffic, exposed.verified_at, candidate, others) if traffic else []
        return Proof(_with_seen(exposed, later) if any(window.both for window in later) else exposed)
    if not shows:
        exposed = replace(exposed, before=exposed.share)
    windows = counts(traffic, exposed.at, candidate, others) if traffic else []
    if shown := since_effect(windows, exposed.share, exposed.before):
        return Proof(replace(_with_seen(exposed, shown), verified_at=now, how="observed"))
    exposed = _with_seen(exposed, windows) if traffic else exposed
    why, after = _fallback(exposed, windows, traffic, broken, settle_s, now)
    if after is None:
        return Proof(exposed, why)
    due = exposed.at + timedelta(seconds=after)
    if now >= due:
        return Proof(replace(exposed, verified_at=now, how="settled"))
    return Proof(exposed, why, (due - now).total_seconds())


def _with_seen(exposed: Exposed, windows: Sequence[Count]) -> Exposed:
    k, n = sum(w.candidate for w in windows), sum(w.both for w in windows)
    low, high = wilson(k, n)
    observed = round(1000 * k / n) if n else 0
    return replace(exposed, observed=observed, low=low, high=high, requests=n)


def _fallback(
    exposed: Exposed,
    windows: Sequence[Count],
    traffic: Traffic | None,
    broken: bool,
    settle_s: float,
    now: datetime,
) -> tuple[str, float | None]:
    """Return what is awaited, and after how many seconds it counts as settled; None: never."""
    needed = requests_needed(exposed.share, exposed.before)
    if broken or not needed:
        return ("no-metrics" if broken and needed else "settling"), settle_s
    patience = max(settle_s, PATIENCE_S)
    if traffic is None:
        return "verifying", patience
    seen, elapsed = sum(w.both for w in windows), (now - exposed.at).total_seconds()
    if elapsed < FIRST_LOOK_S and elapsed < patience:
        return "verifying", max(settle_s, FIRST_LOOK_S)
    if seen * patience >= needed * elapsed:
        return "not-seen-yet" if seen >= needed else "verifying", None
    return ("too-small" if seen else "no-traffic"), max(settle_s, FIRST_LOOK_S)
