"""What a workload's pods read and write besides requests: ConfigMaps, Secrets, claims of volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grayrelease.domain.plan import Manifest

_OF_ENV = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_OF_ALL = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


def sources(deployment: Manifest) -> list[str]:
    """Return what a Deployment's pods name, as Kind/name, each once, sorted."""
    pod = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]
    found = {source for container in containers for source in _of_container(container)}
    return sorted(found | {source for volume in pod.get("volumes") or [] for source in _of_volume(volume)})


def _of_container(container: dict[str, Any]) -> Iterator[str]:
    for variable in container.get("env") or []:
        yield from _named(variable.get("valueFrom") or {}, _OF_ENV)
    for whole in container.get("envFrom") or []:
        yield from _named(whole, _OF_ALL)


def _named(held: dict[str, Any], kinds: dict[str, str]) -> Iterator[str]:
    for field, kind in kinds.items():
        if name := (held.get(field) or {}).get("name"):
            yield f"{kind}/{name}"


def _of_volume(volume: dict[str, Any]) -> Iterator[str]:
    if name := (volume.get("configMap") or {}).get("name"):
        yield f"ConfigMap/{name}"
    if name := (volume.get("secret") or {}).get("secretName"):
        yield f"Secret/{name}"
    if name := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
        yield f"PersistentVolumeClaim/{name}"
    for each in (volume.get("projected") or {}).get("sources") or []:
        yield from _named(each, {"configMap": "ConfigMap", "secret": "Secret"})
