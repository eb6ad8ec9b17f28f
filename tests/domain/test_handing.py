"""Who stands between browsers and a service."""

from __future__ import annotations

import pytest

from grayrelease.domain.handing import UNSEEN, Source, between, refusal, verdict
from grayrelease.domain.state import Reason

INGRESS = {"istio": "ingressgateway"}
GATEWAY = Source("istio-ingressgateway", "istio-system", "istio-ingressgateway")
PAGE = Source("productpage-v1", "demo", "productpage")
NO_BROWSER = Reason("no-browser", {"service": "reviews"})


@pytest.mark.parametrize(
    ("source", "selector"),
    [
        (GATEWAY, INGRESS),
        (GATEWAY, {"app": "istio-ingressgateway"}),
        (Source("edge-7", "ingress", "edge"), {"app": "edge"}),
        (Source("shop-istio", "demo", ""), {"gateway.networking.k8s.io/gateway-name": "shop-istio"}),
    ],
)
def test_a_gateway_is_no_caller_in_between(source: Source, selector: dict[str, str]) -> None:
    assert between([source, PAGE], [selector], "demo") == ("productpage-v1",)


def test_whoever_is_no_gateway_is_named_and_so_is_one_that_may_not_be_read() -> None:
    cron = Source("cron", "jobs", "cron")
    assert between([GATEWAY, cron, PAGE], [INGRESS], "demo") == ("jobs/cron", "productpage-v1")
    assert between([GATEWAY], [], "demo") == ("istio-system/istio-ingressgateway",)
    assert between([Source("unknown", "unknown", "unknown")], [INGRESS], "demo") == ("unknown/unknown",)


@pytest.mark.parametrize(
    ("limit", "callers", "vouched", "code"),
    [
        (None, (), (), ""),
        (None, ("productpage-v1",), (), "callers-between"),
        (None, ("productpage-v1",), ("productpage-v1",), ""),
        (None, ("jobs/cron", "productpage-v1"), ("productpage-v1",), "callers-between"),
        (None, ("productpage-v1",), (UNSEEN,), "callers-between"),
        (None, None, (), "callers-unseen"),
        (None, None, ("productpage-v1",), "callers-unseen"),
        (None, None, (UNSEEN,), ""),
        (NO_BROWSER, (), (), "no-browser"),
        (NO_BROWSER, None, (UNSEEN,), "no-browser"),
        (NO_BROWSER, ("productpage-v1",), (), "callers-between"),
        (NO_BROWSER, ("productpage-v1",), ("productpage-v1",), ""),
        (Reason("no-requests"), (), (), "no-requests"),
    ],
)
def test_each_caller_in_between_must_be_vouched_for(
    limit: Reason | None, callers: tuple[str, ...] | None, vouched: tuple[str, ...], code: str
) -> None:
    found = refusal("reviews", limit, callers, vouched)
    assert (found.code if found else "") == code


def test_only_those_that_nobody_vouched_for_are_named() -> None:
    found = refusal("reviews", None, ("a", "b", "c"), ["b"])
    assert found == Reason("callers-between", {"callers": "a, c", "service": "reviews"})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["v2.0", "", ""], "kept"),
        (["", "", ""], "not-given"),
        (["v2.0", "v1.0", ""], "given-again"),
        (["v2.0", "", "v2.0"], "given-again"),
        (["", "v2.0", ""], "given-again"),
        (["v2.0", "", "v2.1"], "moved"),
    ],
)
def test_a_cookie_that_is_given_again_was_lost_on_its_way(given: list[str], found: str) -> None:
    assert verdict(given) == found
