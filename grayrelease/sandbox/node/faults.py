"""What the node agent breaks on purpose: containers that crash, pods that never become ready."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.fault.faults import Fault, Faults

Object = dict[str, Any]
NAMES = frozenset({"crash", "unready"})


def befalling(faults: Faults, name: str, pod: Object, image: str) -> Fault | None:
    """Find a fault that befalls a container: it names its pod, its pod's deployment, or its image."""
    return next((each for each in faults.named(name) if is_meant(each.of, pod, image)), None)


def is_meant(of: str, pod: Object, image: str) -> bool:
    """Tell whether a name is that of a pod, of the deployment whose pod it is, or of an image."""
    name: str = pod["metadata"]["name"]
    return of in (name, image, name.rpartition("-")[0].rpartition("-")[0])
