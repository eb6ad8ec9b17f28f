"""Subsets that never collide, routes that read back as written, and rules that keep what isn't ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grayrelease.domain import istio
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing, Part, RouteTable, Rule, compose
from grayrelease.domain.routing.effect import in_effect, own
from grayrelease.domain.routing.expand import expand
from grayrelease.domain.routing.subsets import with_subsets

LABEL = st.from_regex(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("version", "subset"),
    [
        ("v1", "gr-v1"),
        ("1-2", "gr-1-2"),
        ("1.2", "gr-1-2-77ac319b"),
        ("V2", "gr-v2-47cfe5eb"),
        ("v2-0123abcd", "gr-v2-0123abcd-034dafad"),
    ],
)
def test_a_subset_is_called_after_its_version(version: str, subset: str) -> None:
    assert istio.subset(version) == subset


@given(LABEL, LABEL)
def test_different_versions_never_share_a_subset(one: str, other: str) -> None:
    assert (istio.subset(one) == istio.subset(other)) == (one == other)


@given(LABEL)
def test_a_version_never_takes_the_subset_of_another_ones_hash(version: str) -> None:
    hashed = istio.subset(version).removeprefix("gr-")
    assert hashed == version or istio.subset(hashed) != istio.subset(version)


@given(LABEL)
def test_a_subset_is_a_name_that_istio_takes(version: str) -> None:
    name = istio.subset(version)
    assert istio.PLAIN.fullmatch(name) and len(name) <= 63


REVIEWS = Name("reviews", "demo")


@given(st.integers(0, 1000))
def test_our_own_routes_read_back_as_they_were_written(share: int) -> None:
    releases = [Exposing(7, "v2", Exposure(share=share))]
    routes = expand(own("demo", "reviews"), REVIEWS, "v1", releases)
    assert in_effect(routes, REVIEWS) == ("v1", tuple(releases))
    weights = {to["destination"]["subset"]: to["weight"] for to in routes["spec"]["http"][0]["route"]}
    assert {name: weights.get(name, 0) for name in ("gr-v1", "gr-v2")} == {
        "gr-v1": 1000 - share,
        "gr-v2": share,
    }


def test_a_version_without_traffic_is_not_named() -> None:
    assert compose("v1", [Exposing(7, "v2", Exposure())]) == RouteTable((Rule((Part("v1", 1000),)),))
    assert compose("v1", [Exposing(7, "v2", Exposure(share=1000))]) == RouteTable(
        (Rule((Part("v2", 1000),)),)
    )


def test_more_than_everyone_is_refused() -> None:
    with pytest.raises(ValueError, match="more than everyone"):
        compose("v1", [Exposing(7, "v2", Exposure(share=600)), Exposing(8, "v3", Exposure(share=500))])


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"http": None},
        {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]},
        {"hosts": ["reviews"], "http": [{"redirect": {"uri": "/"}}]},
    ],
)
def test_routes_without_our_notes_carry_nothing(spec: dict[str, object]) -> None:
    assert in_effect({**own("demo", "reviews"), "spec": spec}, REVIEWS) is None


def test_routes_to_all_pods_are_not_what_our_notes_say() -> None:
    written = expand(own("demo", "reviews"), REVIEWS, "v1", [Exposing(7, "v2", Exposure(share=200))])
    assert in_effect({**written, "spec": own("demo", "reviews")["spec"]}, REVIEWS) is None


def test_the_candidates_subset_copies_stables_policy_and_the_rest_stays() -> None:
    policy = {"outlierDetection": {"consecutive5xxErrors": 5}}
    gold = {"name": "gold", "labels": {"tier": "gold"}}
    first = {"name": "first", "labels": {"version": "v1"}, "trafficPolicy": policy}
    present = {
        "host": "reviews",
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        "subsets": [gold, first],
    }
    rule = istio.manifest("DestinationRule", "demo", "reviews", present)
    made = with_subsets(rule, ["v1", "v2"], ["first"])["spec"]
    added = [
        {"name": f"gr-{version}", "labels": {"version": version}, "trafficPolicy": policy}
        for version in ("v1", "v2")
    ]
    assert made == {**present, "subsets": [gold, first, *added]}
    assert istio.has_subset(made, "v2") and not istio.has_subset(present, "v2")
