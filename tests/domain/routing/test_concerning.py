"""Which route objects a service is given: all that a look at everything would have found."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.routing.concerning import Concerning


def rule(**spec: Any) -> dict[str, Any]:
    return {"kind": "VirtualService", "metadata": {"name": "one", "namespace": "demo"}, "spec": spec}


def to(host: str) -> dict[str, Any]:
    return {"route": [{"destination": {"host": host}}]}


@pytest.mark.parametrize(
    "manifest",
    [
        rule(hosts=["reviews"], http=[to("other")]),
        rule(hosts=["Reviews.demo.svc.cluster.local"]),
        rule(host="reviews.demo"),
        rule(hosts=["other"], http=[to("other"), to("reviews")]),
        rule(hosts=["other"], tcp=[to("reviews.demo.svc.cluster.local")]),
        rule(hosts=["other"], http=[{**to("other"), "mirror": {"host": "reviews"}}]),
        rule(hosts=["other"], http=[{**to("other"), "mirrors": [{"destination": {"host": "reviews"}}]}]),
        rule(hosts=["*.svc.cluster.local"]),
        rule(host="*.local"),
        rule(hosts=["other"], http=[{"delegate": {"name": "somewhere"}}]),
        rule(hosts=["shop.example.com"], gateways=["shop"], http=[to("other")]),
        {**rule(servers=[]), "kind": "Gateway"},
    ],
)
def test_what_may_concern_a_service_is_given(manifest: dict[str, Any]) -> None:
    assert Concerning([manifest]).of("reviews", "demo") == [manifest]


def test_what_names_others_alone_is_left_out_and_the_order_stays() -> None:
    mine, theirs, wild = rule(hosts=["reviews"]), rule(hosts=["ratings"]), rule(hosts=["*"])
    assert Concerning([wild, theirs, mine]).of("reviews", "demo") == [wild, mine]
    assert Concerning([wild, theirs, mine]).of("reviews", "other") == [wild]
