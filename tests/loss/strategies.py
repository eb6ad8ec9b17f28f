"""Transitions of every strategy on a service with a user's own routes, which are as they were at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from demo.stack import Stack
from tests.loss import routed
from tests.story.api import ISTIO, Api, Manifest, Record
from tests.story.releasing import Operator, Wish
from tests.story.rows import Row, carried, in_phase

NAME = "books"
STABLE = "v2"
IMAGE = "kubesphere/examples-bookinfo-reviews-{}:1.16.2"
IDLE = Wish(
    "reviews-idle",
    "v1",
    IMAGE.format("v1"),
    mode="mirror",
    policy={
        "share": 100,
        "then": "steps",
        "s_who": "everyone",
        "s_share": 50,
        "s_gate": "person",
        "s_minutes": "",
    },
)
CREW = Wish(
    "reviews-crew",
    "v3",
    IMAGE.format("v3"),
    policy={
        "first": "audience",
        "part": 100,
        "then": "hand",
        "c_group": "0",
        "c_on": "cookie",
        "c_name": routed.CREW,
        "c_how": "exact",
        "c_values": "yes",
    },
)
WITHIN_S = 60


def users_objects() -> tuple[Manifest, Manifest]:
    """Return a user's routes and rule for reviews, with what a release must carry along."""
    head = {"apiVersion": "networking.istio.io/v1", "metadata": {"name": NAME, "labels": {"team": NAME}}}
    reviews = [{"destination": {"host": "reviews"}}]
    early = {"name": "early", "match": [{"headers": {"end-user": {"exact": "early"}}}], "route": reviews}
    main = {"timeout": "30s", "headers": {"response": {"set": {"x-team": NAME}}}, "route": reviews}
    routes = {**head, "kind": "VirtualService", "spec": {"hosts": ["reviews"], "http": [early, main]}}
    policy = {"connectionPool": {"http": {"http1MaxPendingRequests": 1024}}}
    subsets = [{"name": "second", "labels": {"version": STABLE}}]
    spec = {"host": "reviews", "trafficPolicy": policy, "subsets": subsets}
    return routes, {**head, "kind": "DestinationRule", "spec": spec}


def strategies_story(stack: Stack, operator: Operator, lag_s: float) -> dict[str, Any]:
    """Copies on and off, an audience on and off, a second release, a switch there and back. The figures."""
    api = Api(stack.options.kubeconfig, "demo")
    record, started = Record(api, ISTIO, "virtualservices"), time.monotonic()
    for plural, manifest in zip(("virtualservices", "destinationrules"), users_objects(), strict=True):
        api.post(ISTIO, plural, manifest)
    before = _written(api)
    with routed.asking(stack.options.ports.gateway) as answers:
        transitions = _transitions(operator)
        after = _written(api)
        for plural in ("virtualservices", "destinationrules"):
            api.delete(ISTIO, plural, NAME)
    changes = [each for each in record.changes if each.object["metadata"]["name"] == NAME]
    wrong = routed.unnamed(answers, changes, STABLE, lag_s)
    return {
        "transitions": transitions,
        "writes_of_routes": len(changes),
        "answers": len(answers),
        "lost": [each for each in answers if each.lost],
        "unnamed": wrong,
        "versions": {who: _versions(answers, who) for who in routed.PEOPLE},
        "given_back": before == after,
        "seconds": round(time.monotonic() - started, 1),
    }


def _transitions(operator: Operator) -> int:
    """Do them, each once the one before is settled. Returns how many."""
    idle, crew = operator.start(IDLE), operator.start(CREW)
    operator.rows.wait(IDLE.name, _runs("mirroring"), WITHIN_S)
    operator.rows.wait(CREW.name, _runs("running-audience"), WITHIN_S)
    done = 2
    for page, deed, fields in (
        (idle, "continue", {}),
        (crew, "share", {"share": 0}),
        (idle, "take-over", {"version": IDLE.version}),
        (idle, "take-over", {"version": STABLE}),
        (crew, "share", {"share": 100}),
        (idle, "exposure", {"who": "copies", "share": 100}),
    ):
        operator.deed(page, deed, **fields)
        operator.rows.wait(IDLE.name, carried, WITHIN_S)
        done += 1
    for page, wish in ((idle, IDLE), (crew, CREW)):
        operator.deed(page, "roll-back")
        operator.rows.wait(wish.name, in_phase("rolled-back"), WITHIN_S)
        operator.deed(page, "finish")
    for wish in (IDLE, CREW):
        operator.rows.wait(wish.name, in_phase("finished"), WITHIN_S)
    operator.rows.wait(CREW.name, carried, WITHIN_S)
    return done + 4


def _runs(code: str) -> Callable[[Row], bool]:
    return lambda row: carried(row) and row["status"].get("now", [""])[0] == code


def _written(api: Api) -> list[Manifest]:
    """Return what users wrote of their objects, and whatever else stands beside it."""
    found = [api.get(ISTIO, plural, NAME) for plural in ("virtualservices", "destinationrules")]
    fields = ("labels", "annotations")
    return [
        {"spec": each["spec"], **{field: each["metadata"].get(field, {}) for field in fields}}
        for each in found
    ]


def _versions(answers: list[routed.Answer], who: str) -> dict[str, int]:
    mine = [each.version for each in answers if each.who == who]
    return {version: mine.count(version) for version in sorted(set(mine))}
