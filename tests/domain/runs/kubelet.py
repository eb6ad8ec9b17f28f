"""Pods as kubelet and the controllers write them: ready after a while, or broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from grayrelease.domain.plan import Manifest
from tests.domain.pair import SETTLE_S

HERE = "demo"


@dataclass(frozen=True)
class Pod:
    """`ready`: since when; None: not yet. `broken`: it never will be."""

    workload: str
    labels: Mapping[str, str]
    born: datetime
    ready: datetime | None = None
    broken: bool = False


def ready(pods: Mapping[str, Pod], version: str, now: datetime) -> int:
    """Return how many pods of a version have been ready for the settle time."""
    since = now - timedelta(seconds=SETTLE_S)
    return sum(
        1 for pod in pods.values() if pod.labels["version"] == version and pod.ready and pod.ready <= since
    )


def manifest(name: str, pod: Pod) -> Manifest:
    says = "True" if pod.ready else "False"
    ready = {"type": "Ready", "status": says, "lastTransitionTime": str(pod.ready or pod.born)}
    containers: list[Manifest] = []
    if pod.broken:
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
        containers = [{"name": "reviews", "ready": False, "state": {"waiting": waiting}}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": HERE, "labels": dict(pod.labels)},
        "status": {"phase": "Running", "conditions": [ready], "containerStatuses": containers},
    }


def endpoints(pods: Mapping[str, Pod]) -> Manifest:
    labels = {"kubernetes.io/service-name": "reviews"}
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": "reviews-slice", "namespace": HERE, "labels": labels},
        "endpoints": [
            {
                "conditions": {"ready": pod.ready is not None},
                "targetRef": {"kind": "Pod", "name": name, "namespace": HERE},
            }
            for name, pod in pods.items()
        ],
    }
