"""A cluster with a node and no mesh."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster_fixture import Cluster
from tests.sandbox.node.kubectl import Kubectl, node


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    with Cluster(tmp_path_factory.mktemp("node")) as cluster:
        cluster.supervisor.start(node(cluster))
        made = Kubectl(cluster)
        made.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        # The first one waits for the code to be loaded.
        made.deploy("first", "grayrelease/echo:v1")
        made.pod("first", lambda pod: pod.get("status", {}).get("phase") == "Running")
        yield made
