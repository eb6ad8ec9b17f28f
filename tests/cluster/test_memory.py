"""What the double has besides the contract: the hooks that other tests rely on."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease import cluster
from grayrelease.cluster.interface import Conflict, NotFound, Refused, Unreachable
from grayrelease.cluster.memory import Memory
from grayrelease.cluster.runs import run_pods, run_slices
from grayrelease.domain.plan import Manifest


def reviews(replicas: int = 2, version: str = "v1") -> Manifest:
    labels = {"app": "reviews", "version": version}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "reviews"}]}}
    return {
        "kind": "Deployment",
        "metadata": {"name": f"reviews-{version}", "namespace": "demo"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def service() -> Manifest:
    return {
        "kind": "Service",
        "metadata": {"name": "reviews", "namespace": "demo"},
        "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 9080}]},
    }


def scale(memory: Memory, replicas: int) -> None:
    memory.edit("Deployment", "demo", "reviews-v1", lambda item: item["spec"].update(replicas=replicas))


def endpoints(memory: Memory) -> list[dict[str, Any]]:
    (found,) = memory.list("EndpointSlice", "demo", "kubernetes.io/service-name=reviews")
    return list(found["endpoints"])


def test_connect_gives_the_double_in_use() -> None:
    memory = Memory()
    with cluster.use(memory):
        assert cluster.connect() is memory
        assert cluster.connect("other") is memory


def test_connect_says_that_no_cluster_is_configured(settings: Any) -> None:
    settings.KUBECONFIG = "/nowhere/kubeconfig"
    with pytest.raises(Unreachable, match="No cluster is configured"):
        cluster.connect()


def test_it_records_each_change_with_its_manager() -> None:
    memory = Memory()
    made = memory.seed(reviews())[0]
    memory.replace({**made, "spec": {**made["spec"], "replicas": 3}})
    memory.remove("Deployment", "demo", "reviews-v1", manager="helm")
    assert [(write.verb, write.name, write.manager) for write in memory.writes] == [
        ("create", "demo", "kubectl"),
        ("create", "reviews-v1", "kubectl"),
        ("replace", "reviews-v1", "grayrelease"),
        ("delete", "reviews-v1", "helm"),
    ]


def test_neither_a_dry_run_nor_a_write_of_the_same_is_a_change() -> None:
    memory = Memory()
    made = memory.seed(reviews())[0]
    before = list(memory.writes)
    memory.replace(made)
    memory.replace({**made, "spec": {**made["spec"], "replicas": 3}}, dry_run=True)
    assert memory.writes == before


def test_the_next_call_that_fits_fails() -> None:
    memory = Memory()
    memory.seed(reviews())
    memory.faults.fail_next(Unreachable("late"), verb="get", kind="Deployment", times=2)
    assert memory.list("Deployment", "demo")
    for _ in range(2):
        with pytest.raises(Unreachable, match="late"):
            memory.get("Deployment", "demo", "reviews-v1")
    assert memory.get("Deployment", "demo", "reviews-v1")


def test_an_answer_can_be_lost_after_the_write() -> None:
    memory = Memory()
    made = memory.seed(reviews())[0]
    memory.faults.fail_next(Unreachable("late"), verb="replace", after=True)
    with pytest.raises(Unreachable):
        memory.replace({**made, "spec": {**made["spec"], "replicas": 3}})
    assert memory.get("Deployment", "demo", "reviews-v1")["spec"]["replicas"] == 3


def test_nothing_answers_while_it_is_down() -> None:
    memory = Memory()
    memory.seed(reviews())
    memory.faults.down = True
    with pytest.raises(Unreachable):
        memory.list("Deployment", "demo")
    with pytest.raises(Unreachable):
        memory.serves("Deployment")
    memory.faults.down = False
    assert memory.list("Deployment", "demo")


def test_somebody_can_edit_just_before_our_write() -> None:
    memory = Memory()
    made = memory.seed(reviews())[0]
    memory.before_write = lambda verb, manifest: scale(memory, 5)
    with pytest.raises(Conflict):
        memory.replace({**made, "spec": {**made["spec"], "replicas": 3}})


def test_a_kind_that_is_not_served_is_not_found() -> None:
    memory = Memory()
    memory.seed(service())
    assert not memory.serves("HTTPRoute")
    with pytest.raises(NotFound, match="the server could not find the requested resource"):
        memory.list("HTTPRoute", "demo")


def test_what_it_gives_can_be_altered_without_harm() -> None:
    memory = Memory()
    memory.seed(reviews())
    memory.get("Deployment", "demo", "reviews-v1")["spec"]["replicas"] = 9
    assert memory.get("Deployment", "demo", "reviews-v1")["spec"]["replicas"] == 2


def test_pods_run_ready_and_are_endpoints() -> None:
    memory = Memory()
    memory.seed(service(), reviews())
    pods = run_pods(memory, "demo", "reviews-v1")
    assert [pod["metadata"]["labels"]["version"] for pod in pods] == ["v1", "v1"]
    assert memory.get("Deployment", "demo", "reviews-v1")["status"]["readyReplicas"] == 2
    assert {endpoint["targetRef"]["name"] for endpoint in endpoints(memory)} == {
        pod["metadata"]["name"] for pod in pods
    }
    assert all(endpoint["conditions"]["ready"] for endpoint in endpoints(memory))
    assert len({endpoint["addresses"][0] for endpoint in endpoints(memory)}) == 2


def test_pods_wait_with_a_reason() -> None:
    memory = Memory()
    memory.seed(service(), reviews(1))
    (pod,) = run_pods(memory, "demo", "reviews-v1", ready=False, reason="ImagePullBackOff", message="none")
    state = pod["status"]["containerStatuses"][0]["state"]
    assert state == {"waiting": {"reason": "ImagePullBackOff", "message": "none"}}
    assert not endpoints(memory)[0]["conditions"]["ready"]


def test_pods_follow_the_scale_and_keep_what_they_are() -> None:
    memory = Memory()
    memory.seed(service(), reviews())
    first, _ = run_pods(memory, "demo", "reviews-v1")
    scale(memory, 1)
    assert run_pods(memory, "demo", "reviews-v1") == [first]
    assert len(endpoints(memory)) == 1
    scale(memory, 0)
    assert run_pods(memory, "demo", "reviews-v1") == []
    assert endpoints(memory) == []


def test_what_a_deleted_deployment_owns_goes_with_it() -> None:
    memory = Memory()
    memory.seed(service(), reviews(), reviews(1, "v2"))
    run_pods(memory, "demo", "reviews-v1")
    run_pods(memory, "demo", "reviews-v2")
    memory.remove("Deployment", "demo", "reviews-v1")
    run_slices(memory, "demo")
    assert {pod["metadata"]["labels"]["version"] for pod in memory.list("Pod", "demo")} == {"v2"}
    assert len(memory.list("ReplicaSet", "demo")) == len(endpoints(memory)) == 1


def test_a_pod_gives_its_last_lines() -> None:
    memory = Memory()
    memory.seed(service(), reviews(1))
    (pod,) = run_pods(memory, "demo", "reviews-v1")
    name = pod["metadata"]["name"]
    memory.log_lines["demo", name] = ["one", "two", "three"]
    assert memory.logs("demo", name, lines=2) == "two\nthree\n"
    assert memory.logs("demo", name, lines=10) == "one\ntwo\nthree\n"


def test_an_object_without_a_kind_cannot_be_seeded() -> None:
    with pytest.raises(Refused):
        Memory().seed({"metadata": {"name": "x"}})
