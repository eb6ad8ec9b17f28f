"""One text for one plan, whatever made it; and a hash of that text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain.revision import base, canonical, freeze, parse, revision
from tests.domain.conftest import Golden
from tests.domain.manifests import plan

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_plan_is_frozen_as_text_that_reads_back_and_keeps_its_hash(golden: Golden) -> None:
    text = freeze(plan())
    assert parse(text) == plan()
    assert freeze(parse(text)) == text
    golden("plan", {"revision": revision(text), "plan": json.loads(text)})


def test_the_text_is_as_rfc_8785_writes_it() -> None:
    value = {"\u20ac": 1, "\r": "\u001f\n", "\U0001f600": True, "\ufb33x": None, "b": [], "a": {"n": -0}}
    keys = list(json.loads(canonical({"\ue000": 1, "\U0001f600": 2})))
    assert keys == ["\U0001f600", "\ue000"], "sorted by UTF-16 code units"
    assert canonical({"b": [1, {"z": "\u001f\n", "a": None}], "a": True}) == (
        '{"a":true,"b":[1,{"a":null,"z":"\\u001f\\n"}]}'
    )
    assert canonical(value).startswith('{"\\r":"\\u001f\\n","a":{"n":0},"b":[]')


def test_equal_texts_in_different_compositions_are_one() -> None:
    assert canonical("e\u0301") == canonical("\u00e9")


def test_one_instant_is_one_text_in_any_zone() -> None:
    at = datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC)
    assert canonical(at) == '"2026-11-24T12:00:00.000005Z"'
    assert canonical(at.astimezone(timezone(timedelta(hours=8)))) == canonical(at)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.5, "float has no canonical form"),
        (2**53, "larger than"),
        (datetime(2026, 1, 1), "without a zone"),
        ({1: 2}, "isn't text"),
        ({"e\u0301": 1, "\u00e9": 2}, "same text"),
        ("\ud800", "surrogates not allowed"),
        (object(), "object has no canonical form"),
    ],
)
def test_what_has_no_one_form_is_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        canonical(value)


@given(JSON)
def test_reading_and_writing_again_changes_nothing(value: Any) -> None:
    try:
        text = canonical(value)
    except ValueError:
        return  # two keys that are one text, or half a surrogate pair
    assert canonical(json.loads(text)) == text


def test_the_base_does_not_depend_on_the_order_of_routes() -> None:
    routes = [
        {"kind": "VirtualService", "metadata": {"name": name}, "spec": {"hosts": [name], "weight": 0.5}}
        for name in ("a", "b")
    ]
    assert base(routes) == base(routes[::-1]) != base(routes[:1])
