"""A pod's state in one word, as `kubectl get pods` prints it."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import is_ready, leaving


def _statuses(pod: Manifest, kind: str = "containerStatuses") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (pod.get("status") or {}).get(kind) or []
    return found


def containers(pod: Manifest) -> tuple[int, int]:
    """Return how many of a pod's containers are ready, and how many there are."""
    statuses = _statuses(pod)
    total = len((pod.get("spec") or {}).get("containers") or statuses)
    return sum(1 for status in statuses if status.get("ready")), total


def restarts(pod: Manifest) -> int:
    """Return how often its containers were started again."""
    return sum(int(status.get("restartCount") or 0) for status in _statuses(pod))


def state(pod: Manifest) -> str:
    """Return Terminating, a container's reason (CrashLoopBackOff …), Not ready, or the phase."""
    if leaving(pod):
        return "Terminating"
    starting = [word for status in _statuses(pod, "initContainerStatuses") if (word := _word(status))]
    if starting:
        return f"Init:{starting[0]}"
    words = [word for status in _statuses(pod) if (word := _word(status))]
    phase = str((pod.get("status") or {}).get("phase") or "Pending")
    if words:
        return words[0]
    return "Not ready" if phase == "Running" and not is_ready(pod) else phase


def _word(status: dict[str, Any]) -> str:
    state = status.get("state") or {}
    ended = state.get("terminated") or {}
    if ended and ended.get("exitCode") != 0:
        return str(ended.get("reason") or "Error")
    return str((state.get("waiting") or {}).get("reason") or "")
