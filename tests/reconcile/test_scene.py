"""What is read before a release, and what of it may be missing."""

from __future__ import annotations

import pytest

from grayrelease.cluster.interface import Refused
from grayrelease.cluster.memory import ROUTED_BY_API, SERVED
from grayrelease.domain import preflight
from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import Scene
from grayrelease.models import Inventory
from grayrelease.reconcile import Outcome, inventory, scene
from tests.world import World

FORBIDDEN = "sidecars.networking.istio.io is forbidden: cannot list resource"


def told(world: World, service: str, part: str) -> list[str]:
    """Refresh the inventory, and return the codes that it has of a service."""
    assert inventory.refresh(world.project.pk) == Outcome.DONE
    data = Inventory.objects.get(project=world.project).data
    entry = next(each for each in data["services"] if each["name"] == service)
    return [found["reason"][0] for found in entry[part]]


def test_kinds_that_a_cluster_does_not_have_are_no_error(world: World) -> None:
    world.cluster.served = SERVED - {"Sidecar", "ServiceEntry", "Gateway", "Ingress"}
    assert told(world, "details", "warnings") == []
    assert "no-mesh" not in told(world, "details", "refusals")


def test_a_cluster_without_istio_is_said_to_have_none(world: World) -> None:
    world.cluster.served = SERVED - {"VirtualService", "DestinationRule"}
    assert "no-mesh" in told(world, "details", "refusals")


@pytest.mark.parametrize(("times", "code"), [(1, "unseen-elsewhere"), (2, "unseen-here")])
def test_what_may_not_be_read_is_a_warning_that_names_it(world: World, times: int, code: str) -> None:
    world.cluster.faults.fail_next(Refused(FORBIDDEN), verb="list", kind="Sidecar", times=times)
    assert told(world, "details", "warnings") == [code]
    assert told(world, "details", "warnings") == []


def test_routes_of_the_project_itself_must_be_readable(world: World) -> None:
    world.cluster.faults.fail_next(Refused(FORBIDDEN), verb="list", kind="VirtualService", times=2)
    assert inventory.refresh(world.project.pk) == Outcome.FAILED
    assert Inventory.objects.get(project=world.project).error == FORBIDDEN


def test_the_namespace_need_not_be_readable(world: World) -> None:
    world.cluster.faults.fail_next(Refused(FORBIDDEN), verb="get", kind="Namespace")
    assert scene.read(world.cluster, "demo").unseen_here == ["Namespace"]
    assert scene.read(world.cluster, "nowhere")["Namespace"] == []


def test_the_routes_of_all_namespaces_are_read(world: World) -> None:
    egress = {"egress": [{"hosts": ["./*"]}]}
    hidden = {"kind": "Sidecar", "metadata": {"name": "default", "namespace": "shop"}, "spec": egress}
    world.cluster.seed(hidden)
    assert told(world, "details", "warnings") == ["hidden-by-sidecar"]


@pytest.mark.parametrize(
    ("namespace", "spec", "named"),
    [
        ("demo", {"rules": [{"backendRefs": [{"name": "details", "port": 9080}]}]}, "HTTPRoute/shop"),
        ("demo", {"parentRefs": [{"kind": "Service", "name": "details"}]}, "HTTPRoute/shop"),
        (
            "other",
            {"rules": [{"backendRefs": [{"name": "details", "namespace": "demo", "port": 9080}]}]},
            "HTTPRoute/other/shop",
        ),
    ],
)
def test_an_entrance_by_the_gateway_api_is_refused_by_its_name(
    world: World, namespace: str, spec: Manifest, named: str
) -> None:
    world.cluster.served = SERVED | ROUTED_BY_API
    head = {"name": "shop", "namespace": namespace}
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": head}
    world.cluster.seed({**route, "spec": spec})
    found = [
        each for each in preflight.check(looked(world, "details")) if each.reason.code == "other-entrance"
    ]
    assert [each.reason.facts for each in found] == [{"object": named, "host": "details"}]
    assert "other-entrance" in told(world, "details", "refusals")
    assert "other-entrance" not in told(world, "ratings", "refusals")


def looked(world: World, service: str) -> Scene:
    return scene.scenes(world.project, scene.read(world.cluster, "demo"))[service]
