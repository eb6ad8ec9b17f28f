"""Verified by traffic, or settled where traffic can't show it; and nobody left who sends to the loser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain.drain import Drain, drain
from grayrelease.domain.state import Exposed
from grayrelease.domain.traffic import Caller, Traffic, Window
from grayrelease.domain.verify import Count, Proof, counts, requests_needed, since_effect, verify, wilson

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_wilsons_interval_in_whole_numbers_is_the_one_of_the_books(n: int, part: float) -> None:
    k, z = round(part * n), 2.576
    centre, spread = k / n + z * z / (2 * n), z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    low, high = wilson(k, n)
    assert low <= 1000 * max(0.0, (centre - spread) / (1 + z * z / n)) + 1e-6
    assert high >= 1000 * min(1.0, (centre + spread) / (1 + z * z / n)) - 1e-6
    assert high - low <= 1000 * 2 * spread / (1 + z * z / n) + 2.01


def test_nothing_seen_is_any_share() -> None:
    assert wilson(0, 0) == (0, 1000)


@pytest.mark.parametrize(
    ("share", "before", "mean"), [(800, 200, 7), (200, 50, 37), (0, 200, 21), (60, 50, 4600)]
)
def test_about_as_many_requests_are_needed_as_safety_says(share: int, before: int, mean: int) -> None:
    assert requests_needed(share, before) == pytest.approx(max(20, mean), rel=0.15)


def test_no_number_of_requests_tells_a_share_from_itself() -> None:
    assert requests_needed(200, 200) == 0
    assert requests_needed(0, 1) == 0


def draws(random: Random, share: float, each: int) -> Iterator[Count]:
    while True:
        yield Count(sum(random.random() < share for _ in range(each)), each)


def passes(random: Random, real: float, share: int, before: int, *, most: int, each: int = 5) -> int:
    """Return how many requests it took until a share passed; 0 if it never did."""
    windows: list[Count] = []
    for window in draws(random, real, each):
        windows.append(window)
        if since_effect(windows, share, before):
            return len(windows) * each
        if len(windows) * each >= most:
            return 0
    raise AssertionError


def test_a_new_share_in_effect_is_seen_soon() -> None:
    random = Random(7)
    taken = [passes(random, 0.8, 800, 200, most=2000) for _ in range(100)]
    assert all(taken)
    assert sum(taken) / len(taken) < 60


def test_an_unchanged_route_hardly_ever_passes() -> None:
    random = Random(7)
    assert sum(bool(passes(random, 0.2, 250, 200, most=400)) for _ in range(100)) <= 2
    assert sum(bool(passes(random, 0.0, 50, 0, most=400)) for _ in range(100)) == 0


def test_requests_that_still_went_the_old_way_cost_time_and_not_the_verdict() -> None:
    old, new = [Count(10, 50)] * 5, [Count(40, 50)] * 6
    assert not since_effect(old, 800, 200)
    assert since_effect(old + new, 800, 200)


def test_fewer_than_twenty_requests_never_pass() -> None:
    assert not since_effect([Count(19, 19)], 1000, 0)
    assert since_effect([Count(20, 20)], 1000, 0)


def test_only_windows_that_end_after_the_write_count() -> None:
    windows = (
        Window(after(0), after(2), {"v1": 4, "v2": 1, "v9": 7}),
        Window(after(-2), after(0), {"v1": 9, "v2": 9}),
        Window(after(2), after(3), {}),
    )
    assert counts(Traffic(windows), AT, "v2", ["v1"]) == [Count(1, 5), Count(0, 0)]


def look(
    exposed: Exposed, traffic: Traffic | None, seconds: float, *, broken: bool = False, settle_s: float = 2
) -> Proof:
    return verify(
        exposed,
        traffic,
        broken=broken,
        candidate="v2",
        others=["v1"],
        settle_s=settle_s,
        now=after(seconds),
    )


RAISED = Exposed(200, 0, AT)


def test_while_prometheus_was_not_asked_it_waits_and_settles_after_half_a_minute() -> None:
    assert look(RAISED, None, 3).why == "verifying"
    assert look(RAISED, None, 30).exposed.how == "settled"


def test_a_pin_that_no_share_shows_settles_even_without_prometheus() -> None:
    assert look(Exposed(0, 0, AT), None, 1, broken=True) == Proof(Exposed(0, 0, AT), "settling", 1.0)
    assert look(Exposed(0, 0, AT), Traffic(), 2).exposed.how == "settled"


def test_what_was_verified_stays_verified_and_goes_on_being_counted() -> None:
    verified = Exposed(200, 0, AT, verified_at=AT, how="observed")
    found = look(verified, Traffic((Window(after(1), after(2), {"v1": 100}),)), 3)
    assert (found.exposed.how, found.exposed.observed, found.exposed.requests) == ("observed", 0, 100)


def test_what_was_sent_before_the_change_took_effect_is_not_counted_as_seen() -> None:
    early = Window(AT, after(1), {"v1": 400, "v2": 100})
    late = Window(after(1), after(2), {"v1": 20, "v2": 80})
    found = look(Exposed(800, 200, AT), Traffic((early, late)), 2)
    assert (found.exposed.how, found.exposed.observed, found.exposed.requests) == ("observed", 800, 100)


def test_a_scrape_in_which_the_write_falls_does_not_hold_a_full_share_up_for_ever() -> None:
    mixed = Window(AT, after(1), {"v1": 23, "v2": 25})
    then = [Window(after(1 + n), after(2 + n), {"v2": 48}) for n in range(3)]
    found = look(Exposed(1000, 0, AT), Traffic((mixed, *then)), 4)
    assert (found.exposed.how, found.exposed.observed, found.exposed.requests) == ("observed", 1000, 144)


def dry(traffic: Traffic | None, seconds: float, *, broken: bool = False) -> Drain:
    return drain("v1", traffic, broken=broken, since=AT, now=after(seconds), settle_s=2, drain_s=10)


def of(*callers: Caller) -> Traffic:
    return Traffic((), callers)


def test_a_caller_is_done_when_it_was_scraped_long_enough_without_a_request() -> None:
    assert dry(of(Caller("a", {"v1": after(3)}, after(13))), 14) == Drain()
    assert dry(of(Caller("a", {"v1": after(3)}, after(12))), 14) == Drain("draining", "a", 1.0)
    assert dry(of(Caller("a", {"v2": after(12)}, after(12))), 12) == Drain()


def test_requests_before_the_route_was_written_do_not_shorten_the_drain() -> None:
    assert dry(of(Caller("a", {"v1": after(-60)}, after(4))), 4) == Drain("draining", "a", 6.0)


def test_the_caller_that_is_awaited_longest_is_named_but_one_unseen_comes_first() -> None:
    soon, late = Caller("soon", {}, after(9)), Caller("late", {"v1": after(8)}, after(9))
    assert dry(of(soon, late), 9).caller == "late"
    unseen = Caller("unseen", {}, after(-5))
    assert dry(of(soon, late, unseen), 9) == Drain("draining", "unseen", 10.0)
    assert dry(of(soon, late, unseen), 16) == Drain("drain-unseen", "unseen")


def test_without_a_caller_or_without_prometheus_the_longer_time_has_to_do() -> None:
    assert dry(of(), 4) == Drain("drain-blind", wait_s=6.0)
    assert dry(of(), 10) == Drain()
    assert dry(None, 10, broken=True) == Drain()


def test_no_time_is_long_enough_while_prometheus_was_not_asked() -> None:
    assert dry(None, 1000).code == "drain-blind"
