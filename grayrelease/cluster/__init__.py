"""Clusters: `connect` gives the one of that name. Nothing else chooses between the real one and a double."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from grayrelease.cluster.interface import Cluster

if TYPE_CHECKING:
    from grayrelease.cluster.kubernetes import Kubernetes

_double: Cluster | None = None
_clients: dict[tuple[str, str, int], Kubernetes] = {}
_lock = threading.Lock()


def connect(cluster: str = "default") -> Cluster:
    """Return the client of a cluster: one per process, shared by its threads.

    Nothing is sent. One whose credentials were refused is made anew: a file that the kubeconfig names may
    have another token by now. Raises Unreachable where no kubeconfig can be read. The first call of a
    process costs the import of the library (0.5 s), so that pages which never touch a cluster don't pay it.
    """
    if _double is not None:
        return _double
    key = (cluster, settings.KUBECONFIG, _changed(settings.KUBECONFIG))
    with _lock:
        if key not in _clients or _clients[key].refused:
            from grayrelease.cluster.kubernetes import Kubernetes

            _clients.clear()
            _clients[key] = Kubernetes.connected(settings.KUBECONFIG, settings.CLUSTER_TIMEOUT)
        return _clients[key]


@contextmanager
def use(double: Cluster) -> Iterator[Cluster]:
    """Let `connect` give this cluster, in all threads, until the block ends: for tests."""
    global _double
    before, _double = _double, double
    try:
        yield double
    finally:
        _double = before


def _changed(kubeconfig: str) -> int:
    """A new kubeconfig (another port, a new token) means a new client."""
    files = [Path(name) for name in kubeconfig.split(os.pathsep) if name]
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


def _forget_in_child() -> None:
    """A forked worker must not share its parent's connections, nor a lock that a thread held."""
    global _lock
    _clients.clear()
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_in_child)
