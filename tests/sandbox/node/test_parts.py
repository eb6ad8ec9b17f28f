from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.node import images, logs
from grayrelease.sandbox.node.addresses import Addresses, claim_network
from grayrelease.sandbox.node.environment import field
from grayrelease.sandbox.node.injection import wants_sidecar
from grayrelease.sandbox.node.status import ContainerState, phase, pod_status, running, terminated, waiting


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("kubesphere/examples-bookinfo-reviews-v1:1.16.2", ["reviews", "v1"]),
        ("kubesphere/example-bookinfo-reviews-v3:1.16.2", ["reviews", "v3"]),
        ("istio/examples-bookinfo-productpage-v1", ["productpage", "v1"]),
        ("docker.io/istio/examples-bookinfo-details-v1@sha256:abc", ["details", "v1"]),
        ("grayrelease/echo:v2", ["echo", "v2"]),
        ("kubesphere/example-bookinfo-reviews-v4:1", None),
        ("kubesphere/example-bookinfo-ratings-v2:1", None),
        ("nginx:1.27", None),
    ],
)
def test_it_knows_bookinfo_and_the_echo(image: str, expected: list[str] | None) -> None:
    assert images.program(image) == expected


def test_an_unknown_image_is_refused_in_the_words_of_containerd() -> None:
    text = images.refusal("kubesphere/nope")
    assert text.startswith(
        'failed to pull and unpack image "docker.io/kubesphere/nope:latest": failed to resolve'
    )
    assert images.full_name("nginx") == "docker.io/library/nginx:latest"
    assert images.full_name("registry.local:5000/a/b:1") == "registry.local:5000/a/b:1"


def test_an_address_is_given_once_and_not_again_soon() -> None:
    addresses = Addresses("127.9.0.0/29")
    first, second = addresses.take(), addresses.take()
    assert (first, second) == ("127.9.0.1", "127.9.0.2")
    addresses.give_back(first)
    assert addresses.take() == "127.9.0.3"
    assert addresses.take("127.9.0.6") == "127.9.0.6"
    assert addresses.take("127.9.0.6") == "127.9.0.4"
    assert addresses.take("10.0.0.1") == "127.9.0.5"
    assert addresses.take() == first
    with pytest.raises(RuntimeError):
        addresses.take()


def test_a_folder_gets_its_own_loopback_network_unless_another_has_it(tmp_path: Path) -> None:
    network, claim = claim_network(tmp_path)
    other, second = claim_network(tmp_path)
    claim.close()
    again, third = claim_network(tmp_path)
    second.close()
    third.close()
    assert network == again != other
    assert network.startswith("127.")
    assert not network.startswith("127.0.")


@pytest.mark.parametrize(
    ("labels", "annotations", "namespace", "expected"),
    [
        ({}, {}, {}, False),
        ({}, {"sidecar.istio.io/inject": "true"}, {}, True),
        ({"sidecar.istio.io/inject": "true"}, {}, {}, True),
        ({}, {}, {"istio-injection": "enabled"}, True),
        ({"sidecar.istio.io/inject": "false"}, {}, {"istio-injection": "enabled"}, False),
    ],
)
def test_a_sidecar_comes_as_pod_or_namespace_ask(
    labels: dict[str, str], annotations: dict[str, str], namespace: dict[str, str], expected: bool
) -> None:
    pod = {"metadata": {"labels": labels, "annotations": annotations}}
    assert wants_sidecar(pod, namespace) is expected


def state(**parts: Any) -> ContainerState:
    return ContainerState("reviews", "reviews:v1", **parts)


@pytest.mark.parametrize(
    ("container", "policy", "expected"),
    [
        (state(), "Always", "Pending"),
        (state(state=waiting("ImagePullBackOff")), "Always", "Pending"),
        (state(state=running()), "Always", "Running"),
        (state(state=waiting("CrashLoopBackOff"), last=terminated(1, "", "")), "Always", "Running"),
        (state(state=terminated(0, "", "")), "Never", "Succeeded"),
        (state(state=terminated(-9, "", "")), "Never", "Failed"),
        (state(state=terminated(1, "", "")), "OnFailure", "Running"),
    ],
)
def test_the_phase_follows_the_containers(container: ContainerState, policy: str, expected: str) -> None:
    assert phase([container], policy) == expected


def test_a_status_names_what_is_not_ready_and_keeps_times_that_did_not_change() -> None:
    first = pod_status({}, [state(state=running())], "127.9.0.1", "Always")
    ready = {each["type"]: each for each in first["conditions"]}["Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [reviews]"
    long_ago = [{**each, "lastTransitionTime": "2026-01-01T00:00:00Z"} for each in first["conditions"]]
    later = pod_status(
        {"status": {**first, "conditions": [*long_ago, {"type": "Own", "status": "True"}]}},
        [state(state=running(), ready=True)],
        "127.9.0.1",
        "Always",
    )
    times = {each["type"]: each.get("lastTransitionTime") for each in later["conditions"]}
    assert times["PodScheduled"] == "2026-01-01T00:00:00Z"
    assert times["Ready"] != "2026-01-01T00:00:00Z"
    assert "Own" in times


def test_fields_of_a_pod_can_be_in_its_environment() -> None:
    pod = {"metadata": {"name": "p", "labels": {"version": "v2"}}, "spec": {"nodeName": "sandbox"}}
    paths = ["metadata.name", "metadata.labels['version']", "spec.nodeName", "status.podIP", "spec.none"]
    assert [field(pod, path, "127.9.0.1") for path in paths] == ["p", "v2", "sandbox", "127.9.0.1", ""]


def test_the_last_lines_of_a_log_are_found(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    path.write_text("".join(f"line {number}\n" for number in range(50_000)))
    assert logs.tail(path, 2)[0] == b"line 49998\nline 49999\n"
    assert logs.tail(path, 0)[0] == b""
    assert len(logs.tail(path, None)[0]) == path.stat().st_size
