"""Faults of the mesh and of pods, and a node agent that is down, on a whole sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grayrelease.sandbox.fault.asking import Asked
from grayrelease.sandbox.fault.faults import Fault
from grayrelease.sandbox.fault.signals import Signalling
from grayrelease.sandbox.mesh.lag import KINDS
from tests.cluster_fixture import Cluster
from tests.sandbox.mesh.manifests import service
from tests.sandbox.mesh.test_feed import configuration, endpoints, feed, weights
from tests.sandbox.node.kubectl import SPACE, Kubectl, Object


@pytest.fixture(scope="module")
def kubectl(sandbox: Cluster) -> Kubectl:
    made = Kubectl(sandbox)
    labels = {"istio-injection": "enabled"}
    made.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop", "labels": labels}})
    return made


@pytest.fixture
def faults(kubectl: Kubectl) -> Iterator[Asked]:
    asked = Asked(kubectl.cluster.options.sandbox)
    yield asked
    asked.clear("pod")
    asked.clear("mesh")


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def wait(holds: Callable[[], bool], within: float = 5) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def container(pod: Object) -> Object:
    found: Object = pod["status"]["containerStatuses"][0]
    return found


def test_held_kinds_wait_and_then_come_in_one_piece(tmp_path: Path) -> None:
    made = feed(tmp_path, "", configuration(["v1"]))
    made.held = frozenset({"routes"})
    made.change(configuration(["v1"], weights=1, ports=(1, 2)), now=0)
    made.flush(now=0)
    assert (weights(tmp_path), endpoints(tmp_path, "v1"), made.due) == (0, [1, 2], None)
    made.change(configuration(["v1"], weights=2, ports=(1, 2)), now=1)
    made.held = frozenset(KINDS)
    made.flush(now=1)
    assert weights(tmp_path) == 0
    made.held = frozenset()
    made.flush(now=1)
    assert weights(tmp_path) == 2


@pytest.mark.processes
def test_a_pod_that_is_held_unready_becomes_ready_when_that_ends(kubectl: Kubectl, faults: Asked) -> None:
    faults.set("pod", Fault("unready", of="late"))
    kubectl.deploy("late", "grayrelease/echo:v1")
    kubectl.pod("late", lambda pod: pod.get("status", {}).get("phase") == "Running")
    assert not kubectl.pods("late")[0]["status"]["containerStatuses"][0]["ready"]
    faults.clear("pod", "unready")
    kubectl.pod("late", is_ready)
    faults.set("pod", Fault("unready", of="grayrelease/echo:v1"))
    kubectl.pod("late", lambda pod: not is_ready(pod))
    faults.clear("pod")
    kubectl.pod("late", is_ready)


@pytest.mark.processes
def test_a_pod_crashes_once_or_in_a_loop(kubectl: Kubectl, faults: Asked) -> None:
    kubectl.deploy("brittle", "grayrelease/echo:v1")
    kubectl.pod("brittle", is_ready)
    faults.set("pod", Fault("crash", of="brittle", times=1))
    again = kubectl.pod("brittle", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert container(again)["lastState"]["terminated"]["exitCode"] == 137
    assert faults.held("pod") == []
    faults.set("pod", Fault("crash", of="brittle"))
    looping = kubectl.pod("brittle", lambda pod: "waiting" in container(pod)["state"])
    assert container(looping)["state"]["waiting"]["reason"] == "CrashLoopBackOff"


@pytest.mark.processes
def test_an_envoy_that_takes_no_changes_does_not_know_a_new_service(kubectl: Kubectl, faults: Asked) -> None:
    folder = kubectl.cluster.options.sandbox / "mesh" / "mesh-0"

    def known() -> bool:
        return "fresh" in (folder / "cds" / "cds.json").read_text()

    faults.set("mesh", Fault("hold"))
    kubectl.call("POST", f"{SPACE}/services", service("fresh"))
    # Without the fault it is there after 0.01 s.
    time.sleep(0.3)
    assert not known()
    faults.clear("mesh")
    wait(known)


@pytest.mark.processes
def test_without_a_node_agent_pods_run_on_and_new_ones_wait(kubectl: Kubectl) -> None:
    options = kubectl.cluster.options
    signals = Signalling(options.sandbox, options.folder)
    holding = threading.Thread(target=signals.hold, args=("node", "stop"))
    holding.start()
    try:
        wait(lambda: "T" in Path(f"/proc/{signals.pid('node')}/stat").read_text().split()[2])
        kubectl.deploy("waiting", "grayrelease/echo:v1")
        pod = kubectl.pod("waiting", lambda pod: True)
        assert pod["status"]["phase"] == "Pending" and "nodeName" not in pod["spec"]
    finally:
        signals.clear("node")
        holding.join(5)
    assert not holding.is_alive()
    kubectl.pod("waiting", is_ready)
