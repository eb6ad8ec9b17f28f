from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.answering import TIMEOUT, Server, kubeconfig
from tests.cluster.contract import of

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from grayrelease.cluster.interface import Cluster
    from grayrelease.cluster.kubernetes import Kubernetes

PATIENT = (1.0, 3.0)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Kubernetes:
    from grayrelease.cluster.kubernetes import Kubernetes

    return Kubernetes.connected(str(kubeconfig(tmp_path, server.url)), TIMEOUT)


@pytest.fixture(
    params=[
        "memory",
        pytest.param("sandbox", marks=pytest.mark.processes),
        pytest.param("real", marks=pytest.mark.processes),
    ]
)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each cluster that keeps the contract: the double, the sandbox's, and a real one if there is one."""
    from grayrelease.cluster.kubernetes import Kubernetes
    from grayrelease.cluster.memory import Memory

    if request.param == "memory":
        return Memory()
    if request.param == "sandbox":
        return Kubernetes.connected(str(request.getfixturevalue("sandbox_api").kubeconfig), PATIENT)
    if "KUBECONFIG_REAL" not in os.environ:
        pytest.skip("KUBECONFIG_REAL names no real cluster")
    return Kubernetes.connected(os.environ["KUBECONFIG_REAL"], PATIENT)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"contract-{secrets.token_hex(4)}"
    made = cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    made = cluster.get("Namespace", "", name)
    cluster.delete("Namespace", "", name, **of(made))
