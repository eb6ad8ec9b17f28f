"""Reading pods and EndpointSlices: which version, ready or not and why, and who is an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grayrelease.domain.marks import labels, name
from grayrelease.domain.plan import Manifest

LONGEST_MESSAGE = 300
OF_SERVICE = "kubernetes.io/service-name"
"""The label by which an EndpointSlice names its Service."""


@dataclass(frozen=True)
class Trouble:
    """Why a pod isn't ready, in kubelet's or the scheduler's own words."""

    pod: str
    reason: str
    message: str


@dataclass(frozen=True)
class Endpoints:
    """A Service's pods by version: those that get requests, and all that a slice names.

    The version "" holds pods that a slice names and that are not (or no longer) known.
    """

    ready: Mapping[str, frozenset[str]]
    named: Mapping[str, frozenset[str]]

    def versions(self) -> frozenset[str]:
        """Return the versions that the slices name."""
        return frozenset(version for version, pods in self.named.items() if pods)


def version_of(pod: Manifest) -> str:
    """Return a pod's version; "" if it has no such label."""
    return labels(pod).get("version", "")


def condition(manifest: Manifest, kind: str) -> Mapping[str, str]:
    """Return a status condition; empty if there is none of that type."""
    conditions = manifest.get("status", {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def leaving(pod: Manifest) -> bool:
    """Tell if the pod is being deleted."""
    return bool(pod.get("metadata", {}).get("deletionTimestamp"))


def is_ready(pod: Manifest) -> bool:
    """Tell if the pod is ready to be sent requests and stays."""
    return condition(pod, "Ready").get("status") == "True" and not leaving(pod)


def read_endpoints(service: str, slices: Iterable[Manifest], pods: Iterable[Manifest]) -> Endpoints:
    """Group the pods that a Service's EndpointSlices name by version."""
    known = {name(pod): pod for pod in pods}
    ready: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for entry, pod_name in _targets(service, slices):
        pod = known.get(pod_name)
        version = version_of(pod) if pod else ""
        named.setdefault(version, set()).add(pod_name)
        # Absent means ready (the API's own rule); a pod must also say so itself.
        serves = (entry.get("conditions") or {}).get("ready") is not False
        if serves and pod and is_ready(pod):
            ready.setdefault(version, set()).add(pod_name)
    return Endpoints(_frozen(ready), _frozen(named))


def _targets(service: str, slices: Iterable[Manifest]) -> Iterable[tuple[Manifest, str]]:
    for piece in slices:
        if labels(piece).get(OF_SERVICE) != service:
            continue
        for entry in piece.get("endpoints") or []:
            target = entry.get("targetRef") or {}
            if target.get("kind") == "Pod":
                yield entry, str(target.get("name", ""))


def _frozen(groups: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {version: frozenset(pods) for version, pods in groups.items()}


def trouble(pod: Manifest) -> Trouble | None:
    """Return why a pod isn't ready, worst first: a container that can't start, has died, the scheduler."""
    status = pod.get("status", {})
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in containers:
        found = _of_container(name(pod), container)
        if found:
            return found
    for kind in ("PodScheduled", "ContainersReady", "Ready"):
        failed = condition(pod, kind)
        if failed.get("status") == "False" and failed.get("reason"):
            return _trouble(name(pod), failed)
    return None


def _of_container(pod: str, container: Manifest) -> Trouble | None:
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if waiting.get("reason") and waiting["reason"] not in ("ContainerCreating", "PodInitializing"):
        return _trouble(pod, waiting)
    if ended and ended.get("exitCode") != 0:
        return _trouble(pod, {"message": f"exit code {ended.get('exitCode')}", **ended})
    return None


def _trouble(pod: str, why: Mapping[str, object]) -> Trouble:
    return Trouble(pod, str(why.get("reason", "")), str(why.get("message", ""))[:LONGEST_MESSAGE])
