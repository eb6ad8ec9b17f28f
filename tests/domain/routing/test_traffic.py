"""What expanded routes do with requests, by the evaluator: what the user's did, split as the rules say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from grayrelease.domain.evaluate import Answer, Caller, Proxy, Request, read
from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.carriers import Carriers
from grayrelease.domain.routing.effect import own
from grayrelease.domain.routing.expand import expand
from grayrelease.domain.routing.rules import own_rule, rules_of
from grayrelease.domain.routing.subsets import with_subsets
from tests.domain.routing.shapes import (
    CORPUS,
    REVIEWS,
    STRATEGIES,
    audience,
    carriers_of,
    condition,
    objects,
    of_kind,
)

HOST = "reviews.demo.svc.cluster.local"
BY_URL = audience(
    (condition("url", "", "/reviews/top", "/api/v1/reviews/3", "/old/x", how="prefix"),),
    (condition("url", "", "/reviews/1"), condition("method", "", "GET")),
)
EXPOSED = {
    "canary": STRATEGIES["canary"],
    "audience": STRATEGIES["audience"],
    "by-url": [Exposing(7, "v2", Exposure(share=1000, audience=BY_URL))],
}
SERVICES = ("reviews", "productpage", "ratings", "reviews-next", "shadow", "a", "fallback", "front")
PATHS = ("/", "/reviews/top/1", "/reviews/1", "/api/v1/reviews/3", "/old/x", "/a/x/1")
SENT: tuple[dict[str, str], ...] = ({}, {"cookie": "a=b; user=jason"}, {"x-team": "qa", "x-test": "abort"})
CALLERS = {
    "sidecar": (Caller("sidecar", "demo", {"app": "productpage"}), 9080),
    "gateway": (Caller("gateway", "istio-system", {"istio": "ingressgateway"}), 80),
}
SHAPES = [path for path in CORPUS if path.stem not in ("gateway-https", "tls", "tcp", "tcp-weights")]
UNSAID = {("regex-uri", "by-url")}
"""What no match of Istio says."""


def services() -> list[Any]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "demo"},
            "spec": {"ports": [{"name": "http", "port": 9080}], "selector": {"app": name}},
        }
        for name in SERVICES
    ]


def expanded(found: list[Any], carriers: Carriers, releases: list[Exposing]) -> list[Any]:
    """Return the objects with the routes expanded, and with the subsets that they name."""
    now = {
        each.manifest["metadata"]["name"]: expand(each.manifest, REVIEWS, "v1", releases, each.place)
        for each in carriers.objects
    }
    rules = rules_of(REVIEWS, of_kind(found, "DestinationRule"))
    rule = with_subsets(next(iter(rules.mine), own_rule(REVIEWS)), ["v1", "v2"])
    others = [each for each in found if each["kind"] != "VirtualService" and each not in rules.mine[:1]]
    routes = [now.get(each["metadata"]["name"], each) for each in of_kind(found, "VirtualService")]
    if not carriers.served:
        routes.append(expand(own("demo", "reviews"), REVIEWS, "v1", releases))
    return [*services(), *others, rule, *routes]


def requests(host: str, port: int) -> Iterator[Request]:
    for path in PATHS:
        for sent in SENT:
            yield Request("GET", host, path, port, {name: (value,) for name, value in sent.items()})


def shares(answer: Answer, stable: Collection[str] = (), parts: Mapping[str, float] = {}) -> Counter[Any]:
    """Return each destination's share, with the service's stable one split into parts."""
    result: Counter[Any] = Counter()
    for each in answer.destinations:
        if each.host == HOST and each.subset in stable:
            for subset, part in parts.items():
                result[each.host, each.port, subset] += round(each.chance * part * 1000)
        elif each.chance:
            result[each.host, each.port, each.subset] += round(each.chance * 1000)
    return Counter({to: share for to, share in result.items() if share})


def seen(answer: Answer) -> Any:
    """Return all else that a request meets."""
    changes = (answer.request_headers, answer.response_headers)
    return answer.action, answer.path, answer.authority, answer.timeout, answer.retries, answer.fault, changes


def meets(request: Request, strategy: str) -> bool:
    if strategy == "audience":
        return bool({"cookie", "x-team"} & request.headers.keys())
    return request.path == "/reviews/1" or request.path.startswith(
        ("/reviews/top", "/api/v1/reviews/3", "/old/x")
    )


def parts(request: Request, strategy: str) -> dict[str, float]:
    if strategy == "canary":
        return {"gr-v1": 0.8, "gr-v2": 0.2}
    return {"gr-v2": 1} if meets(request, strategy) else {"gr-v1": 1}


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_requests_go_where_they_went_split_as_the_rules_say(path: Any) -> None:
    found = deepcopy(objects(path))
    carriers = carriers_of(found)
    stable = {"", *(name for each in carriers.objects for name in each.place.own | each.place.broad)}
    host = next(h for v in of_kind(found, "VirtualService") for h in v["spec"].get("hosts", []))
    for kind in ("sidecar", "gateway") if of_kind(found, "Gateway") else ("sidecar",):
        caller, port = CALLERS[kind]
        name = "reviews" if caller.kind == "sidecar" else "shop.example.com" if "*" in host else host
        before = Proxy(read([*services(), *found]), caller)
        for strategy, releases in EXPOSED.items():
            if (path.stem, strategy) in UNSAID:
                continue
            after = Proxy(read(expanded(found, carriers, releases)), caller)
            for request in requests(name, port):
                was, now = before.answer(request), after.answer(request)
                wanted = shares(was, stable, parts(request, strategy))
                assert shares(now) == wanted, (strategy, request)
                assert seen(now) == seen(was), (strategy, request)
