"""The laws of expand and collapse (SAFETY §4), for made-up objects, exposures and edits in between."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain.plan import Elsewhere, Exposure, Mirror
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.collapse import collapse
from grayrelease.domain.routing.copies import COPY
from grayrelease.domain.routing.effect import in_effect
from grayrelease.domain.routing.expand import Place, expand
from grayrelease.domain.routing.notes import EXPOSURES, mark
from tests.depth import tried
from tests.domain.routing.shapes import REVIEWS, TESTERS

Manifest = dict[str, Any]
PLACE = Place(own=frozenset({"v1", "stable"}), broad=frozenset({"all"}))

TARGETS = [
    {"host": "reviews"},
    {"host": "reviews.demo.svc.cluster.local", "port": {"number": 9080}},
    {"host": "reviews", "subset": "v1"},
    {"host": "reviews", "subset": "stable", "port": {"number": 9080}},
    {"host": "reviews", "subset": "all"},
]
OTHERS = [{"host": "ratings"}, {"host": "reviews", "subset": "other"}, {"host": "reviews", "subset": "v9"}]
COOKIE = {"headers": {"response": {"add": {"set-cookie": "seen=1"}}}}
FIELDS: dict[str, Any] = {
    "timeout": "3s",
    "retries": {"attempts": 2},
    "headers": {"request": {"set": {"x": "y"}}},
    "name": "mine",
    "rewrite": {"authority": "r"},
    "fault": {"delay": {"fixedDelay": "1s", "percentage": {"value": 1}}},
}
MATCHES = [
    [{"uri": {"prefix": "/api"}}],
    [{"uri": {"exact": "/"}}, {"headers": {"x-team": {"exact": "dev"}}}],
    [{"port": 9080, "gateways": ["mesh"]}],
    [{"sourceLabels": {"app": "web"}}],
]


@st.composite
def destinations(draw: Any) -> list[Manifest]:
    """One to the service, with or without a weight, or several with one each."""
    target = deepcopy(draw(st.sampled_from(TARGETS)))
    first: Manifest = {"destination": target, **deepcopy(draw(st.sampled_from([{}, {}, COOKIE])))}
    others = draw(st.lists(st.sampled_from(TARGETS + OTHERS), max_size=2))
    if not others:
        return [first | draw(st.sampled_from([{}, {}, {"weight": 100}, {"weight": 1}, {"weight": 0}]))]
    weights = draw(st.lists(st.integers(1, 100), min_size=len(others), max_size=len(others)))
    more = [{"destination": deepcopy(to), "weight": w} for to, w in zip(others, weights, strict=True)]
    at = draw(st.integers(0, len(more)))
    return [*more[:at], {**first, "weight": draw(st.integers(1, 100))}, *more[at:]]


MIRRORS: list[Manifest] = [
    {},
    {},
    {},
    {"mirror": {"host": "shadow"}},
    {"mirror": {"host": "shadow"}, "mirrorPercentage": {"value": 12.5}},
    {"mirror": {"host": "reviews"}, "mirrorPercent": 10},
    {"mirrors": [{"destination": {"host": "shadow", "port": {"number": 80}}, "percentage": {"value": 7}}]},
]


@st.composite
def routes(draw: Any) -> Manifest:
    if draw(st.integers(0, 5)) == 0:
        return {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}}
    fields = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=2))
    result = {field: deepcopy(FIELDS[field]) for field in fields} | deepcopy(draw(st.sampled_from(MIRRORS)))
    match = draw(st.sampled_from([None, *MATCHES]))
    return result | ({"match": deepcopy(match)} if match else {}) | {"route": draw(destinations())}


@st.composite
def virtual_services(draw: Any) -> Manifest:
    # Of routes with the same match only the first is ever reached: those can't be told apart for sure.
    distinct = st.lists(routes(), min_size=1, max_size=4, unique_by=lambda each: mark(each.get("match")))
    spec: Manifest = {"hosts": ["reviews"], "http": draw(distinct)}
    if draw(st.booleans()):
        spec["tcp"] = [{"route": draw(destinations())}]
    metadata = {"name": "r", "namespace": "demo"} | draw(
        st.sampled_from([{}, {"annotations": {"team": "a"}}])
    )
    return {"kind": "VirtualService", "metadata": metadata, "spec": spec}


MIRRORING = st.sampled_from(
    [None, Mirror(share=250), Mirror(to=Elsewhere(host="shadow", port=80)), Mirror(get_only=True)]
)


@st.composite
def exposings(draw: Any) -> list[Exposing]:
    share, sticky = draw(st.sampled_from([0, 5, 300, 1000])), draw(st.booleans())
    audience = draw(st.sampled_from([None, TESTERS]))
    exposure = Exposure(share=share, audience=audience, sticky=sticky, mirror=draw(MIRRORING))
    first = Exposing(7, "v2", exposure, draw(st.sampled_from([(share,), (100, share)])) if sticky else ())
    if exposure.everyone and (sticky or share == 1000) or draw(st.booleans()):
        return [first]
    return [first, Exposing(9, "v3", Exposure(share=draw(st.sampled_from([0, 400])), mirror=draw(MIRRORING)))]


def drop(spec: Manifest, at: int) -> None:
    del spec["http"][at]


def insert(spec: Manifest, at: int) -> None:
    spec["http"].insert(
        at, {"match": [{"uri": {"prefix": "/added"}}], "route": [{"destination": {"host": "x"}}]}
    )


def retime(spec: Manifest, at: int) -> None:
    spec["http"][at]["timeout"] = "9s"


def unname(spec: Manifest, at: int) -> None:
    spec["http"][at].pop("name", None)


def rematch(spec: Manifest, at: int) -> None:
    spec["http"][at]["match"] = [{"uri": {"prefix": "/edited"}}]


def rehost(spec: Manifest, at: int) -> None:
    spec["hosts"] = ["reviews", "reviews.example.com"]


def to_front(spec: Manifest, at: int) -> None:
    spec["http"].insert(0, spec["http"].pop(at))


EDITS = [drop, insert, retime, unname, rematch, rehost, to_front]


def edited(manifest: Manifest, edit: Any, at: int) -> Manifest:
    """Edit the route that is the `at`-th of the user's; the copies stay where they are."""
    result = deepcopy(manifest)
    users = [i for i, r in enumerate(result["spec"]["http"]) if not r.get("name", "").startswith(COPY)]
    edit(result["spec"], users[at % len(users)])
    return result


ROUNDS = tried(30)


@ROUNDS
@given(virtual_services(), exposings(), exposings())
def test_collapse_undoes_expand_and_expanding_anew_forgets(base: Manifest, a: Any, b: Any) -> None:
    before = deepcopy(base)
    there = expand(base, REVIEWS, "v1", a, PLACE)
    assert base == before
    assert collapse(there, REVIEWS, "v1") == base
    assert expand(there, REVIEWS, "v1", a, PLACE) == there
    assert expand(there, REVIEWS, "v1", b, PLACE) == expand(base, REVIEWS, "v1", b, PLACE)
    carries = "annotations" in there["metadata"] and there["metadata"] != base["metadata"]
    assert in_effect(there, REVIEWS, PLACE) == (("v1", tuple(a)) if carries else None)


def leads(route: Manifest) -> bool:
    return any(str(each["destination"].get("subset")).startswith("gr-") for each in route.get("route", []))


def is_copy(route: Manifest) -> bool:
    return str(route.get("name", "")).startswith(COPY)


def exchanged(value: Any) -> Any:
    """Return an object whose targets name the winner's subset where they named one of stable's."""
    if isinstance(value, list):
        return [exchanged(each) for each in value]
    if isinstance(value, dict):
        now = {key: exchanged(each) for key, each in value.items()}
        return now | {"subset": "v2"} if "host" in now and now.get("subset") in PLACE.own else now
    return value


def sent(base: Manifest) -> bool:
    """Tell if each destination that names stable's subset gets something: others are left alone."""
    return all(each.get("weight", 1) for r in base["spec"]["http"] for each in r.get("route", []))


@ROUNDS
@given(virtual_services(), exposings())
def test_the_winner_takes_the_place_of_stables_subset_alone(base: Manifest, a: Any) -> None:
    there = expand(base, REVIEWS, "v1", a, PLACE)
    whole = [r for r in base["spec"]["http"] if any(t["destination"] in TARGETS for t in r.get("route", []))]
    if len(whole) == len(base["spec"]["http"]):
        assert collapse(there, REVIEWS, "v2") == exchanged(base)


@ROUNDS
@given(virtual_services(), exposings(), st.sampled_from(EDITS), st.integers(0, 3), st.booleans())
def test_users_edits_survive(base: Manifest, a: Any, edit: Any, at: int, again: bool) -> None:
    there = edited(expand(base, REVIEWS, "v1", a, PLACE), edit, at)
    if again:
        there = expand(there, REVIEWS, "v1", a, PLACE)
    assert collapse(there, REVIEWS) == edited(base, edit, at)
    if EXPOSURES in there["metadata"].get("annotations", {}) and any(map(leads, there["spec"]["http"])):
        # A route that is moved away from the copies before it is no longer preceded by them: that is drift.
        parted = edit is to_front and not again and any(map(is_copy, there["spec"]["http"]))
        carried = in_effect(there, REVIEWS, PLACE)
        assert carried == ("v1", tuple(a)) or (parted and carried is None)
