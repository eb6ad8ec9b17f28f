"""Shapes of routes that users have: expanded for each strategy, and given back byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grayrelease.domain.evaluate.validation.objects import refusals
from grayrelease.domain.routing.carriers import Carrier
from grayrelease.domain.routing.collapse import collapse
from grayrelease.domain.routing.copies import COPY
from grayrelease.domain.routing.effect import in_effect
from grayrelease.domain.routing.expand import expand
from tests.domain.routing.shapes import CORPUS, REVIEWS, STRATEGIES, carriers_of, objects

NOT_SPLIT = {"nothing-for-the-service"}
"""What sends the service nothing."""


FOUND = {path.stem: carriers_of(objects(path)).objects for path in CORPUS}
CARRIERS = [(name, each) for name, found in FOUND.items() for each in found]
each_carrier = pytest.mark.parametrize("carrier", [pytest.param(each, id=name) for name, each in CARRIERS])


THERE: dict[tuple[int, str], Any] = {}
"""What was expanded already, by carrier (all of them stay) and strategy."""


def anew(carrier: Carrier, strategy: str, now: Any) -> Any:
    return expand(now, REVIEWS, "v1", STRATEGIES[strategy], carrier.place)


def expanded(carrier: Carrier, strategy: str) -> Any:
    key = (id(carrier), strategy)
    if key not in THERE:
        THERE[key] = anew(carrier, strategy, carrier.manifest)
    return THERE[key]


def written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def plain_targets(manifest: Any) -> list[Any]:
    """Return the targets of routes and mirrors that name the service without a subset and get something."""
    routes = [r for kind in ("http", "tcp", "tls") for r in manifest["spec"].get(kind, [])]
    to = [(each["destination"], each.get("weight", 1)) for r in routes for each in r.get("route", [])]
    to += [(r["mirror"], 1) for r in routes if "mirror" in r]
    return [t for t, weight in to if t["host"].split(".")[0] == "reviews" and "subset" not in t and weight]


def test_each_shape_is_split() -> None:
    assert len(CORPUS) >= 50 and {name for name, found in FOUND.items() if not found} == NOT_SPLIT


@each_carrier
def test_a_roll_back_leaves_no_difference(carrier: Carrier) -> None:
    for strategy in STRATEGIES:
        manifest = expanded(carrier, strategy)
        assert manifest != carrier.manifest
        assert written(collapse(manifest, REVIEWS, "v1")) == written(carrier.manifest)


@each_carrier
def test_it_says_what_it_carries_and_istio_takes_it(carrier: Carrier) -> None:
    for strategy, releases in STRATEGIES.items():
        manifest = expanded(carrier, strategy)
        assert in_effect(manifest, REVIEWS, carrier.place) == ("v1", tuple(releases))
        assert plain_targets(manifest) == []
        assert refusals(manifest) == []


@each_carrier
def test_a_take_over_exchanges_only_the_pinned_subset(carrier: Carrier) -> None:
    after = collapse(expanded(carrier, "blue-green"), REVIEWS, "v2")
    own = next(iter(carrier.place.own), "")
    assert written(after) == written(carrier.manifest).replace(f'"subset": "{own}"', '"subset": "v2"')


@each_carrier
def test_it_is_written_anew_from_any_strategy(carrier: Carrier) -> None:
    was = expanded(carrier, "two-releases")
    for strategy in STRATEGIES:
        wanted = expanded(carrier, strategy)
        assert written(anew(carrier, strategy, was)) == written(wanted)
        was = wanted


def test_copies_stand_directly_before_their_route() -> None:
    for _, carrier in CARRIERS:
        names = [r.get("name", "") for r in expanded(carrier, "two-releases")["spec"].get("http", [])]
        assert not "".join(names[-1:]).startswith(COPY)
