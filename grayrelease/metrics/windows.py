"""From raw counter samples to what `Traffic` says: pure, the same for Prometheus and the double.

One scrape reads all counters of one caller proxy at one moment, so its series share their timestamps. The
scrapes of a caller cut its time into windows; a window's count is how much its counters rose. A counter that
fell was reset: it counts from 0. A counter that appears counts from 0 if its caller was scraped before (the
proxy makes it with the first request to a version); at the caller's first scrape it is only a baseline, since
nobody knows when its requests were made.

Callers are scraped at different moments. Windows of all callers that end in the same interval after `since`
(the median time between scrapes) are added up to one, which reaches from the first start to the last end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from grayrelease.domain.traffic import Caller, Window

RESOLUTION_S = 0.1  # scrapes jitter; the interval is rounded to this


@dataclass(frozen=True)
class Counter:
    """Raw samples (Unix seconds, value) of one counter of a caller, oldest first, at least one."""

    caller: str
    version: str
    samples: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Rise:
    """What one caller sent between two scrapes, by version."""

    caller: str
    start: float
    end: float
    counts: Mapping[str, float]


def rises(counters: Iterable[Counter]) -> list[Rise]:
    """Cut each caller's time at its scrapes, and count what its counters rose by in between."""
    by_caller: dict[str, list[Counter]] = defaultdict(list)
    for counter in counters:
        by_caller[counter.caller].append(counter)
    return [rise for caller, its in by_caller.items() for rise in _rises(caller, its)]


def _rises(caller: str, counters: list[Counter]) -> list[Rise]:
    times = sorted({at for counter in counters for at, _ in counter.samples})
    counts: dict[float, dict[str, float]] = {at: {} for at in times}
    for counter in counters:
        for at, rise in _deltas(counter, times[0]):
            if counter.version:
                counts[at][counter.version] = counts[at].get(counter.version, 0) + rise
    return [Rise(caller, start, end, counts[end]) for start, end in zip(times, times[1:], strict=False)]


def _deltas(counter: Counter, first_scrape: float) -> Iterable[tuple[float, float]]:
    last = 0.0
    for at, value in counter.samples:
        if at > first_scrape:
            yield at, value - last if value >= last else value
        last = value


def windows(found: Iterable[Rise], since: datetime) -> tuple[Window, ...]:
    """Add up the rises that end after `since`, by interval."""
    after = [rise for rise in found if rise.end > since.timestamp()]
    if not after:
        return ()
    interval = max(round(median(rise.end - rise.start for rise in after), 1), RESOLUTION_S)
    buckets: dict[int, list[Rise]] = defaultdict(list)
    for rise in after:
        buckets[int((rise.end - since.timestamp()) / interval)].append(rise)
    return tuple(_window(buckets[number]) for number in sorted(buckets))


def _window(together: list[Rise]) -> Window:
    counts: dict[str, float] = defaultdict(float)
    for rise in together:
        for version, count in rise.counts.items():
            counts[version] += count
    return Window(
        start=moment(min(rise.start for rise in together)),
        end=moment(max(rise.end for rise in together)),
        counts={version: round(count) for version, count in sorted(counts.items())},
    )


def callers(
    counters: Iterable[Counter],
    requests: Mapping[tuple[str, str], float] | None = None,
    seen: Mapping[str, float] | None = None,
    begin: float = 0,
    busy: Mapping[tuple[str, str], float] | None = None,
) -> tuple[Caller, ...]:
    """Say who calls, when last to which version, and when last scraped.

    `requests` ((caller, version) → time, perhaps rounded up) and `seen` tell of the time before the samples.
    A counter that first shows up after `begin`, above 0, counts as a request of that moment. So no request is
    ever said to be earlier than it was, and no drain ends early. `busy` as `still_open` gives it: whoever
    holds a connection still sends.
    """
    last, scraped = dict(requests or {}), dict(seen or {})
    exact: dict[tuple[str, str], float] = {}
    for counter in counters:
        scraped[counter.caller] = max(scraped.get(counter.caller, 0), counter.samples[-1][0])
        key = counter.caller, counter.version
        at = _last_request(counter, last.get(key), begin)
        if at is not None and counter.version:
            exact[key] = max(exact.get(key, 0), at)
    last |= exact
    for key, at in (busy or {}).items():
        last[key] = max(last.get(key, 0), at)
    return tuple(_caller(pod, last, scraped[pod]) for pod in sorted(scraped))


def still_open(opened: Iterable[Counter], closed: Iterable[Counter]) -> dict[tuple[str, str], float]:
    """Return (caller, version) → when it was last scraped, where it has opened more than it has closed."""
    held: dict[tuple[str, str], float] = defaultdict(float)
    scraped: dict[tuple[str, str], float] = {}
    for counters, sign in ((opened, 1), (closed, -1)):
        for counter in counters:
            key, (at, value) = (counter.caller, counter.version), counter.samples[-1]
            held[key] += sign * value
            scraped[key] = max(scraped.get(key, 0), at)
    return {key: scraped[key] for key, count in held.items() if count > 0 and key[1]}


def _last_request(counter: Counter, asked: float | None, begin: float) -> float | None:
    rose = None
    for (_, before), (at, value) in zip(counter.samples, counter.samples[1:], strict=False):
        if value != before:
            rose = at
    first, value = counter.samples[0]
    if rose is not None or value == 0:
        return rose
    if asked is not None:
        return min(asked, first)
    return first if first > begin else None


def _caller(pod: str, last: Mapping[tuple[str, str], float], scraped: float) -> Caller:
    mine = {version: moment(at) for (its, version), at in sorted(last.items()) if its == pod}
    return Caller(pod=pod, last_request=mine, last_seen=moment(scraped))


def moment(at: float) -> datetime:
    """Unix seconds as a datetime."""
    return datetime.fromtimestamp(at, UTC)
