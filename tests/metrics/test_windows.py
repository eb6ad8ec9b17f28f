"""How samples become windows and callers, where no real Prometheus could be made to show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grayrelease.metrics.windows import Counter, callers, moment, rises, still_open, windows

START = datetime(2026, 1, 1, tzinfo=UTC)
T = START.timestamp()


def counter(*samples: tuple[float, float], caller: str = "a", version: str = "v1") -> Counter:
    return Counter(caller, version, tuple((T + at, value) for at, value in samples))


def test_callers_scraped_at_different_moments_share_a_window() -> None:
    found = windows(
        rises([
            counter((0, 0), (1, 10), (2, 30), caller="a"),
            counter((0.4, 0), (1.4, 1), (2.4, 3), caller="b"),
        ]),
        START + timedelta(seconds=0.5),
    )  # fmt: skip
    assert [window.counts for window in found] == [{"v1": 11}, {"v1": 22}]
    assert found[0].start == START
    assert found[0].end == START + timedelta(seconds=1.4)


def test_a_missed_scrape_makes_a_longer_window_and_loses_nothing() -> None:
    found = windows(rises([counter((0, 0), (1, 1), (2, 2), (5, 5), (6, 6))]), START)
    assert sum(window.counts["v1"] for window in found) == 6
    assert [window.end - window.start for window in found] == [timedelta(seconds=n) for n in (1, 1, 3, 1)]


def test_a_counter_that_missed_a_scrape_goes_on() -> None:
    both = [counter((0, 5), (2, 9)), counter((0, 0), (1, 1), (2, 2), version="v2")]
    assert [window.counts for window in windows(rises(both), START)] == [{"v2": 1}, {"v1": 4, "v2": 1}]


def test_two_counters_of_a_version_are_reset_each_for_itself() -> None:
    both = [counter((0, 100), (1, 3)), counter((0, 7), (1, 9))]
    assert [window.counts for window in windows(rises(both), START)] == [{"v1": 5}]


def test_a_window_that_began_before_the_write_counts_whole() -> None:
    found = windows(rises([counter((0, 0), (10, 100))]), START + timedelta(seconds=9))
    assert [window.counts for window in found] == [{"v1": 100}]


def test_a_scrape_without_requests_is_a_window_too() -> None:
    assert [window.counts for window in windows(rises([counter((0, 5), (1, 5))]), START)] == [{"v1": 0}]


def test_there_are_no_windows_before_two_scrapes() -> None:
    assert windows(rises([counter((0, 5))]), START) == ()
    assert windows(rises([]), START) == ()


times = st.lists(st.integers(0, 600), min_size=1, max_size=30, unique=True).map(sorted)


@given(st.lists(times, max_size=4), st.integers(0, 600))
def test_windows_count_each_request_after_the_first_scrape_once(scrapes: list[list[int]], cut: int) -> None:
    counters = [
        counter(*((at / 10, 3 * number) for number, at in enumerate(its)), caller=str(caller))
        for caller, its in enumerate(scrapes)
    ]
    found = windows(rises(counters), START + timedelta(seconds=cut / 10))
    wanted = 3 * sum(sum(at > cut for at in its[1:]) for its in scrapes)
    assert sum(sum(window.counts.values()) for window in found) == wanted
    assert all(window.end > START + timedelta(seconds=cut / 10) for window in found)


def last(counters: list[Counter], asked: dict[tuple[str, str], float], begin: float = T) -> datetime | None:
    (caller,) = callers(counters, asked, {"a": T + 60}, begin)
    return caller.last_request.get("v1")


def test_a_rise_in_the_samples_is_the_last_request() -> None:
    assert last([counter((1, 5), (2, 6), (3, 6))], {("a", "v1"): T + 15}) == moment(T + 2)


def test_a_time_that_was_rounded_up_past_the_samples_is_cut_there() -> None:
    assert last([counter((1, 5), (30, 5))], {("a", "v1"): T + 15}) == moment(T + 1)


def test_a_time_before_the_samples_stands() -> None:
    assert last([counter((1, 5), (30, 5))], {("a", "v1"): T - 300}) == moment(T - 300)
    assert last([], {("a", "v1"): T - 300}) == moment(T - 300)


def test_a_counter_that_stood_there_from_the_beginning_says_nothing() -> None:
    assert last([counter((1, 5), (30, 5))], {}, begin=T + 20) is None


def test_a_counter_that_shows_up_later_was_a_request() -> None:
    assert last([counter((25, 5), (30, 5))], {}, begin=T + 20) == moment(T + 25)


def test_a_counter_at_zero_is_no_request() -> None:
    assert last([counter((25, 0), (30, 0))], {}, begin=T + 20) is None


def test_who_holds_a_connection_still_sends_however_long_ago_it_was_opened() -> None:
    opened, closed = counter((1, 5), (30, 5)), counter((1, 4), (30, 4))
    busy = still_open([opened], [closed])
    (caller,) = callers([opened], {("a", "v1"): T - 300}, {}, T, busy)
    assert caller.last_request["v1"] == caller.last_seen == moment(T + 30)
    assert still_open([opened], []) == busy


def test_who_closed_all_connections_holds_none() -> None:
    opened, closed = counter((1, 5), (30, 5)), counter((1, 4), (30, 5))
    assert still_open([opened], [closed]) == {}


def test_connections_are_held_per_version_over_all_counters() -> None:
    opened = [counter((1, 2)), counter((1, 3)), counter((1, 7), version="v2")]
    closed = [counter((1, 5)), counter((1, 6), version="v2")]
    assert still_open(opened, closed) == {("a", "v2"): T + 1}
