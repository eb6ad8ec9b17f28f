"""What every cluster promises: run against the double, the sandbox's API server and, with
KUBECONFIG_REAL=/path, a real cluster (in a namespace of its own, deleted at the end)."""

from __future__ import annotations

from copy import deepcopy

import pytest

from grayrelease.cluster.interface import AlreadyExists, Cluster, Conflict, NotFound, Refused
from grayrelease.domain.plan import Manifest
from tests.cluster.contract import of


def config(namespace: str, name: str = "one", **labels: str) -> Manifest:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": "1"}}


def deployment(namespace: str) -> Manifest:
    labels = {"app": "reviews", "version": "v1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "reviews-v1", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "registry.invalid/none:1"}]},
            },
        },
    }


def route(namespace: str) -> Manifest:
    destination = {"destination": {"host": "reviews", "subset": "v1"}, "weight": 100}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": namespace, "annotations": {"mine": "yes"}},
        "spec": {"hosts": ["reviews"], "http": [{"route": [destination]}]},
    }


def test_it_gives_what_was_created(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(route(namespace))
    assert made["metadata"]["uid"] and made["metadata"]["resourceVersion"]
    assert made["metadata"]["generation"] == 1
    assert made["metadata"]["annotations"] == {"mine": "yes"}
    assert made["spec"] == route(namespace)["spec"]
    assert cluster.get("VirtualService", namespace, "reviews") == made


def test_it_has_no_object_that_was_never_created(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound, match='virtualservices.networking.istio.io "reviews" not found'):
        cluster.get("VirtualService", namespace, "reviews")


def test_it_creates_nothing_in_a_namespace_that_is_not_there(cluster: Cluster) -> None:
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        cluster.create(config("nowhere"))


def test_a_second_creation_already_exists(cluster: Cluster, namespace: str) -> None:
    cluster.create(config(namespace))
    with pytest.raises(AlreadyExists, match='configmaps "one" already exists'):
        cluster.create(config(namespace))


def test_a_replacement_raises_version_and_generation(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(route(namespace))
    wanted = deepcopy(made)
    wanted["spec"]["hosts"] = ["reviews", "ratings"]
    replaced = cluster.replace(wanted)
    assert replaced["spec"]["hosts"] == ["reviews", "ratings"]
    assert replaced["metadata"]["generation"] == 2
    assert replaced["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    assert replaced["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_new_annotation_leaves_the_generation(cluster: Cluster, namespace: str) -> None:
    wanted = cluster.create(route(namespace))
    wanted["metadata"]["annotations"]["grayrelease/op"] = "1"
    replaced = cluster.replace(wanted)
    assert replaced["metadata"]["annotations"]["grayrelease/op"] == "1"
    assert replaced["metadata"]["generation"] == 1


def test_a_replacement_with_the_same_keeps_the_version(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(route(namespace))
    assert cluster.replace(made) == made


def test_a_replacement_of_an_older_version_conflicts(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(config(namespace))
    newer = deepcopy(made)
    newer["data"] = {"n": "2"}
    cluster.replace(newer)
    with pytest.raises(Conflict, match="the object has been modified"):
        cluster.replace({**made, "data": {"n": "3"}})
    assert cluster.get("ConfigMap", namespace, "one")["data"] == {"n": "2"}


def test_a_replacement_of_a_namesake_conflicts(cluster: Cluster, namespace: str) -> None:
    first = cluster.create(config(namespace))
    cluster.delete("ConfigMap", namespace, "one", **of(first))
    second = cluster.create(config(namespace))
    second["metadata"]["uid"] = first["metadata"]["uid"]
    with pytest.raises(Conflict):
        cluster.replace({**second, "data": {"n": "2"}})


def test_a_replacement_of_what_is_gone_is_not_found(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(config(namespace))
    cluster.delete("ConfigMap", namespace, "one", **of(made))
    with pytest.raises((NotFound, Conflict)):
        cluster.replace({**made, "data": {"n": "2"}})


def test_a_write_without_what_it_was_decided_on_is_refused(cluster: Cluster, namespace: str) -> None:
    cluster.create(config(namespace))
    with pytest.raises(Refused):
        cluster.replace(config(namespace))
    with pytest.raises(Refused):
        cluster.delete("ConfigMap", namespace, "one", uid="", resource_version="")


def test_a_replacement_leaves_the_status(cluster: Cluster, namespace: str) -> None:
    made = cluster.create({**deployment(namespace), "status": {"readyReplicas": 7}})
    assert made.get("status", {}).get("readyReplicas") is None


def test_a_deletion_takes_exactly_what_it_was_decided_on(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(config(namespace))
    other = "00000000-0000-4000-8000-999999999999"
    version = made["metadata"]["resourceVersion"]
    with pytest.raises(Conflict, match="UID in the precondition"):
        cluster.delete("ConfigMap", namespace, "one", uid=other, resource_version=version)
    newer = cluster.replace({**made, "data": {"n": "2"}})
    with pytest.raises(Conflict, match="ResourceVersion in the precondition"):
        cluster.delete("ConfigMap", namespace, "one", **of(made))
    cluster.delete("ConfigMap", namespace, "one", **of(newer))
    with pytest.raises(NotFound):
        cluster.delete("ConfigMap", namespace, "one", **of(newer))


def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str) -> None:
    assert cluster.create(route(namespace), dry_run=True)["spec"] == route(namespace)["spec"]
    with pytest.raises(NotFound):
        cluster.get("VirtualService", namespace, "reviews")
    made = cluster.create(route(namespace))
    wanted = deepcopy(made)
    wanted["spec"]["hosts"] = ["ratings"]
    assert cluster.replace(wanted, dry_run=True)["spec"]["hosts"] == ["ratings"]
    assert cluster.get("VirtualService", namespace, "reviews") == made


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("", ["a", "b", "c"]),
        ("app=reviews", ["a", "b"]),
        ("app=reviews,version!=v1", ["b"]),
        ("version in (v1,v2)", ["a", "b"]),
        ("version notin (v1)", ["b", "c"]),
        ("version", ["a", "b"]),
        ("!version", ["c"]),
        ("app=nothing", []),
    ],
)
def test_a_list_obeys_a_label_selector(
    cluster: Cluster, namespace: str, selector: str, names: list[str]
) -> None:
    cluster.create(config(namespace, "a", app="reviews", version="v1"))
    cluster.create(config(namespace, "b", app="reviews", version="v2"))
    cluster.create(config(namespace, "c", app="ratings"))
    found = [item for item in cluster.list("ConfigMap", namespace, selector) if "data" in item]
    assert [item["metadata"]["name"] for item in found if "n" in item["data"]] == names


def test_items_of_a_list_are_as_each_would_be_given(cluster: Cluster, namespace: str) -> None:
    cluster.create(config(namespace))
    cluster.create(route(namespace))
    (config_map,) = cluster.list("ConfigMap", namespace, "app!=x,!kube")[-1:]
    assert config_map == cluster.get("ConfigMap", namespace, config_map["metadata"]["name"])
    assert cluster.list("VirtualService", namespace) == [cluster.get("VirtualService", namespace, "reviews")]


def test_an_empty_namespace_lists_all(cluster: Cluster, namespace: str) -> None:
    cluster.create(route(namespace))
    found = cluster.list("VirtualService", "")
    assert namespace in {item["metadata"]["namespace"] for item in found}


def test_a_selector_that_cannot_be_read_is_refused(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(Refused):
        cluster.list("ConfigMap", namespace, "a==b==c")


def test_it_says_which_kinds_it_serves(cluster: Cluster) -> None:
    assert cluster.serves("Deployment")
    assert cluster.serves("Pod")
    assert cluster.serves("VirtualService")


def test_a_name_that_is_none_is_refused(cluster: Cluster, namespace: str) -> None:
    for name in ("..", "a/b", "", "a?b", "Ä"):
        with pytest.raises((Refused, NotFound)):
            cluster.get("ConfigMap", namespace, name)


def test_a_kind_that_is_not_used_here_is_refused(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(Refused, match="Cow"):
        cluster.get("Cow", namespace, "berta")
    with pytest.raises(Refused):
        cluster.create({"metadata": {"name": "x", "namespace": namespace}})


def test_a_pod_that_is_not_there_has_no_logs(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound):
        cluster.logs(namespace, "reviews-v1-0", lines=10)
