"""Services that could not be released at first: from the wizard's draft to the routes as they were."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease import operations
from grayrelease.domain.state import Phase
from grayrelease.models import Release
from tests.operations.test_drafts import draft
from tests.world import World, person


def begun(world: World, **typed: Any) -> Release:
    made = draft(world, **typed)
    operations.freeze(person("operator"), made)
    made.refresh_from_db()
    return operations.create_release(person("operator"), made)


def weights(world: World, name: str) -> dict[str, int]:
    [route] = world.cluster.get("VirtualService", "demo", name)["spec"]["http"]
    return {to["destination"].get("subset", ""): to.get("weight", 0) for to in route["route"]}


def finish(world: World, release: Release) -> None:
    release.target.refresh_from_db()
    operations.finish(person("operator"), release, release.target.generation, delete_loser=False)
    world.run_until(release, Phase.FINISHED)


def test_a_service_behind_a_gateway_is_split_in_its_users_own_route(world: World) -> None:
    before = world.cluster.get("VirtualService", "demo", "bookinfo")["spec"]
    release = begun(
        world, name="page-v2", service="productpage", image="istio/examples-bookinfo-productpage-v2:1.16.2"
    )
    world.run_until(release, Phase.RUNNING)
    assert weights(world, "bookinfo") == weights(world, "productpage") == {"gr-v1": 800, "gr-v2": 200}
    operations.roll_back(person("operator"), release)
    world.run_until(release, Phase.ROLLED_BACK)
    finish(world, release)
    assert world.cluster.get("VirtualService", "demo", "bookinfo")["spec"] == before
    assert [each["metadata"]["name"] for each in world.cluster.list("VirtualService", "demo")] == ["bookinfo"]


def test_two_releases_of_a_service_share_its_routes(world: World) -> None:
    first = begun(world)
    world.run_until(first, Phase.RUNNING)
    second = begun(world, name="reviews-v3", version="v3")
    world.run_until(second, Phase.RUNNING)
    assert weights(world, "reviews") == {"gr-v1": 600, "gr-v2": 200, "gr-v3": 200}


def test_a_rule_that_is_there_gets_subsets_for_as_long_as_it_takes(world: World) -> None:
    spec = {"host": "reviews", "trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 9}}}}
    head = {"name": "limits", "namespace": "demo"}
    world.cluster.seed({"kind": "DestinationRule", "metadata": head, "spec": spec})
    release = begun(world)
    world.run_until(release, Phase.RUNNING)
    present = world.cluster.get("DestinationRule", "demo", "limits")["spec"]
    assert present["trafficPolicy"] == spec["trafficPolicy"]
    assert [each["name"] for each in present["subsets"]] == ["gr-v1", "gr-v2"]
    operations.roll_back(person("operator"), release)
    world.run_until(release, Phase.ROLLED_BACK)
    finish(world, release)
    assert world.cluster.get("DestinationRule", "demo", "limits")["spec"] == spec


def test_all_http_ports_of_a_service_are_split(world: World) -> None:
    ports = [{"name": "http", "port": 9080}, {"name": "http-admin", "port": 9081}]
    world.cluster.edit("Service", "demo", "reviews", lambda service: service["spec"].update(ports=ports))
    release = begun(world)
    world.run_until(release, Phase.RUNNING)
    assert weights(world, "reviews") == {"gr-v1": 800, "gr-v2": 200}


def test_a_tcp_services_connections_are_shared_out(world: World) -> None:
    ports = [{"name": "tcp-db", "port": 9080}]
    world.cluster.edit("Service", "demo", "ratings", lambda service: service["spec"].update(ports=ports))
    release = begun(world, service="ratings", name="ratings-v2", image="istio/examples-bookinfo-ratings-v2:1")
    world.run_until(release, Phase.RUNNING)
    made = world.cluster.get("VirtualService", "demo", "ratings")["spec"]
    assert "http" not in made
    [route] = made["tcp"]
    assert route["match"] == [{"port": 9080}]
    assert [(to["destination"]["subset"], to["weight"]) for to in route["route"]] == [
        ("gr-v1", 800),
        ("gr-v2", 200),
    ]


def test_conditions_on_requests_are_refused_for_a_tcp_service(world: World) -> None:
    ports = [{"name": "tcp-db", "port": 9080}]
    world.cluster.edit("Service", "demo", "ratings", lambda service: service["spec"].update(ports=ports))
    steps = [{"exposure": {"share": 1000, "mirror": {"share": 100}}}]
    with pytest.raises(operations.Refused) as refused:
        begun(world, service="ratings", name="ratings-v2", steps=steps)
    assert [reason.code for reason in refused.value.reasons] == ["no-requests"]
