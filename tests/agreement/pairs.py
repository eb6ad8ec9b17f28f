"""Random questions: objects and caller, and some requests to each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.agreement import cluster_parts, route_parts

JSON = dict[str, Any]
NAMES = (
    "reviews",
    "reviews",
    "reviews.demo:9080",
    "reviews:9080",
    "reviews.demo",
    "reviews.demo.svc.cluster.local",
    "reviews.demo.svc.cluster.local.",
    "Reviews.Demo:9080",
    "ratings:9080",
    "web.shop",
    "reviews.shop.svc",
    "api.example.com",
    "ratings-old:9080",
    "nobody.example.com",
)
PUBLIC = (
    "bookinfo.example.com",
    "bookinfo.example.com",
    "bookinfo.example.com",
    "x.b.example.com",
    "BOOKINFO.example.com:80",
    "x.b.example.com",
    "other.org",
    "bookinfo.example.com.",
    "example.com",
)
PATHS = (
    "/",
    "/api",
    "/api/",
    "/api/v1",
    "/apix",
    "/API",
    "/a/b",
    "/a/../api",
    "/%61pi",
    "//api",
    "/x/..%2fapi",
    "/old/a",
    "/api?v=2",
    "/x?debug",
    "/?v=jason&v=eve",
    "/?v=%6aason",
    "/a/./b?v=",
)
HEADERS: tuple[JSON, ...] = (
    {},
    {},
    {"x-user": "jason"},
    {"X-User": "Jason"},
    {"x-user": ["eve", "jason"]},
    {"x-user": ""},
    {"x-beta": "jason", "x-user": "eve"},
    {"cookie": "a=1; user=jason; b=2"},
    {"cookie": "xuser=jason"},
    {"cookie": ["a=1", "user=jason"]},
    {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"},
    {"x-user": "  jason "},
    {"x-forwarded-proto": "https", "x-tag": "0"},
)
REQUESTS = 8


def questions(seed: int, count: int) -> list[JSON]:
    """Give at least so many; equal seeds give equal ones."""
    found: list[JSON] = []
    number = 0
    while len(found) < count:
        source = random.Random(f"{seed}/{number}")
        found += scene(source)
        number += 1
    return found


def scene(source: random.Random) -> list[JSON]:
    """Give the questions about one cluster."""
    kind = source.choice(["sidecar", "sidecar", "sidecar", "gateway", "gateway", "api"])
    objects = list(_objects(source, kind))
    caller = cluster_parts.caller(source, kind)
    asked = [_request(source, kind, objects) for _ in range(REQUESTS)]
    return [{"objects": objects, "caller": caller, "request": request} for request in asked]


def _objects(source: random.Random, kind: str) -> Iterator[JSON]:
    yield from cluster_parts.services(source)
    yield from cluster_parts.pods(source)
    yield from cluster_parts.destination_rules(source)
    if kind == "gateway":
        yield from cluster_parts.gateways(source)
    if kind == "api":
        yield cluster_parts.api_gateway(source)
        if source.random() < 0.3:
            yield cluster_parts.grant(source)
        yield from route_parts.http_routes(source, edge=True)
    elif source.random() < 0.1:
        yield from route_parts.http_routes(source, edge=False)
    yield from route_parts.virtual_services(source, edge=kind != "sidecar" or source.random() < 0.1)


def _request(source: random.Random, kind: str, objects: list[JSON]) -> JSON:
    edge = kind != "sidecar"
    names = PUBLIC if edge and source.random() < 0.85 else NAMES if not edge else NAMES + PUBLIC
    return {
        "method": source.choice(["GET", "GET", "GET", "POST", "HEAD"]),
        "authority": source.choice(names),
        "path": source.choice(PATHS),
        "headers": source.choice(HEADERS),
        "port": 80 if edge else source.choice(_ports(objects)),
    }


def _ports(objects: list[JSON]) -> list[int]:
    specs = [item["spec"] for item in objects if item["kind"] == "Service"]
    found = {port["port"] for spec in specs for port in spec["ports"] if port.get("name") != "tcp-raw"}
    return sorted(found) + [9080] * 4
