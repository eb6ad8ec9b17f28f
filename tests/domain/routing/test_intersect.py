"""What two matches have in common, held against the evaluator: it is met exactly by what meets both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from grayrelease.domain import patterns
from grayrelease.domain.evaluate import Caller, Proxy, Request, read
from grayrelease.domain.matching import istio_matches
from grayrelease.domain.plan import Condition, Group
from grayrelease.domain.routing.intersect import intersect
from grayrelease.domain.routing.strings import Unsaid
from tests.depth import tried

PATHS = ["/", "/api", "/api/", "/API/v1", "/api/v1", "/api/v2/x", "/apix", "/shop", "/shop/cart", "/Shop"]
VALUES = ["qa", "qa-1", "beta", "dev"]
COOKIES = [
    "user=jason",
    "user=jack",
    "user=eve",
    "lang=en",
    "lang=de",
    "user=jason; lang=en",
    "x=1; user=eve",
]
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64)",
    "Mozilla/5.0 (Macintosh; Intel)",
    "Mozilla/5.0 (X11; Linux x)",
]
CALLER = Caller("sidecar", "demo", {"app": "web"})


def text_match(values: list[str], *more: str) -> st.SearchStrategy[Any]:
    exact = st.sampled_from(values).map(lambda value: {"exact": value})
    prefix = st.sampled_from([value[:4] for value in values]).map(lambda value: {"prefix": value})
    regex = st.sampled_from([".*", ".+", "|".join(values[:2]), f"(?:{values[0]}|{values[1]}).*", *more])
    return exact | prefix | regex.map(lambda value: {"regex": value})


PAIRS = [
    "user=jason",
    "user=(?:jason|eve)",
    "user=ja[^;]*",
    "user=[^;]*",
    "lang=en",
    "lang=[^;]*",
    "user=j.ck",
]
COOKIE = st.lists(st.sampled_from(PAIRS), min_size=1, max_size=2, unique_by=lambda pair: pair.split("=")[0])
SYSTEMS = st.lists(st.sampled_from(["windows", "macos", "linux"]), min_size=1, max_size=3, unique=True)
URI = text_match(PATHS, "/api(/v[0-9])?", "/shop/.*", "/.*")
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "x-team": text_match(VALUES, "qa.*", "[a-z]+") | st.just({}),
        "cookie": COOKIE.map(lambda pairs: {"regex": patterns.cookies(pairs)}) | st.just({}),
        "user-agent": SYSTEMS.map(lambda names: {"regex": patterns.systems(names)}),
    },
)
MATCH = st.fixed_dictionaries(
    {},
    optional={
        "uri": URI,
        "ignoreUriCase": st.booleans(),
        "method": st.sampled_from([{"exact": "GET"}, {"regex": "GET|POST"}, {"exact": "POST"}]),
        "headers": HEADERS,
        "withoutHeaders": st.fixed_dictionaries(
            {},
            optional={
                "x-team": text_match(VALUES) | st.just({}),
                "cookie": COOKIE.map(lambda pairs: {"regex": patterns.one_cookie(pairs)}),
            },
        ),
        "queryParams": st.fixed_dictionaries({}, optional={"debug": text_match(["1", "10"]) | st.just({})}),
    },
)
REQUEST = st.builds(
    lambda method, path, query, team, cookie, agent: Request(
        method,
        "a",
        path + query,
        80,
        {
            name: (value,)
            for name, value in (("x-team", team), ("cookie", cookie), ("user-agent", agent))
            if value
        },
    ),
    st.sampled_from(["GET", "POST", "HEAD"]),
    st.sampled_from(PATHS),
    st.sampled_from(["", "?debug=1", "?debug=10&x=2", "?debug"]),
    st.sampled_from(["", *VALUES]),
    st.sampled_from(["", *COOKIES]),
    st.sampled_from(["", *AGENTS]),
)


def taken(match: Any, requests: list[Request]) -> list[bool]:
    """Tell which requests the evaluator's proxy sends by a route with this match."""
    service: Any = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "demo"},
        "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "a"}},
    }
    to = [{"destination": {"host": "a"}}]
    http = [{"name": "copy", "match": [match], "route": to}, {"name": "rest", "route": to}]
    route: Any = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "a", "namespace": "demo"},
        "spec": {"hosts": ["a"], "http": http},
    }
    proxy = Proxy(read([service, route]), CALLER)
    answers = [proxy.answer(request).taken for request in requests]
    return [answer is not None and answer.route == "copy" for answer in answers]


@tried(50)
@given(MATCH, MATCH, st.lists(REQUEST, min_size=12, max_size=12))
def test_a_request_meets_the_intersection_exactly_if_it_meets_both(
    one: Any, other: Any, requests: list[Request]
) -> None:
    both = [a and b for a, b in zip(taken(one, requests), taken(other, requests), strict=True)]
    try:
        common = intersect(one, other)
    except Unsaid as unsaid:
        event(f"unsaid {unsaid}")
        return
    event("nothing" if common is None else "said")
    assert (taken(common, requests) if common is not None else [False] * len(requests)) == both


def group(*conditions: Condition) -> Group:
    return Group(conditions=conditions)


def cookie(name: str, *values: str) -> Condition:
    return Condition(on="cookie", name=name, values=values)


@pytest.mark.parametrize(
    "theirs, wanted, common",
    [
        ({"uri": {"prefix": "/api"}}, {"uri": {"prefix": "/"}}, {"uri": {"prefix": "/api"}}),
        ({"uri": {"prefix": "/"}}, {"uri": {"regex": "/a.c"}}, {"uri": {"regex": "/a.c"}}),
        ({"uri": {"exact": "/api"}}, {"uri": {"prefix": "/shop"}}, None),
        ({"uri": {"regex": "/v[0-9]"}}, {"uri": {"exact": "/v2"}}, {"uri": {"exact": "/v2"}}),
        (
            {"headers": {"X-Team": {"exact": "qa"}}},
            {"headers": {"x-team": {}}},
            {"headers": {"X-Team": {"exact": "qa"}}},
        ),
        ({"headers": {"x": {}}}, {"withoutHeaders": {"x": {}}}, None),
        (
            {"port": 80, "sourceLabels": {"app": "web"}},
            {"method": {"exact": "GET"}},
            {"port": 80, "sourceLabels": {"app": "web"}, "method": {"exact": "GET"}},
        ),
    ],
)
def test_it_narrows(theirs: Any, wanted: Any, common: Any) -> None:
    assert intersect(theirs, wanted) == common


def test_a_users_cookie_and_an_audiences_become_one_pattern() -> None:
    mine, theirs = (istio_matches([group(cookie(*each))])[0] for each in (("user", "jason"), ("lang", "en")))
    both = istio_matches([group(cookie("user", "jason"), cookie("lang", "en"))])[0]
    assert intersect(mine, theirs) == both


@pytest.mark.parametrize(
    "theirs, wanted, field",
    [
        ({"uri": {"regex": "/v[0-9]+"}}, {"uri": {"prefix": "/v1"}}, "uri"),
        (
            {"headers": {"cookie": {"regex": "^(.*?;)?(user=jason)(;.*)?$"}}},
            {"headers": {"cookie": {"regex": patterns.cookies(["a=b"])}}},
            "cookie",
        ),
        ({"headers": {"x-team": {"regex": "q.*a"}}}, {"headers": {"x-team": {"regex": "a.*q"}}}, "x-team"),
    ],
)
def test_it_does_not_say_what_istio_cannot(theirs: Any, wanted: Any, field: str) -> None:
    with pytest.raises(Unsaid, match=field):
        intersect(theirs, wanted)
