"""Whom an audience means: what Envoy would say of the patterns, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain import conditions, patterns
from grayrelease.domain.matching import istio_matches
from grayrelease.domain.plan import Audience, Condition, Group
from tests.depth import tried

NAMES = st.sampled_from(["a", "b", "ab", "user", "xuser"])
VALUES = st.text("ab.+x=", min_size=1, max_size=3)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
BLANKS = st.sampled_from(["; ", ";", " ;", ";\t", ";  "])


def cookie(name: str, *values: str, how: str = "exact") -> Condition:
    return Condition.model_validate({"on": "cookie", "name": name, "how": how, "values": values})


def condition(on: str, name: str = "", how: str = "exact", *values: str) -> Condition:
    return Condition.model_validate({"on": on, "name": name, "how": how, "values": values})


def audience(*groups: list[Condition]) -> Audience:
    return Audience(groups=tuple(Group(conditions=tuple(group)) for group in groups))


def only(*wanted: Condition) -> dict[str, object]:
    [match] = istio_matches(audience(list(wanted)).groups)
    return match


def wrong(*groups: list[Condition]) -> list[tuple[int, int, str, str]]:
    return [
        (each.group, each.condition, each.field, each.reason.code)
        for each in conditions.check(audience(*groups))
    ]


def has(header: str, *wanted: Condition) -> bool:
    match = only(*wanted)
    with_it, without = match.get("headers", {}), match.get("withoutHeaders", {})
    assert isinstance(with_it, dict) and isinstance(without, dict)
    asked = re2.fullmatch(with_it["cookie"]["regex"], header) if "cookie" in with_it else True
    missed = re2.fullmatch(without["cookie"]["regex"], header) if "cookie" in without else None
    return bool(asked) and not missed


# --- what is written


def test_a_cookies_pattern_is_the_recorded_one(recordings: Path) -> None:
    for name, wanted in (
        ("cookie-regex", cookie("user", "jason")),
        ("cookie-regex-quoted", cookie("tok", "a.b+c")),
    ):
        case = json.loads((recordings / "istio-routing" / "cases" / f"{name}.json").read_text())
        [service] = [each for each in case["objects"] if each["kind"] == "VirtualService"]
        assert service["spec"]["http"][0]["match"] == istio_matches(audience([wanted]).groups)


def test_systems_are_told_apart_as_recorded(recordings: Path) -> None:
    clients = json.loads((recordings / "istio-routing" / "useragents.json").read_text())
    for system in patterns.SYSTEMS:
        pattern = re2.compile(patterns.systems([system]))
        assert [each["client"] for each in clients if pattern.fullmatch(each["userAgent"])] == [
            each["client"] for each in clients if system in each["proposed"]
        ]


@tried(150)
@given(PAIRS, BLANKS, st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=3, unique_by=lambda p: p[0]))
def test_several_cookies_are_all_demanded_in_any_order(
    sent: list[tuple[str, str]], blank: str, wanted: list[tuple[str, str]]
) -> None:
    header = blank.join(f"{name}={value}" for name, value in sent).strip()
    assert has(header, *(cookie(*pair) for pair in wanted)) == all(pair in sent for pair in wanted)


@tried(80)
@given(PAIRS, st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_cookies_that_must_be_missing_are_all_missing(sent: list[tuple[str, str]], absent: list[str]) -> None:
    header = "; ".join(f"{name}={value}" for name, value in sent)
    conditions_ = [cookie(name, how="absent") for name in absent]
    assert has(header, *conditions_) == (not {name for name, _ in sent} & set(absent))


@tried(150)
@given(
    PAIRS,
    NAMES,
    st.sampled_from([".*", "a.*", "^a.+$", "[^a]*", r"\S+x", "a|b.", r"[ab]{1,2}", r"a\.b", r"(?i)A.?"]),
)
def test_a_pattern_never_looks_past_its_cookie(sent: list[tuple[str, str]], name: str, pattern: str) -> None:
    header = "; ".join(f"{each}={value}" for each, value in sent)
    mine = [value for each, value in sent if each == name]
    said = has(header, cookie(name, pattern, how="regex"))
    assert said == any(re2.fullmatch(pattern, value) is not None for value in mine)


@pytest.mark.parametrize("pattern", ["a;b", "[!-~]*", r"\x3b", "a^b", "[[:punct:]]", r"\pP", r"\073"])
def test_a_pattern_that_could_leave_its_cookie_is_refused(pattern: str) -> None:
    assert wrong([cookie("user", pattern, how="regex")]) == [(0, 0, "values", "regex-past-cookie")]


def test_each_kind_of_condition_has_its_place() -> None:
    assert only(
        condition("header", "X-Beta", "present"),
        condition("header", "x-env", "prefix", "test"),
        condition("header", "x-old", "absent"),
        condition("query", "Page", "regex", "^[0-9]+$"),
        condition("url", "", "prefix", "/api"),
        condition("method", "", "exact", "GET"),
        condition("system", "", "exact", "ios", "android"),
    ) == {
        "uri": {"prefix": "/api"},
        "method": {"exact": "GET"},
        "headers": {
            "x-beta": {},
            "x-env": {"prefix": "test"},
            "user-agent": {"regex": r"[^(]*\((?:iPhone|iPad|iPod|(?:Linux;[^)]*)?Android).*"},
        },
        "withoutHeaders": {"x-old": {}},
        "queryParams": {"Page": {"regex": "[0-9]+"}},
    }


def test_several_urls_and_methods_are_a_match_each() -> None:
    wanted = [condition("url", "", "exact", "/a", "/b"), condition("method", "", "exact", "GET", "HEAD")]
    assert istio_matches(audience(wanted).groups) == [
        {"uri": {"exact": url}, "method": {"exact": method}}
        for url in ("/a", "/b")
        for method in ("GET", "HEAD")
    ]


def test_letter_case_is_ignored_where_istio_can() -> None:
    shop = Condition(on="url", how="prefix", values=("/shop",), ignore_case=True)
    assert only(shop) == {"uri": {"prefix": "/shop"}, "ignoreUriCase": True}
    assert only(Condition(on="url", how="regex", values=("/s.*",), ignore_case=True)) == {
        "uri": {"regex": "/s.*"}
    }


def test_no_groups_are_everyone_and_a_contradiction_is_nobody() -> None:
    assert istio_matches(()) == [{}]
    assert istio_matches((Group(conditions=()),)) == [{}]
    posts, reads = condition("method", "", "exact", "POST"), condition("method", "", "exact", "GET", "HEAD")
    assert istio_matches(audience([posts, reads]).groups) == []


def test_one_of_several_values_of_a_header() -> None:
    assert only(condition("header", "x", "exact", "a.b", "c")) == {
        "headers": {"x": {"regex": r"(?:a\.b)|(?:c)"}}
    }
    [prefixes] = only(condition("header", "x", "prefix", "a.", "b"))["headers"].values()  # type: ignore[attr-defined]
    assert re2.fullmatch(prefixes["regex"], "a.z") and not re2.fullmatch(prefixes["regex"], "az")


# --- what is refused

BETA = condition("header", "x-beta", "present")


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        (condition("cookie", "", "exact", "a"), "name", "required"),
        (condition("cookie", "a b", "exact", "a"), "name", "bad-cookie-name"),
        (condition("cookie", "gr-7", "present"), "name", "our-cookie"),
        (condition("cookie", "user", "exact", "a;b"), "values", "bad-cookie-value"),
        (condition("header", "cookie", "exact", "user=a"), "name", "cookie-as-header"),
        (condition("header", ":path", "prefix", "/"), "name", "no-such-header"),
        (condition("header", "Host", "present"), "name", "no-such-header"),
        (condition("header", "x user", "exact", "a"), "name", "bad-header-name"),
        (condition("header", "x:user", "exact", "a"), "name", "bad-header-name"),
        (condition("header", "x-user", "prefix", ""), "values", "required"),
        (condition("header", "x-user", "regex", ""), "values", "required"),
        (condition("header", "x-user", "regex", "^$"), "values", "required"),
        (condition("header", "x-user", "exact"), "values", "required"),
        (condition("header", "x-user", "exact", "a", "a"), "values", "value-twice"),
        (condition("header", "x-user", "exact", "a "), "values", "bad-header-value"),
        (condition("header", "x-user", "regex", "(?!a).*"), "values", "regex-look-around"),
        (condition("header", "x-user", "regex", r"(a)\1"), "values", "regex-back-reference"),
        (condition("header", "x-user", "regex", "[a-"), "values", "regex-wrong"),
        (condition("header", "x-user", "regex", "a++"), "values", "regex-wrong"),
        (condition("header", "x-user", "regex", "((a{30}){30}){2}"), "values", "regex-wrong"),
        (condition("header", "x-user", "regex", r"(\pL{9}|b){9}"), "values", "regex-too-big"),
        (condition("url", "", "prefix", "api"), "values", "path-slash"),
        (condition("url", "", "exact", "/a?b=c"), "values", "path-query"),
        (condition("url", "", "exact", "/商品"), "values", "not-encoded"),
        (condition("url", "", "prefix", "/a/../b"), "values", "path-dots"),
        (condition("query", "q", "exact", "a b"), "values", "not-encoded"),
        (condition("query", "q", "absent"), "how", "how-impossible"),
        (condition("method", "", "exact", "get"), "values", "bad-method"),
        (condition("system", "", "exact", "beos"), "values", "required"),
    ],
)
def test_a_condition_that_istio_would_refuse_or_never_meet(typed: Condition, field: str, code: str) -> None:
    assert (0, 1, field, code) in wrong([BETA, typed])


def test_an_escaped_backslash_before_a_digit_is_no_back_reference() -> None:
    assert wrong([condition("header", "x-user", "regex", r"a\\1")]) == []


@pytest.mark.parametrize(
    "typed",
    [
        condition("url", "", "prefix", "/"),
        *(
            condition("url", "", "regex", each)
            for each in (".*", ".+", "/.*", "^/.*$", "(?s).*", "(/.*)?", r"\S+")
        ),
        condition("header", "user-agent", "present"),
        condition("header", "user-agent", "regex", ".*"),
        condition("header", "User-Agent", "prefix", "Mozilla/"),
        condition("header", "accept", "present"),
        condition("header", "x-forwarded-proto", "exact", "http", "https"),
        condition("system", "", "exact", *patterns.SYSTEMS),
        condition("method", "", "exact", *conditions.METHODS),
    ],
)
def test_a_condition_that_every_visitor_meets_is_refused(typed: Condition) -> None:
    assert wrong([BETA], [typed]) == [(1, 0, "values", "matches-everyone")]
    assert wrong([BETA, typed]) == []


def test_groups_that_take_everyone_together_are_refused() -> None:
    for one, other in (
        (BETA, condition("header", "X-Beta", "absent")),
        (condition("url", "", "exact", "/"), condition("url", "", "regex", "/.+")),
        (
            condition("system", "", "exact", "ios", "android", "linux"),
            condition("system", "", "exact", "windows", "macos"),
        ),
    ):
        assert wrong([one], [other]) == [(-1, -1, "audience", "together-everyone")]


def test_an_audience_that_leaves_somebody_out_is_taken() -> None:
    assert wrong([condition("url", "", "prefix", "/api")], [cookie("user", "jason"), BETA]) == []
    assert wrong([condition("system", "", "exact", "windows", "macos", "linux", "android")]) == []
    assert wrong([cookie("opted-out", how="absent")]) == []


def test_an_empty_audience_and_an_empty_group_are_refused() -> None:
    assert wrong() == [(-1, -1, "audience", "audience-empty")]
    assert (1, -1, "group", "group-empty") in wrong([BETA], [])


def test_the_same_thing_is_asked_once() -> None:
    system = condition("system", "", "exact", "ios")
    agent = condition("header", "User-Agent", "prefix", "curl")
    assert wrong([BETA, condition("header", "X-BETA", "absent")]) == [(0, 1, "name", "condition-twice")]
    assert wrong([agent, system]) == [(0, 1, "on", "condition-twice")]
    assert wrong([cookie("a", "1"), cookie("A", "1")]) == []


def test_more_cookies_than_can_be_written_are_refused() -> None:
    assert (0, -1, "group", "too-many-cookies") in wrong([cookie(name, "1") for name in "abcd"])


def test_the_widest_allowed_pattern_fits_a_proxy() -> None:
    longest = [cookie(f"{name}" * 20, "v" * 256) for name in "abc"]
    assert wrong(longest) == []
    pattern = only(*longest, cookie("gr-7", "v2.0"))["headers"]["cookie"]["regex"]  # type: ignore[index]
    assert patterns.compiled(pattern).programsize < 32768
