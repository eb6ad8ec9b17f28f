"""The rules of the wizard's fields."""

from __future__ import annotations

import pytest

from grayrelease.domain import names
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Reason


def code(checked: names.Checked) -> str:
    assert checked.wrong is None or set(checked.wrong.facts) == set(REASONS[checked.wrong.code])
    return checked.wrong.code if checked.wrong else ""


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("reviews-v2", ""),
        (" reviews-v2 ", ""),
        ("2nd", ""),
        ("", "required"),
        ("   ", "required"),
        ("Reviews", "bad-name"),
        ("reviews_v2", "bad-name"),
        ("-reviews", "bad-name"),
        ("reviews-", "bad-name"),
        ("reviews.v2", "bad-name"),
        ("a" * 63, ""),
        ("a" * 64, "too-long"),
        ("taken", "name-taken"),
        ("take", ""),
    ],
)
def test_a_name(typed: str, wrong: str) -> None:
    assert code(names.name(typed, taken={"taken"})) == wrong


@pytest.mark.parametrize(
    ("typed", "value", "wrong"),
    [
        ("v2", "v2", ""),
        ("V2", "v2", ""),
        ("1.16.2", "1.16.2", ""),
        ("1.0.0-rc.1", "1.0.0-rc.1", ""),
        ("1.0.0+build", "1.0.0+build", "bad-version"),
        (".1", ".1", "bad-version"),
        ("v2-", "v2-", "bad-version"),
        ("版本二", "版本二", "bad-version"),
        ("12345678901234567", "12345678901234567", "too-long"),
        ("", "", "required"),
    ],
)
def test_a_version(typed: str, value: str, wrong: str) -> None:
    checked = names.version(typed)
    assert (checked.value, code(checked)) == (value, wrong)


def test_a_version_in_capitals_is_accepted_with_a_word_about_it() -> None:
    assert names.version("V2").note == Reason("lowered", {"typed": "V2", "value": "v2"})
    assert names.version("v2").note is None


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("v3", ""),
        ("V2", "version-taken"),
        ("v9", "workload-taken"),
        ("v8", ""),
        ("v", ""),
        ("!", "bad-version"),
    ],
)
def test_a_new_version_is_compared_exactly_with_those_there(typed: str, wrong: str) -> None:
    checked = names.new_version(
        typed,
        prefix="reviews",
        versions={"v1", "v2"},
        workloads={"reviews-v1", "reviews-v8", "reviews-v9"},
        left={"reviews-v8"},
    )
    assert code(checked) == wrong


def test_a_new_version_must_leave_room_for_its_workloads_name() -> None:
    checked = names.new_version("v2-long", prefix="x" * 58, versions=(), workloads=())
    assert checked.wrong == Reason("too-long", {"limit": 4})


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("reviews", ""),
        ("kubesphere/examples-bookinfo-reviews-v2:1.16.2", ""),
        ("registry.local:5000/team/reviews:v2", ""),
        ("reviews@sha256:" + "a" * 64, ""),
        ("reviews:v2@sha256:" + "a" * 64, ""),
        ("", "required"),
        ("Reviews:v2", "bad-image"),
        ("reviews:v2:v3", "bad-image"),
        ("reviews v2", "bad-image"),
        ("https://example.com/reviews", "bad-image"),
        ("reviews@sha256:abc", "bad-image"),
        ("a" * 300, "too-long"),
    ],
)
def test_an_image(typed: str, wrong: str) -> None:
    assert code(names.image(typed)) == wrong


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("ERROR_RATE", ""),
        ("a.b-c", ""),
        ("1A", "bad-env"),
        ("A=B", "bad-env"),
        ("SET", "twice"),
        ("", "required"),
    ],
)
def test_an_environment_variable(typed: str, wrong: str) -> None:
    assert code(names.env_name(typed, taken={"SET"})) == wrong


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("1", ""),
        ("12", ""),
        ("", "required"),
        ("0", "too-small-number"),
        ("-1", "too-small-number"),
        ("1.5", "too-small-number"),
        ("\u0968", "too-small-number"),
    ],
)
def test_a_number_of_pods(typed: str, wrong: str) -> None:
    assert code(names.replicas(typed)) == wrong
