"""Two services that one VirtualService of a user's leads to, released at the same time."""

from __future__ import annotations

import time
from typing import Any

from demo.stack import Stack
from tests.story.api import ISTIO, Api, Manifest
from tests.story.releasing import Operator, Wish
from tests.story.rows import carried, in_phase, verified

NAME = "ways"
IMAGE = "kubesphere/examples-bookinfo-{}-{}:1.16.2"
REVIEWS = Wish("reviews-beside", "v3", IMAGE.format("reviews", "v3"), 20)
RATINGS = Wish("ratings-beside", "v2", IMAGE.format("ratings", "v1"), 50, service="ratings")
WITHIN_S = 60


def users_object() -> Manifest:
    """Return a user's routes of both services: one for each, and one that is for both."""
    reviews, ratings = {"destination": {"host": "reviews"}}, {"destination": {"host": "ratings"}}
    mixed = [{**reviews, "weight": 90}, {**ratings, "weight": 10}]
    http = [
        {"match": [{"uri": {"prefix": "/reviews/"}}], "route": [reviews], "timeout": "30s"},
        {"match": [{"uri": {"prefix": "/mixed/"}}], "route": mixed},
        {"route": [ratings], "headers": {"response": {"set": {"x-way": NAME}}}},
    ]
    spec = {"hosts": ["reviews", "ratings"], "http": http}
    metadata = {"name": NAME, "annotations": {"team": NAME}}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": spec,
    }


def shared_story(stack: Stack, operator: Operator) -> dict[str, Any]:
    """Both are brought, moved and ended at the same time: ratings' new version wins, reviews' does not."""
    api, started = Api(stack.options.kubeconfig, "demo"), time.monotonic()
    api.post(ISTIO, "virtualservices", users_object())
    before = _written(api)
    reviews, ratings = operator.start(REVIEWS), operator.start(RATINGS)
    operator.rows.wait(REVIEWS.name, verified(200), WITHIN_S)
    operator.rows.wait(RATINGS.name, verified(500), WITHIN_S)
    brought = _weights(api)
    operator.deed(reviews, "share", share=70)
    operator.deed(ratings, "take-over", version="v2")
    operator.rows.wait(RATINGS.name, in_phase("taken-over"), WITHIN_S)
    operator.rows.wait(REVIEWS.name, verified(700), WITHIN_S)
    moved = _weights(api)
    operator.deed(ratings, "finish")
    operator.deed(reviews, "roll-back")
    operator.rows.wait(REVIEWS.name, in_phase("rolled-back"), WITHIN_S)
    operator.deed(reviews, "finish")
    for wish in (RATINGS, REVIEWS):
        operator.rows.wait(wish.name, in_phase("finished"), WITHIN_S)
        operator.rows.wait(wish.name, carried, WITHIN_S)
    after = _written(api)
    api.delete(ISTIO, "virtualservices", NAME)
    return {
        "brought": brought,
        "moved": moved,
        "given_back": before == after,
        "seconds": round(time.monotonic() - started, 1),
    }


def _weights(api: Api) -> list[list[int]]:
    routes = api.get(ISTIO, "virtualservices", NAME)["spec"]["http"]
    return [[to.get("weight", 100) for to in route["route"]] for route in routes]


def _written(api: Api) -> Manifest:
    """Return what users wrote of their object, and whatever else stands beside it."""
    found = api.get(ISTIO, "virtualservices", NAME)
    return {"spec": found["spec"], "annotations": found["metadata"].get("annotations", {})}
