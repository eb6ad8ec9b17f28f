"""Two services with releases at the same time in one object: laws, for made-up objects and exposures."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain.evaluate import Answer, Caller, Proxy, Request, read
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.collapse import collapse, strip_all
from grayrelease.domain.routing.effect import in_effect
from grayrelease.domain.routing.expand import Place, expand
from grayrelease.domain.routing.notes import carried, services
from grayrelease.domain.routing.refused import CannotSay
from tests.depth import tried
from tests.domain.routing import test_laws as one
from tests.domain.routing.shapes import REVIEWS, STRATEGIES, audience, condition
from tests.domain.routing.test_golden import SHOP

Manifest = dict[str, Any]
RATINGS = Name("ratings", "demo")
THERE = Place(own=frozenset({"v1"}))
TO_RATINGS = [{"host": "ratings"}, {"host": "ratings", "subset": "v1", "port": {"number": 9080}}]
GOLDEN = Path(__file__).parent.parent / "golden"


@st.composite
def shared(draw: Any) -> Manifest:
    """An object some of whose routes lead to reviews, some to ratings and some to both."""
    base: Manifest = draw(one.virtual_services())
    routes = [each for kind in ("http", "tcp") for each in base["spec"].get(kind, []) if "route" in each]
    for route in routes:
        to = {"destination": deepcopy(draw(st.sampled_from(TO_RATINGS)))}
        match draw(st.sampled_from(["reviews", "ratings", "both"])):
            case "ratings":
                route["route"] = [to | draw(st.sampled_from([{}, {"weight": 100}]))]
            case "both":
                route["route"][0].setdefault("weight", 1)
                route["route"].insert(
                    draw(st.sampled_from([0, 1])), to | {"weight": draw(st.integers(1, 100))}
                )
    if draw(st.booleans()):
        base["spec"]["http"].append({"route": [{"destination": {"host": "ratings"}}], "name": "last"})
    return base


@st.composite
def theirs(draw: Any) -> list[Exposing]:
    """Exposures of ratings' release, whose audience may meet that of reviews'."""
    found = draw(one.exposings())[:1]
    group = audience((condition("header", "x-vip", "yes"),))
    of = found[0].exposure
    narrowed = of.model_copy(update={"audience": group}) if of.audience else of
    return [Exposing(21, "v5", narrowed, found[0].drawn)]


def of_reviews(manifest: Manifest, releases: list[Exposing]) -> Manifest:
    return expand(manifest, REVIEWS, "v1", releases, one.PLACE)


def of_ratings(manifest: Manifest, releases: list[Exposing]) -> Manifest:
    return expand(manifest, RATINGS, "v1", releases, THERE)


def spec(manifest: Manifest) -> Manifest:
    return {**manifest["spec"], "says": [carried(manifest, each) for each in services(manifest)]}


ROUNDS = tried(20)


@ROUNDS
@given(shared(), one.exposings(), theirs())
def test_who_ends_first_leaves_the_other_as_if_alone(base: Manifest, a: Any, b: Any) -> None:
    before = deepcopy(base)
    both = of_ratings(of_reviews(base, a), b)
    assert base == before
    assert collapse(both, RATINGS, "v1") == of_reviews(base, a)
    assert spec(collapse(both, REVIEWS, "v1")) == spec(of_ratings(base, b))
    for first, then in ((RATINGS, REVIEWS), (REVIEWS, RATINGS)):
        assert collapse(collapse(both, first, "v1"), then, "v1") == base
    assert strip_all(both, REVIEWS)["spec"] == base["spec"]


@ROUNDS
@given(shared(), one.exposings(), one.exposings(), theirs(), theirs())
def test_what_one_writes_leaves_what_the_other_carries(
    base: Manifest, a: Any, then: Any, b: Any, c: Any
) -> None:
    now = of_ratings(of_reviews(base, a), b)
    for mine, its, last in ((then, b, RATINGS), (then, c, REVIEWS), (a, c, RATINGS)):
        now = of_ratings(of_reviews(now, mine), its)
        now = of_reviews(now, mine) if last == REVIEWS else now
        for service, place, releases in ((REVIEWS, one.PLACE, mine), (RATINGS, THERE, its)):
            if carried(now, service):
                assert in_effect(now, service, place) == ("v1", tuple(releases))
    assert collapse(collapse(now, REVIEWS), RATINGS) == base


@ROUNDS
@given(shared(), one.exposings(), theirs(), st.sampled_from(one.EDITS), st.integers(0, 3))
def test_users_edits_survive_both(base: Manifest, a: Any, b: Any, edit: Any, at: int) -> None:
    there = one.edited(of_ratings(of_reviews(base, a), b), edit, at)
    for first, then in ((RATINGS, REVIEWS), (REVIEWS, RATINGS)):
        assert collapse(collapse(there, first), then) == one.edited(base, edit, at)


SERVICES = ("reviews", "ratings", "x", "shadow")
PATHS = ("/", "/api/1", "/old", "/elsewhere")
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"x-team": "qa"},
    {"x-vip": "yes"},
    {"x-team": "qa", "x-vip": "yes"},
    {"cookie": "user=jason; gr-21=v5.0", "x-vip": "yes"},
    {"cookie": "gr-7=v2.0; gr-21=v1.0", "x-team": "dev"},
)


def cluster(route: Manifest) -> list[Manifest]:
    """Return the object among the services that it leads to, with all the subsets that are named."""
    selected = {"reviews": ("v1", "v2", "v3", "stable", "other"), "ratings": ("v1", "v5")}
    found: list[Manifest] = [{**route, "apiVersion": "networking.istio.io/v1"}]
    for name in SERVICES:
        spec: Manifest = {"ports": [{"name": "http", "port": 9080}], "selector": {"app": name}}
        metadata = {"name": name, "namespace": "demo"}
        found.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    for host, versions in selected.items():
        names = {**{v: v for v in versions}, **{f"gr-{v}": v for v in versions}}
        subsets = [{"name": name, "labels": {"version": version}} for name, version in names.items()]
        rule = {"host": host, "subsets": subsets}
        found.append(
            {"kind": "DestinationRule", "metadata": {"name": host, "namespace": "demo"}, "spec": rule}
        )
    return found


def answers(route: Manifest) -> list[Any]:
    """Return who gets how much of each kind of request, and of its copies."""
    proxy = Proxy(read(cluster(route)), Caller("sidecar", "demo", {"app": "web"}))
    sent = [{name: (text,) for name, text in each.items()} for each in HEADERS]
    asked = [Request("GET", "reviews", path, 9080, headers) for path in PATHS for headers in sent]
    return [_plain(proxy.answer(request)) for request in asked]


def _plain(answer: Answer) -> Any:
    total = sum(each.weight for each in answer.destinations) or 1
    shares = Counter[tuple[str, str]]()
    for each in answer.destinations:
        shares[each.host, each.subset] += round(10**6 * each.weight / total)
    copies = sorted((each.host, each.subset, each.percent) for each in answer.mirrors)
    return answer.status, shares, copies, answer.path


@ROUNDS
@given(shared(), one.exposings(), theirs())
def test_who_is_written_last_makes_no_difference(base: Manifest, a: Any, b: Any) -> None:
    first = answers(of_ratings(of_reviews(base, a), b))
    assert first == answers(of_reviews(of_ratings(base, b), a))


BOTH: Manifest = {
    "kind": "VirtualService",
    "metadata": {"name": "edge", "namespace": "demo"},
    "spec": {
        "hosts": ["reviews"],
        "http": [
            {
                "route": [
                    {"destination": {"host": "reviews"}, "weight": 90},
                    {"destination": {"host": "ratings"}, "weight": 10},
                ]
            }
        ],
    },
}


def test_shares_multiply_where_one_route_leads_to_both() -> None:
    a, b = [Exposing(7, "v2", Exposure(share=200))], [Exposing(21, "v5", Exposure(share=500))]
    _, shares, _, _ = answers(of_ratings(of_reviews(BOTH, a), b))[0]
    full = ".demo.svc.cluster.local"
    assert shares == {
        (f"reviews{full}", "gr-v1"): 720_000,
        (f"reviews{full}", "gr-v2"): 180_000,
        (f"ratings{full}", "gr-v1"): 50_000,
        (f"ratings{full}", "gr-v5"): 50_000,
    }


def test_two_audiences_that_no_match_says_together_are_refused_by_the_other_s_name() -> None:
    start = audience((condition("header", "x-team", "q.*a", how="regex"),))
    end = audience((condition("header", "x-team", "a.*q", how="regex"),))
    there = of_reviews(BOTH, [Exposing(7, "v2", Exposure(share=1000, audience=start))])
    with pytest.raises(CannotSay, match="audiences-meet") as refused:
        of_ratings(there, [Exposing(21, "v5", Exposure(share=1000, audience=end))])
    facts = {"object": "edge", "route": "/", "field": "x-team", "service": "reviews"}
    assert refused.value.reason.facts == facts


FIRST_FORM = Place(own=frozenset({"v1"}), secure=True)


@pytest.mark.parametrize("strategy", ["two-releases", "sticky"])
def test_an_object_in_the_form_of_one_service_alone_goes_on(strategy: str) -> None:
    was = json.loads((GOLDEN / f"first-form-{strategy}.json").read_text())
    releases = STRATEGIES[strategy]
    assert services(was) == (REVIEWS,)
    assert in_effect(was, REVIEWS, FIRST_FORM) == ("v1", tuple(releases))
    assert expand(was, REVIEWS, "v1", releases, FIRST_FORM) == expand(
        SHOP, REVIEWS, "v1", releases, FIRST_FORM
    )
    assert collapse(was, REVIEWS, "v1") == SHOP
    edited = one.edited(was, one.rematch, 0)
    assert collapse(edited, REVIEWS) == one.edited(SHOP, one.rematch, 0)


@pytest.mark.parametrize("strategy", ["two-releases", "sticky"])
def test_another_service_s_release_starts_beside_the_first_form(strategy: str) -> None:
    was = json.loads((GOLDEN / f"first-form-{strategy}.json").read_text())
    was["spec"]["http"].append({"name": "r", "route": [{"destination": {"host": "ratings"}}]})
    both = of_ratings(was, [Exposing(21, "v5", Exposure(share=500))])
    assert in_effect(both, REVIEWS, FIRST_FORM) == ("v1", tuple(STRATEGIES[strategy]))
    assert in_effect(both, RATINGS, THERE) is not None
    assert collapse(collapse(both, REVIEWS), RATINGS) == SHOP_OF_BOTH


SHOP_OF_BOTH: Manifest = deepcopy(SHOP)
SHOP_OF_BOTH["spec"]["http"].append({"name": "r", "route": [{"destination": {"host": "ratings"}}]})
