"""Pods as real processes, seen through the API."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from typing import Any

import psutil
import pytest

from tests.sandbox.node.kubectl import DEPLOYMENTS, SPACE, Kubectl, node
from tests.sandbox.node.test_process import alive

pytestmark = pytest.mark.processes

Object = dict[str, Any]
ECHO = "grayrelease/echo:v1"
UNKNOWN = "kubesphere/example-bookinfo-reviews-v9:1.16.2"


def condition(pod: Object, name: str) -> Object:
    return next((each for each in pod.get("status", {}).get("conditions", []) if each["type"] == name), {})


def is_ready(pod: Object) -> bool:
    return bool(condition(pod, "Ready").get("status") == "True")


def container(pod: Object) -> Object:
    found: Object = (pod.get("status", {}).get("containerStatuses") or [{}])[0]
    return found


def waits(reason: str, restarts: int = 0) -> Any:
    def holds(pod: Object) -> bool:
        shown = container(pod)
        waiting = shown.get("state", {}).get("waiting", {})
        return bool(waiting.get("reason") == reason and shown["restartCount"] >= restarts)

    return holds


def get(pod: Object, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://{pod['status']['podIP']}:9080{path}", timeout=5) as answer:
        return str(answer.read().decode())


def listens(address: str) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex((address, 9080)) == 0


def endpoints(kubectl: Kubectl, service: str) -> list[Object]:
    query = f"labelSelector=kubernetes.io%2Fservice-name%3D{service}"
    slices = kubectl.call("GET", f"/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?{query}")["items"]
    return [each for found in slices for each in found.get("endpoints") or []]


def serve(kubectl: Kubectl, name: str) -> None:
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 9080, "targetPort": "web"}]}
    kubectl.call("POST", f"{SPACE}/services", {"metadata": {"name": name}, "spec": spec})


def test_a_pod_becomes_ready_soon_with_an_address_and_a_status_as_kubelets(kubectl: Kubectl) -> None:
    kubectl.deploy("quick", ECHO)
    asked = time.monotonic()
    pod = kubectl.pod("quick", is_ready)
    took = time.monotonic() - asked
    status, shown = pod["status"], container(pod)
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("127.")
    assert status["hostIP"] == "127.0.0.1"
    assert {each["type"] for each in status["conditions"]} >= {
        "Initialized",
        "ContainersReady",
        "PodScheduled",
    }
    assert shown["ready"] is shown["started"] is True
    assert (shown["restartCount"], list(shown["state"])) == (0, ["running"])
    assert shown["imageID"].startswith("docker.io/grayrelease/echo@sha256:")
    assert pod["spec"]["nodeName"] == "sandbox"
    assert pod["metadata"]["name"] in get(pod)
    reasons = {reason for reason, _ in kubectl.events("quick")}
    assert reasons >= {"Scheduled", "Pulled", "Created", "Started", "SuccessfulCreate"}
    # Generous: other work may have both cores.
    assert took < 5


def test_an_image_that_nobody_has_is_reported_as_kubelet_does(kubectl: Kubectl) -> None:
    kubectl.deploy("nope", UNKNOWN)
    pulled = kubectl.pod("nope", waits("ErrImagePull"))
    assert "pull access denied" in container(pulled)["state"]["waiting"]["message"]
    backed = kubectl.pod("nope", waits("ImagePullBackOff"))
    message = container(backed)["state"]["waiting"]["message"]
    assert message.startswith(f'Back-off pulling image "{UNKNOWN}": ErrImagePull: failed to pull and unpack')
    assert backed["status"]["phase"] == "Pending"
    assert condition(backed, "Ready")["message"] == "containers with unready status: [nope]"
    said = kubectl.wait(lambda: len(found := kubectl.events("nope")) > 6 and found)
    assert {("Failed", "Error: ErrImagePull"), ("Failed", "Error: ImagePullBackOff")} <= said


def test_a_container_that_ends_is_started_again_later_and_later_until_it_is_mended(kubectl: Kubectl) -> None:
    kubectl.deploy("crash", ECHO, env=[{"name": "LATENCY_MS", "value": "soon"}])
    pod = kubectl.pod("crash", waits("CrashLoopBackOff", restarts=1))
    shown = container(pod)
    assert "restarting failed container=crash pod=crash-" in shown["state"]["waiting"]["message"]
    assert shown["lastState"]["terminated"]["exitCode"] == 2
    assert not is_ready(pod)
    assert pod["status"]["phase"] == "Running"
    log = f"{SPACE}/pods/{pod['metadata']['name']}/log"
    assert "bad setting" in kubectl.wait(lambda: kubectl.text(log))
    containers = [{"name": "crash", "image": ECHO, "ports": [{"containerPort": 9080}]}]
    kubectl.merge(f"{DEPLOYMENTS}/crash", {"spec": {"template": {"spec": {"containers": containers}}}})
    assert is_ready(kubectl.pod("crash", is_ready))


def test_a_pod_that_leaves_is_no_endpoint_but_serves_on_for_a_while(kubectl: Kubectl) -> None:
    serve(kubectl, "leaving")
    kubectl.deploy("leaving", ECHO, env=[{"name": "DRAIN_S", "value": "1.5"}])
    pod = kubectl.pod("leaving", is_ready)
    address = pod["status"]["podIP"]
    kubectl.wait(lambda: [each["conditions"]["ready"] for each in endpoints(kubectl, "leaving")] == [True])
    kubectl.merge(f"{DEPLOYMENTS}/leaving", {"spec": {"replicas": 0}})
    kubectl.wait(lambda: [each["conditions"]["ready"] for each in endpoints(kubectl, "leaving")] == [False])
    assert "leaving" in get(pod)
    kubectl.wait(lambda: not kubectl.pods("leaving"))
    assert not listens(address)
    kubectl.wait(lambda: endpoints(kubectl, "leaving") == [])


def test_the_grace_period_ends_what_does_not_end_itself(kubectl: Kubectl) -> None:
    kubectl.deploy("stubborn", ECHO, env=[{"name": "DRAIN_S", "value": "60"}])
    pod = kubectl.pod("stubborn", is_ready)
    path = f"{SPACE}/pods/{pod['metadata']['name']}"
    kubectl.merge(f"{DEPLOYMENTS}/stubborn", {"spec": {"replicas": 0}})
    kubectl.call("DELETE", path, {"gracePeriodSeconds": 1})
    kubectl.wait(lambda: not kubectl.exists(path))
    assert not listens(pod["status"]["podIP"])


def test_a_readiness_probe_is_asked_over_http(kubectl: Kubectl) -> None:
    probe = {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 1, "failureThreshold": 1}
    broken = [{"name": "ERROR_RATE", "value": "1"}]
    kubectl.deploy("probed", ECHO, readinessProbe=probe, env=broken)
    pod = kubectl.pod("probed", lambda pod: list(container(pod).get("state", {})) == ["running"])
    text = "Readiness probe failed: HTTP probe failed with statuscode: 500"
    kubectl.wait(lambda: ("Unhealthy", text) in kubectl.events("probed"))
    assert not is_ready(kubectl.pod("probed", lambda found: found["metadata"] is not None))
    assert listens(pod["status"]["podIP"])


def test_a_log_can_be_followed(kubectl: Kubectl) -> None:
    kubectl.deploy("talking", ECHO)
    pod = kubectl.pod("talking", is_ready)
    path = f"{SPACE}/pods/{pod['metadata']['name']}/log?follow=true&tailLines=1"
    headers = {"Authorization": f"Bearer {kubectl.token}"}
    request = urllib.request.Request(kubectl.server + path, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as log:
        assert b"listens on" in log.readline()
        get(pod, "/somebody-asked")
        assert b"GET /somebody-asked 200" in log.readline()


def test_settings_may_come_from_a_config_map(kubectl: Kubectl) -> None:
    source = {"configMapKeyRef": {"name": "faults", "key": "rate"}}
    kubectl.deploy("configured", ECHO, env=[{"name": "VERSION", "valueFrom": source}])
    pod = kubectl.pod("configured", waits("CreateContainerConfigError"))
    assert container(pod)["state"]["waiting"]["message"] == 'configmap "faults" not found'
    kubectl.call("POST", f"{SPACE}/configmaps", {"metadata": {"name": "faults"}, "data": {"rate": "v42"}})
    assert '"version": "v42"' in get(kubectl.pod("configured", is_ready))


def test_a_sidecar_is_marked_and_told_to_the_workload(kubectl: Kubectl) -> None:
    kubectl.deploy("meshed", ECHO)
    template = {"metadata": {"annotations": {"sidecar.istio.io/inject": "true"}}}
    kubectl.merge(f"{DEPLOYMENTS}/meshed", {"spec": {"template": template}})

    def injected(pod: Object) -> bool:
        return is_ready(pod) and "sidecar.istio.io/status" in pod["metadata"].get("annotations", {})

    pod = kubectl.pod("meshed", injected)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(pod, "/call?host=reviews:9080")
    # Its outbound listener is the mesh's, which does not run here.
    assert caught.value.code == 503
    caught.value.close()


def test_pods_end_with_the_agent_and_are_started_again_by_the_next(kubectl: Kubectl) -> None:
    kubectl.deploy("again", ECHO)
    before = kubectl.pod("again", is_ready)
    agent = kubectl.cluster.supervisor.running["node"].process
    agent.kill()
    agent.wait()
    kubectl.wait(lambda: not listens(before["status"]["podIP"]))
    assert not alive(agent.pid)
    kubectl.cluster.supervisor.stop_part("node")
    kubectl.cluster.supervisor.start(node(kubectl.cluster))
    after = kubectl.pod("again", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert container(after)["lastState"]["terminated"]["exitCode"] == 137
    assert "again" in get(after)


def test_pods_are_started_again_after_their_common_parent_was_killed(kubectl: Kubectl) -> None:
    kubectl.deploy("orphan", ECHO)
    kubectl.pod("orphan", is_ready)
    agent = psutil.Process(kubectl.cluster.supervisor.running["node"].process.pid)
    (nursery,) = agent.children()
    nursery.kill()
    after = kubectl.pod("orphan", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert container(after)["lastState"]["terminated"]["exitCode"] == 137
    assert "orphan" in get(after)


def test_all_goes_on_after_the_api_server_was_away(kubectl: Kubectl) -> None:
    kubectl.deploy("patient", ECHO)
    pod = kubectl.pod("patient", is_ready)
    supervisor = kubectl.cluster.supervisor
    part = supervisor.running["apiserver"].part
    supervisor.stop_part("apiserver")
    assert "patient" in get(pod)
    supervisor.start(part)
    kubectl.merge(f"{DEPLOYMENTS}/patient", {"spec": {"replicas": 2}})
    kubectl.wait(lambda: sum(map(is_ready, kubectl.pods("patient"))) == 2)
    assert container(kubectl.pods("patient")[0])["restartCount"] == 0


def test_a_namespace_goes_with_all_that_is_in_it(kubectl: Kubectl) -> None:
    kubectl.call("POST", "/api/v1/namespaces", {"metadata": {"name": "brief"}})
    path = "/apis/apps/v1/namespaces/brief/deployments"
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "x", "image": ECHO}]}}
    spec = {"selector": {"matchLabels": {"app": "x"}}, "template": template}
    kubectl.call("POST", path, {"metadata": {"name": "x"}, "spec": spec})
    kubectl.wait(lambda: kubectl.call("GET", "/api/v1/namespaces/brief/pods")["items"])
    kubectl.call("DELETE", "/api/v1/namespaces/brief")
    kubectl.wait(lambda: not kubectl.exists("/api/v1/namespaces/brief"))
    assert kubectl.call("GET", "/api/v1/namespaces/brief/pods")["items"] == []


def test_what_belonged_to_a_deleted_deployment_is_collected(kubectl: Kubectl) -> None:
    kubectl.deploy("collected", ECHO)
    kubectl.pod("collected", is_ready)
    kubectl.call("DELETE", f"{DEPLOYMENTS}/collected", {"propagationPolicy": "Foreground"})
    kubectl.wait(lambda: not kubectl.exists(f"{DEPLOYMENTS}/collected"))
    assert kubectl.pods("collected") == []
    sets = kubectl.call("GET", "/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app%3Dcollected")
    assert sets["items"] == []
