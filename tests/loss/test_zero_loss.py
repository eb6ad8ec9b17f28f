"""Nobody loses a request in any transition, with lag and without retries; careless orders do lose some."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
import requests

from demo import sandbox
from demo.stack import Stack
from tests.loss import wrong_orders
from tests.loss.proxies import wait_until_settled
from tests.loss.shared import shared_story
from tests.loss.strategies import strategies_story
from tests.loss.visitors import bearable_rate, visit, visiting
from tests.story.api import APPS, Api
from tests.story.releasing import Operator, Wish
from tests.story.rows import in_phase, verified

LAG_S = 2
"""The longest lag of the mesh; the settle time is one second more."""
ENOUGH = 2500
"""Requests to reviews over which the observed share is compared with the set one."""
V2 = Wish("reviews-v2", "v2", "kubesphere/examples-bookinfo-reviews-v2:1.16.2", 20)
V3 = Wish("reviews-v3", "v3", "kubesphere/examples-bookinfo-reviews-v3:1.16.2", 20)
WITHIN_S = 60

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(900)]


def query(stack: Stack, promql: str) -> dict[str, float]:
    """Ask the stack's Prometheus; values by destination_version ("" where the sum has none)."""
    url = f"{stack.options.prometheus_url}/api/v1/query"
    found = requests.get(url, params={"query": promql}, timeout=5).json()["data"]["result"]
    return {each["metric"].get("destination_version", ""): float(each["value"][1]) for each in found}


def reviews_by_version(stack: Stack) -> dict[str, float]:
    labels = 'reporter="source",destination_service_name="reviews",response_code="200"'
    return query(stack, f"sum by (destination_version) (istio_requests_total{{{labels}}})")


def observed_share(stack: Stack, version: str) -> float:
    """Return a version's share in percent over the next requests to reviews."""
    before, end = reviews_by_version(stack), time.monotonic() + 120
    while True:
        now = reviews_by_version(stack)
        new = {each: count - before.get(each, 0) for each, count in now.items()}
        if sum(new.values()) >= ENOUGH:
            return 100 * new.get(version, 0) / sum(new.values())
        assert time.monotonic() < end, f"too few requests: {new}"
        time.sleep(0.5)


def bring(operator: Operator, wish: Wish) -> str:
    page = operator.start(wish)
    operator.rows.wait(wish.name, verified(wish.share * 10), WITHIN_S)
    return page


def take_over_story(stack: Stack, operator: Operator) -> dict[str, float]:
    """Bring v2 to 20 %, 80 %, let it take over, finish. Returns the observed shares, in percent."""
    page = bring(operator, V2)
    shares = {"20": observed_share(stack, "v2")}
    operator.deed(page, "share", share=80)
    operator.rows.wait(V2.name, verified(800), WITHIN_S)
    shares["80"] = observed_share(stack, "v2")
    operator.deed(page, "take-over", version="v2")
    operator.rows.wait(V2.name, in_phase("taken-over"), WITHIN_S)
    operator.deed(page, "finish")
    operator.rows.wait(V2.name, in_phase("finished"), WITHIN_S)
    return shares


def roll_back_story(operator: Operator) -> None:
    """Bring v3 to 20 %, roll it back, finish."""
    page = bring(operator, V3)
    operator.deed(page, "roll-back")
    operator.rows.wait(V3.name, in_phase("rolled-back"), WITHIN_S)
    operator.deed(page, "finish")
    operator.rows.wait(V3.name, in_phase("finished"), WITHIN_S)


def lost_by(stack: Stack, careless: Callable[[], None]) -> int:
    """Return how many visits fail around a careless write."""
    with visiting(stack.options.ports.gateway, 40) as report:
        visit(stack.options.ports.gateway, 5, 0.5)
        careless()
        visit(stack.options.ports.gateway, 5, 4)
    return int(report["bad"])


def with_lag(stack: Stack, lag: str) -> None:
    """Give the mesh another lag."""
    stack.supervisor.stop_part("mesh")
    stack.supervisor.start(sandbox.mesh(replace(stack.options, lag=lag)))
    wait_until_settled(stack.options.sandbox, [])


def careless_losses(stack: Stack) -> dict[str, int]:
    """Do what a careless writer does. v2 runs at the beginning, and nothing routes reviews."""
    api = Api(stack.options.kubeconfig, "demo")
    like = api.get(APPS, "deployments", "reviews-v2")
    folder, lost = stack.options.sandbox, {}

    with_lag(stack, "routes=0,clusters=2,endpoints=2")
    wrong_orders.set_subsets(api, ["v2"])
    wait_until_settled(folder, ["|v2|reviews."])
    wrong_orders.set_routes(api, {"v2": 100})
    api.post(APPS, "deployments", wrong_orders.workload(like, "v1", V2.image.replace("v2", "v1")))
    api.wait_ready("reviews-v1")
    lost["routes before subsets"] = lost_by(
        stack, lambda: wrong_orders.routes_before_subsets(api, "v2", "v1")
    )

    wrong_orders.set_routes(api, {"v2": 100})
    api.post(APPS, "deployments", wrong_orders.workload(like, "v9", "example/unknown:1"))
    wrong_orders.set_subsets(api, ["v2", "v1", "v9"])
    wait_until_settled(folder, ["|v9|reviews."])
    lost["share before ready"] = lost_by(stack, lambda: wrong_orders.share_before_ready(api, "v2", "v9"))
    wrong_orders.set_routes(api, {"v2": 100})

    with_lag(stack, "routes=2")
    lost["loser deleted at once"] = lost_by(
        stack, lambda: wrong_orders.loser_deleted_at_once(api, "v2", "v1")
    )
    return lost


def test_no_visitor_loses_a_request_and_careless_orders_do(
    start_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = start_stack(lag=f"0-{LAG_S}", retries=False)
    with closing(Operator(stack)) as operator:
        operator.set_times(settle_s=LAG_S + 1, drain_s=LAG_S + 1).deploy_sample()
        rate = bearable_rate(stack.options.ports.gateway)
        with visiting(stack.options.ports.gateway, rate) as report:
            shares = take_over_story(stack, operator)
            roll_back_story(operator)
            strategies = strategies_story(stack, operator, LAG_S)
            shared = shared_story(stack, operator)
    through_envoy = query(stack, 'sum(istio_requests_total{reporter="source"})')[""]
    careless = careless_losses(stack)
    figures = {
        "visits": report["requests"],
        "rate": report["rate"],
        "through_envoy": round(through_envoy),
        "lost": report["bad"],
        "skipped": report["skipped"],
        "faults": report["first_faults"],
        "versions": report["versions"],
        "latency_ms": report["latency_ms"],
        "observed_share": {each: round(share, 2) for each, share in shares.items()},
        "strategies": {**strategies, "lost": len(strategies["lost"]), "unnamed": len(strategies["unnamed"])},
        "two_services_in_one_object": shared,
        "lost_by_careless_orders": careless,
    }
    with capsys.disabled():
        print("\n" + json.dumps(figures))
    assert report["bad"] == 0, report["first_faults"]
    assert report["skipped"] == 0
    assert (strategies["lost"], strategies["unnamed"]) == ([], [])
    assert strategies["given_back"]
    assert shared["brought"] == [[800, 200], [72_000_000, 18_000_000, 5_000_000, 5_000_000], [500, 500]]
    assert shared["moved"] == [[300, 700], [27_000_000, 63_000_000, 10_000_000], [1000]]
    assert shared["given_back"]
    assert set(strategies["versions"]["crew"]) == {"v1", "v2", "v3"}
    assert set(strategies["versions"]["somebody"]) == {"v1", "v2"}
    assert rate >= 40
    assert through_envoy >= 30_000
    assert abs(shares["20"] - 20) <= 3
    assert abs(shares["80"] - 80) <= 3
    assert min(careless.values()) >= 1, careless
