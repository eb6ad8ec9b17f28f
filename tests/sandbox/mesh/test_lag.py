from __future__ import annotations

import random

import pytest

from grayrelease.sandbox.mesh.lag import Delay, LagQueue, difference, parse


def queue(least: float, most: float, seed: int = 0) -> LagQueue:
    return LagQueue(Delay(least, most), random.Random(seed))


def test_one_number_delays_all_kinds() -> None:
    assert set(parse("1").items()) == {
        (kind, Delay(1, 1)) for kind in ("clusters", "endpoints", "routes", "listeners")
    }


def test_kinds_have_delays_of_their_own() -> None:
    assert parse("routes=0,clusters=2,endpoints=0.5-2") == {
        "routes": Delay(0, 0),
        "clusters": Delay(2, 2),
        "endpoints": Delay(0.5, 2),
    }


def test_without_a_text_nothing_is_late() -> None:
    assert parse("") == {}


@pytest.mark.parametrize("text", ["2-1", "-1", "routes", "pods=1", "routes=x", "1-2-3"])
def test_a_text_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_change_is_taken_when_its_delay_is_over() -> None:
    held = queue(2, 2)
    held.put({"a": {"v": 1}}, now=10)
    assert held.due == 12
    assert held.take(now=11.9) == {}
    assert held.take(now=12) == {"a": {"v": 1}}
    assert held.due is None


def test_no_change_overtakes_the_one_before_it() -> None:
    held = queue(0, 2)
    for number in range(200):
        held.put({str(number): {}}, now=number * 0.01)
    taken: list[str] = []
    for now in range(500):
        taken += held.take(now=now * 0.01)
    assert taken == [str(number) for number in range(200)]


def test_of_two_changes_that_are_due_the_later_one_counts() -> None:
    held = queue(1, 1)
    held.put({"a": {"v": 1}, "b": {"v": 1}}, now=0)
    held.put({"a": {"v": 2}, "b": None}, now=0.5)
    assert held.take(now=5) == {"a": {"v": 2}, "b": None}


def test_delays_are_drawn_from_the_range_and_the_same_again_with_the_same_seed() -> None:
    def delays(seed: int) -> list[float]:
        held, found = queue(0.5, 2, seed), []
        for now in range(0, 1000, 10):
            held.put({"a": {}}, now)
            found.append((held.due or 0) - now)
            held.take(now + 5)
        return found

    assert delays(1) == delays(1) != delays(2)
    assert all(0.5 <= delay <= 2 for delay in delays(1))
    assert max(delays(1)) - min(delays(1)) > 1


def test_what_begins_anew_is_not_taken_away_by_an_older_change() -> None:
    held = queue(2, 2)
    held.put({"listener": None, "other": None}, now=0)
    held.forget("listener")
    assert held.take(now=3) == {"other": None}


def test_a_difference_names_what_is_new_changed_and_gone() -> None:
    old = {"same": {"v": 1}, "changed": {"v": 1}, "gone": {"v": 1}}
    new = {"same": {"v": 1}, "changed": {"v": 2}, "new": {"v": 1}}
    assert difference(old, new) == {"changed": {"v": 2}, "new": {"v": 1}, "gone": None}
