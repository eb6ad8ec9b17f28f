"""Golden files: a cluster's objects in, Envoy's configuration out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from grayrelease.sandbox.mesh.placement import Placement
from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import Objects
from grayrelease.sandbox.mesh.translate.proxies import Configuration, Folder, configuration
from grayrelease.sandbox.mesh.translate.registry import Registry, Settings

GOLDEN = Path(__file__).parent / "golden"
FIELDS = {
    "Service": "services",
    "EndpointSlice": "slices",
    "Pod": "pods",
    "VirtualService": "virtual_services",
    "DestinationRule": "destination_rules",
    "Gateway": "gateways",
}
Object = dict[str, Any]


def objects(path: Path) -> Objects:
    found: dict[str, list[Object]] = {field: [] for field in FIELDS.values()}
    for item in yaml.safe_load_all(path.read_text()):
        found[FIELDS[item["kind"]]].append(item)
    return Objects(**found)


def translated(path: Path, settings: Settings) -> Configuration:
    registry = Registry(objects(path), settings)
    pods = [workload for workload in registry.workloads.values() if workload.sidecar]
    return configuration(registry, pods, Folder(Path("/mesh")), 30140)


def as_json(written: Configuration) -> str:
    kinds = {
        "clusters": written.clusters,
        "endpoints": written.endpoints,
        "routes": written.routes,
        "listeners": written.listeners,
    }
    return json.dumps(kinds, indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_it_writes_what_was_reviewed(name: str) -> None:
    """`GOLDEN=rewrite` rewrites the files; review the difference."""
    written, golden = as_json(translated(GOLDEN / f"{name}.yaml", Settings())), GOLDEN / f"{name}.json"
    if os.environ.get("GOLDEN") == "rewrite":
        golden.write_text(written)
    assert written == golden.read_text()


def test_without_retries_nothing_is_tried_twice_unless_a_route_asks_for_it() -> None:
    default = json.dumps(dict(translated(GOLDEN / "rules.yaml", Settings()).routes))
    without = json.dumps(dict(translated(GOLDEN / "rules.yaml", Settings(retries=0)).routes))
    assert '"num_retries": 2' in default and '"num_retries": 2' not in without
    assert default.count('"num_retries": 3') == without.count('"num_retries": 3') > 0


def test_a_rule_that_envoy_would_refuse_harms_no_other() -> None:
    registry = Registry(objects(GOLDEN / "canary.yaml"), Settings())
    broken = registry.objects.virtual_services[0]
    broken["spec"]["http"].insert(0, {"match": [{"uri": {"regex": "(?!x)"}}], "route": []})
    broken["spec"]["http"].insert(0, {"name": "nowhere", "delegate": {"name": "x"}})
    pods = list(registry.workloads.values())
    table = next(iter(configuration(registry, pods, Folder(Path("/mesh")), None).routes.values()))
    reviews = next(host for host in table["virtual_hosts"] if host["name"].startswith("reviews"))
    assert [route["match"] for route in reviews["routes"]] == [{"prefix": "/"}]


def test_pods_are_spread_evenly_and_stay_where_they_were() -> None:
    placement = Placement(2)
    pods = [("demo", f"pod-{number}") for number in range(5)]
    first = placement.spread(pods)
    assert sorted(map(len, first)) == [2, 3]
    assert placement.spread(pods[1:]) == [[pod for pod in place if pod != pods[0]] for place in first]
    assert [sorted(place) for place in placement.spread(pods)] == [sorted(place) for place in first]


@pytest.mark.parametrize(
    ("host", "full"),
    [
        ("reviews", "reviews.demo.svc.cluster.local"),
        ("reviews.demo", "reviews.demo"),
        ("*.demo.svc.cluster.local", "*.demo.svc.cluster.local"),
        ("*", "*"),
    ],
)
def test_only_a_host_without_a_dot_is_completed(host: str, full: str) -> None:
    assert hosts.full(host, "demo") == full
