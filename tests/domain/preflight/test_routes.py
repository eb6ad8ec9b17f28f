"""What the table says of routes and ports that are there, and what a release can't do with them."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.preflight import findings
from grayrelease.domain.preflight.table import TABLE
from tests.domain.preflight.scenes import found_codes, named, scene, to, weighted, with_metadata, with_spec
from tests.domain.preflight.test_table import PORTS, REFUSED, WARNED, Case, one_port

MESH = {"hosts": ["reviews"]}
EDGE = {"hosts": ["shop.example"], "gateways": ["edge"]}
OLD = {"name": "old", "labels": {"version": "v0"}}
RULE = named("DestinationRule", {"host": "reviews", "subsets": [OLD]})
TCP = {**MESH, "tcp": [{"route": [weighted("reviews", 1)]}]}
WRONG: list[Case] = [
    ({"service": one_port(name="x")}, "port-unnamed", "name-port"),
    ({"service": one_port()}, "port-unnamed", "name-port"),
    ({"service": one_port(name="https")}, "encrypted-port", "let-mesh-encrypt"),
    (
        {
            "virtual_services": (
                named("VirtualService", EDGE | to("reviews.demo.svc.cluster.local"), namespace="edge"),
            )
        },
        "route-elsewhere",
        "move-here",
    ),
    (
        {
            "destination_rules": (
                named("DestinationRule", {"host": "reviews.demo.svc.cluster.local"}, namespace="shop"),
            )
        },
        "rule-elsewhere",
        "move-here",
    ),
    (
        {"destination_rules": (named("DestinationRule", {"host": "reviews", "exportTo": ["."]}),)},
        "rule-hidden",
        "export-to-all",
    ),
    ({"virtual_services": (named("VirtualService", MESH | to("details")),)}, "leads-away", "lead-here"),
    (
        {
            "virtual_services": (named("VirtualService", MESH | to("reviews")),),
            "service": one_port(name="tcp-x"),
        },
        "tcp-left-out",
        "add-tcp-route",
    ),
    (
        {"virtual_services": (named("VirtualService", EDGE | to("details"), "reviews"),)},
        "in-our-place",
        "rename",
    ),
    (
        {"destination_rules": (named("DestinationRule", {"host": "details"}, "reviews"),)},
        "in-our-place",
        "rename",
    ),
]
KNOWN: list[Case] = [
    (
        {
            "virtual_services": (
                named(
                    "VirtualService",
                    {**MESH, "http": [{"route": [weighted("reviews", 90), weighted("reviews", 10, "old")]}]},
                ),
            ),
            "destination_rules": (RULE,),
        },
        "left-alone",
        "look-there",
    ),
    (
        {
            "virtual_services": (
                named("VirtualService", {**MESH, "tcp": [{"route": [weighted("reviews", 1)]}]}),
            )
        },
        "no-audience",
        "share-alone",
    ),
    (
        {"service": with_spec(ports=[{"name": "http", "port": 80}, {"name": "tcp-x", "port": 81}])},
        "some-requests",
        "share-alone",
    ),
    (
        {
            "destination_rules": (
                with_metadata(
                    named("DestinationRule", {"host": "reviews"}),
                    labels={"argocd.argoproj.io/instance": "shop"},
                ),
            )
        },
        "held-by",
        "finish-there-too",
    ),
]
FREE: list[dict[str, Any]] = [
    {"virtual_services": (named("VirtualService", MESH | to("reviews")),)},
    {"virtual_services": (named("VirtualService", EDGE | to("reviews")),)},
    {"virtual_services": (named("VirtualService", MESH | to("reviews"), "reviews"),)},
    {"destination_rules": (named("DestinationRule", {"host": "reviews"}),)},
    {"destination_rules": (named("DestinationRule", {"host": "*.local"}, namespace="istio-system"),)},
    {"service": with_spec(ports=PORTS)},
    {"service": one_port(name="tcp-x")},
    {"service": one_port(name="grpc")},
    {"stable": "v1", "candidates": ("v2",)},
]
YOUNGER = with_metadata(named("VirtualService", EDGE | to("details"), "b"), creationTimestamp="2026-02-02")
OLDER = with_metadata(named("VirtualService", EDGE | to("reviews"), "a"), creationTimestamp="2026-01-01")
JASON = {
    "http": [
        {"match": [{"headers": {"Cookie": {"exact": "user=jason"}}}], **to("reviews")["http"][0]},
        *to("reviews")["http"],
    ]
}
LIMITED: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"service": one_port(name="tcp-x")}, "no-requests", {"audience", "mirror", "sticky"}),
    ({"virtual_services": (OLDER, YOUNGER)}, "merged-gateway", {"audience", "sticky"}),
    (
        {"virtual_services": (named("VirtualService", EDGE | to("reviews") | JASON),)},
        "whole-cookie",
        {"sticky"},
    ),
    (
        {
            "virtual_services": (
                named("VirtualService", EDGE | to("reviews")),
                named("VirtualService", EDGE | JASON, "b"),
            )
        },
        "whole-cookie",
        {"sticky"},
    ),
    ({}, "no-browser", {"sticky"}),
    ({"virtual_services": (named("VirtualService", MESH | to("reviews")),)}, "no-browser", {"sticky"}),
]


@pytest.mark.parametrize(("changes", "code", "remedy"), WRONG, ids=[case[1] for case in WRONG])
def test_what_is_refused(changes: dict[str, Any], code: str, remedy: str) -> None:
    assert found_codes(scene(**changes)) == [(code, remedy)]


@pytest.mark.parametrize(("changes", "code", "remedy"), KNOWN, ids=[case[1] for case in KNOWN])
def test_what_is_known(changes: dict[str, Any], code: str, remedy: str) -> None:
    assert found_codes(scene(**changes)) == [(code, remedy)]
    assert [each.stops for each in findings(scene(**changes)) if each.reason.code == code] == [set()]


@pytest.mark.parametrize("changes", FREE)
def test_what_is_free(changes: dict[str, Any]) -> None:
    assert found_codes(scene(**changes)) == []


@pytest.mark.parametrize(("changes", "code", "stops"), LIMITED, ids=[case[1] for case in LIMITED])
def test_what_a_release_can_not_do_stops_that_alone(
    changes: dict[str, Any], code: str, stops: set[str]
) -> None:
    found = findings(scene(**changes))
    assert [set(each.stops) for each in found if each.reason.code == code] == [stops]
    assert all("release" not in each.stops for each in found)


def test_a_gateway_that_leads_to_the_service_brings_browsers_also_by_a_delegate() -> None:
    direct = scene(virtual_services=(named("VirtualService", EDGE | to("reviews")),))
    root = named("VirtualService", EDGE | {"http": [{"delegate": {"name": "leaf", "namespace": "demo"}}]})
    leaf = named("VirtualService", to("reviews"), "leaf")
    for given in (direct, scene(virtual_services=(root, leaf))):
        assert "no-browser" not in [each.reason.code for each in findings(given)]


def test_every_line_of_the_table_has_a_case() -> None:
    cases = {case[1] for case in [*REFUSED, *WARNED, *WRONG, *KNOWN, *LIMITED]}
    assert {line.code for line in TABLE} == cases
