"""The candidate's whole Deployment, made once from stable's when the plan is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from grayrelease.domain.holders import without_keepers
from grayrelease.domain.marks import PREFIX, labels, notes
from grayrelease.domain.plan import Manifest

_OTHERS_MARKS = (
    PREFIX,
    "kubectl.kubernetes.io/",
    "deployment.kubernetes.io/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
)
"""What tools note about stable's Deployment would be untrue of the copy."""


def name_prefix(stable: Manifest, service: str) -> str:
    """Return what a version's workload is called after: the app label, else the Service."""
    return labels(stable).get("app") or service


def make(
    stable: Manifest,
    *,
    service: str,
    version: str,
    image: str,
    replicas: int,
    env: Mapping[str, str | None] | None = None,
    container: str = "",
) -> Manifest:
    """Return the candidate's Deployment: stable's, but for the version, image, replicas and environment.

    `env` sets variables to a text, or takes them away (None), in the container that gets the image: the
    named one, else the first. Raises ValueError if there is no such container.
    """
    metadata = stable["metadata"]
    spec = deepcopy(stable["spec"])
    spec.pop("paused", None)
    spec["replicas"] = replicas
    spec["selector"].setdefault("matchLabels", {})["version"] = version
    _label(spec["template"], version)
    _edit(_container(spec["template"]["spec"], container), image, env or {})
    made: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": f"{name_prefix(stable, service)}-{version}",
            "namespace": metadata["namespace"],
            # With these, a tool that prunes would take the copy for one of its own, and delete it.
            "labels": {**without_keepers(labels(stable)), "version": version},
        },
        "spec": spec,
    }
    kept = _kept(notes(stable))
    if kept:
        made["metadata"]["annotations"] = kept
    return made


def _kept(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in annotations.items() if not key.startswith(_OTHERS_MARKS)}


def _label(template: dict[str, Any], version: str) -> None:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    metadata["labels"] = {**(metadata.get("labels") or {}), "version": version}
    annotations = _kept(metadata.pop("annotations", None) or {})
    template["metadata"] = {**metadata, "annotations": annotations} if annotations else metadata


def _container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    containers: list[dict[str, Any]] = pod.get("containers") or []
    found = next((one for one in containers if name in ("", one.get("name"))), None)
    if found is None:
        raise ValueError(f"there is no container {name}")
    return found


def _edit(container: dict[str, Any], image: str, env: Mapping[str, str | None]) -> None:
    container["image"] = image
    before = container.get("env") or []
    kept = [entry for entry in before if entry["name"] not in env]
    changed = [{"name": name, "value": value} for name, value in env.items() if value is not None]
    container["env"] = _in_order(before, kept + changed)
    if not container["env"]:
        del container["env"]


def _in_order(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # A variable may refer to those above it: what was there keeps its place.
    places = {entry["name"]: place for place, entry in enumerate(before)}
    return sorted(after, key=lambda entry: places.get(entry["name"], len(places)))
