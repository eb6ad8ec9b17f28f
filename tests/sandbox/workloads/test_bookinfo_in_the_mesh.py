"""The sample, through the gateway and the sidecars, with visitors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster_fixture import Cluster
from tests.sandbox.node.kubectl import Kubectl

pytestmark = pytest.mark.processes

Object = dict[str, Any]
ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples" / "bookinfo.yaml"
PLACES = {
    "Service": "/api/v1/namespaces/shop/services",
    "Deployment": "/apis/apps/v1/namespaces/shop/deployments",
    "Gateway": "/apis/networking.istio.io/v1/namespaces/shop/gateways",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/shop/virtualservices",
    "DestinationRule": "/apis/networking.istio.io/v1/namespaces/shop/destinationrules",
}


VISIT = [sys.executable, "-m", "grayrelease.sandbox.visitors", "--seed", "1", "--gateway"]


class Visits:
    """Visitors while something happens; their report afterwards."""

    def __init__(self, gateway: str) -> None:
        command = [*VISIT, gateway, "--rate", "20"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        assert self.process.stderr is not None
        assert b"visiting" in self.process.stderr.readline()

    def __enter__(self) -> Visits:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.communicate()

    def report(self) -> Object:
        self.process.terminate()
        found: Object = json.loads(self.process.communicate(timeout=15)[0])
        return found


def make(kubectl: Kubectl, item: Object) -> None:
    kubectl.call("POST", PLACES[item["kind"]], item)


def ready_pods(kubectl: Kubectl) -> int:
    pods = kubectl.call("GET", "/api/v1/namespaces/shop/pods")["items"]
    conditions = [each for pod in pods for each in pod.get("status", {}).get("conditions", [])]
    return sum(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def seen(gateway: str, enough: Callable[[Object], bool]) -> Object:
    """Visit for a second, again until enough is seen."""
    for _ in range(10):
        command = [*VISIT, gateway, "--rate", "20", "--duration", "1"]
        done = subprocess.run(command, capture_output=True, cwd=ROOT, check=True, timeout=30)
        report: Object = json.loads(done.stdout)
        if enough(report):
            break
    return report


@pytest.fixture(scope="module")
def shop(sandbox: Cluster) -> Iterator[Kubectl]:
    kubectl = Kubectl(sandbox)
    kubectl.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    for item in yaml.safe_load_all(SAMPLE.read_text()):
        make(kubectl, item)
    kubectl.wait(lambda: ready_pods(kubectl) == 4)
    assert seen(sandbox.gateway, lambda report: report["bad"] == 0)["versions"].keys() == {"v1"}
    yield kubectl


def second_version(kubectl: Kubectl) -> None:
    documents = yaml.safe_load_all(SAMPLE.read_text().replace("reviews-v1", "reviews-v2"))
    item = next(each for each in documents if each["metadata"]["name"] == "reviews-v2")
    for labels in (
        item["metadata"]["labels"],
        item["spec"]["selector"]["matchLabels"],
        item["spec"]["template"]["metadata"]["labels"],
    ):
        labels["version"] = "v2"
    make(kubectl, item)


def custom(kind: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "reviews"},
        "spec": {"host": "reviews", **spec} if kind == "DestinationRule" else {"hosts": ["reviews"], **spec},
    }


def split(first: int) -> Object:
    parts = [("v1", first), ("v2", 100 - first)]
    route = [{"destination": {"host": "reviews", "subset": name}, "weight": part} for name, part in parts]
    return {"http": [{"route": route}]}


def shows_both(report: Object) -> bool:
    return len(report["versions"]) == 2 and report["bad"] == 0


@pytest.fixture(scope="module")
def halves(shop: Kubectl, sandbox: Cluster) -> Kubectl:
    """Reviews v1 and v2, half each; subsets first, then pods, then the share."""
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    make(shop, custom("DestinationRule", {"subsets": subsets}))
    make(shop, custom("VirtualService", split(100)))
    second_version(shop)
    shop.wait(lambda: ready_pods(shop) == 5)
    shop.merge(f"{PLACES['VirtualService']}/reviews", {"spec": split(50)})
    return shop


def test_no_visitor_notices_pods_that_come_and_go(shop: Kubectl, sandbox: Cluster) -> None:
    path = f"{PLACES['Deployment']}/details-v1"
    with Visits(sandbox.gateway) as visits:
        restarted = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
        shop.merge(path, {"spec": {"replicas": 2, "template": restarted}})
        done = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "terminatingReplicas": 0}
        shop.wait(
            lambda: (
                (found := shop.call("GET", path))["status"]["observedGeneration"]
                == found["metadata"]["generation"]
                and done.items() <= found["status"].items()
            )
        )
        shop.merge(path, {"spec": {"replicas": 1}})
        shop.wait(lambda: len(shop.pods("details")) == 1)
        report = visits.report()
    assert report["bad"] == 0, report
    assert report["requests"] > 20


def test_a_split_sends_visitors_to_both_versions(halves: Kubectl, sandbox: Cluster) -> None:
    report = seen(sandbox.gateway, shows_both)
    assert report["versions"].keys() == {"v1", "v2"}
    assert report["bad"] == 0


def test_visitors_notice_a_version_that_is_taken_away(halves: Kubectl, sandbox: Cluster) -> None:
    path = f"{PLACES['Deployment']}/reviews-v2"
    assert shows_both(seen(sandbox.gateway, shows_both))
    with Visits(sandbox.gateway) as visits:
        halves.merge(path, {"spec": {"replicas": 0}})
        halves.wait(lambda: len(halves.pods("reviews")) == 1)
        report = visits.report()
    halves.merge(path, {"spec": {"replicas": 1}})
    halves.wait(lambda: ready_pods(halves) == 5)
    assert "no reviews" in report["faults"]
    assert set(report["versions"]) <= {"v1", "v2"}
