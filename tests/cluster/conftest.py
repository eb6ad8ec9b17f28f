from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.answering import TIMEOUT, Server, kubeconfig

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from grayrelease.cluster.kubernetes import Kubernetes


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Kubernetes:
    from grayrelease.cluster.kubernetes import Kubernetes

    return Kubernetes.connected(str(kubeconfig(tmp_path, server.url)), TIMEOUT)
