"""Expanded forms as files, one for each strategy; `make golden` writes them anew."""

from __future__ import annotations

import pytest

from grayrelease.domain.routing.expand import Place, expand
from tests.domain.conftest import Golden
from tests.domain.routing.shapes import REVIEWS, STRATEGIES

SHOP = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "shop", "namespace": "demo"},
    "spec": {
        "hosts": ["shop.example.com", "reviews"],
        "gateways": ["gray", "mesh"],
        "http": [
            {
                "name": "api",
                "match": [{"uri": {"prefix": "/api/reviews"}}],
                "rewrite": {"uri": "/reviews"},
                "timeout": "3s",
                "route": [{"destination": {"host": "reviews", "subset": "v1", "port": {"number": 9080}}}],
                "mirror": {"host": "audit"},
                "mirrorPercentage": {"value": 10},
            },
            {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
            {
                "route": [
                    {"destination": {"host": "reviews", "port": {"number": 9080}}, "weight": 90},
                    {"destination": {"host": "reviews-next", "port": {"number": 9080}}, "weight": 10},
                ]
            },
        ],
    },
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_expanded_form_of_each_strategy(strategy: str, golden: Golden) -> None:
    place = Place(own=frozenset({"v1"}), secure=True)
    golden(f"expanded-{strategy}", expand(SHOP, REVIEWS, "v1", STRATEGIES[strategy], place))
