"""What a run saw, as pages show it: `Target.observed`, at most 16 kB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grayrelease.domain import marks, pods
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import ReleaseIntent, Seen, TargetIntent

MOST_PODS = 20
"""Pods of a version that are shown one by one; `more` counts the rest."""


def observed(intent: TargetIntent, seen: Seen) -> dict[str, Any]:
    """Describe the versions that the live releases name.

    {"versions": {"v1": {"workload", "image", "replicas": wanted or null (no such workload),
    "ready": pods that are endpoints, "more": pods not listed here,
    "pods": [{"name", "ready", "leaving", "reason", "message", "since"}]}}}
    Shares are in `Target.memory["exposed"]`.
    """
    workloads = dict(_workloads(intent.releases))
    endpoints = pods.read_endpoints(intent.service, seen.slices, seen.pods)
    versions = {
        version: {
            **_workload(workload, seen.deployments),
            "ready": len(endpoints.ready.get(version, ())),
            **_pods([pod for pod in seen.pods if _is_of(pod, version, workload)]),
        }
        for version, workload in workloads.items()
    }
    return {"versions": versions}


def _workloads(releases: Iterable[ReleaseIntent]) -> Iterable[tuple[str, str]]:
    for release in releases:
        for named in (release.plan.stable, release.plan.candidate):
            yield named.version, named.workload


def _workload(name: str, deployments: Iterable[Manifest]) -> dict[str, Any]:
    found = next((each for each in deployments if marks.name(each) == name), None)
    if found is None:
        return {"workload": name, "image": "", "replicas": None}
    containers = found["spec"]["template"]["spec"]["containers"]
    return {"workload": name, "image": containers[0]["image"], "replicas": found["spec"].get("replicas", 1)}


def _is_of(pod: Manifest, version: str, workload: str) -> bool:
    return pods.version_of(pod) == version and marks.name(pod).startswith(f"{workload}-")


def _pods(found: list[Manifest]) -> dict[str, Any]:
    shown = sorted(found, key=marks.name)[:MOST_PODS]
    return {"pods": [_pod(pod) for pod in shown], "more": len(found) - len(shown)}


def _pod(pod: Manifest) -> dict[str, Any]:
    ready = pods.is_ready(pod)
    trouble = None if ready else pods.trouble(pod)
    return {
        "name": marks.name(pod),
        "ready": ready,
        "leaving": pods.leaving(pod),
        "reason": trouble.reason if trouble else "",
        "message": trouble.message if trouble else "",
        "since": pod["metadata"].get("creationTimestamp", ""),
    }
