"""Which pods get a sidecar."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

STATUS = "sidecar.istio.io/status"
INJECT = "sidecar.istio.io/inject"
MARK = json.dumps(
    {
        "initContainers": ["istio-init"],
        "containers": ["istio-proxy"],
        "volumes": [],
        "imagePullSecrets": None,
        "revision": "default",
    }
)


def wants_sidecar(pod: Object, namespace_labels: Mapping[str, str]) -> bool:
    """Tell whether Istio would inject: the pod's label, else its annotation, else its namespace's label."""
    metadata = pod["metadata"]
    for holder in (metadata.get("labels") or {}, metadata.get("annotations") or {}):
        if INJECT in holder:
            return bool(holder[INJECT] == "true")
    return namespace_labels.get("istio-injection") == "enabled" or "istio.io/rev" in namespace_labels


def has_sidecar(pod: Object) -> bool:
    """Tell whether the pod is marked as injected."""
    return STATUS in (pod["metadata"].get("annotations") or {})
