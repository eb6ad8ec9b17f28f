"""The status of a pod, as kubelet writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def stamp() -> str:
    """Give the time now as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ContainerState:
    """What is known of a container; `state` and `last` are as in containerStatuses."""

    name: str
    image: str
    state: Object = field(default_factory=lambda: waiting("ContainerCreating"))
    last: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    image_id: str = ""
    container_id: str = ""

    @property
    def is_running(self) -> bool:
        """Tell whether a process is there."""
        return "running" in self.state

    @property
    def has_run(self) -> bool:
        """Tell whether there ever was one."""
        return self.is_running or bool(self.last) or "terminated" in self.state

    def written(self) -> Object:
        """Give the entry of containerStatuses."""
        shown: Object = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image_id,
            "started": self.is_running,
        }
        return shown | ({"containerID": self.container_id} if self.container_id else {})


def waiting(reason: str, message: str = "") -> Object:
    """Make the state of a container that waits."""
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def running() -> Object:
    """Make the state of a container that runs since now."""
    return {"running": {"startedAt": stamp()}}


def terminated(code: int, since: str, container_id: str) -> Object:
    """Make the state of a container that ended; a code below 0 is the signal's number."""
    return {
        "terminated": {
            "exitCode": code if code >= 0 else 128 - code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": since,
            "finishedAt": stamp(),
            "containerID": container_id,
        }
    }


def pod_status(pod: Object, containers: Sequence[ContainerState], address: str, policy: str) -> Object:
    """Give the status of a pod from its containers' states; conditions keep their time while unchanged."""
    old = pod.get("status") or {}
    unready = [each.name for each in containers if not each.ready]
    held = "True" if not unready else "False"
    blame = {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{' '.join(unready)}]",
    }
    said = {name: {"status": "True"} for name in OURS}
    for name in ("Ready", "ContainersReady"):
        said[name] = {"status": held} | (blame if unready else {})
    return {
        "phase": phase(containers, policy),
        "conditions": _conditions(old.get("conditions") or [], said),
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": old.get("startTime") or stamp(),
        "containerStatuses": [each.written() for each in containers],
    }


def phase(containers: Sequence[ContainerState], policy: str) -> str:
    """Tell the phase of a pod: containers that will be started again keep it Running."""
    if any(not each.has_run for each in containers):
        return "Pending"
    ends = [each.state["terminated"]["exitCode"] for each in containers if "terminated" in each.state]
    if len(ends) == len(containers) and not any(restarts(policy, code) for code in ends):
        return "Failed" if any(ends) else "Succeeded"
    return "Running"


def restarts(policy: str, code: int) -> bool:
    """Tell whether a container that ended with a code is started again."""
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _conditions(old: Sequence[Object], said: dict[str, Object]) -> list[Object]:
    before = {each["type"]: each for each in old}
    made = []
    for name, parts in said.items():
        same = name in before and before[name]["status"] == parts["status"]
        since = before[name].get("lastTransitionTime") if same else None
        made.append({"type": name, "lastProbeTime": None, "lastTransitionTime": since or stamp(), **parts})
    return made + [each for name, each in before.items() if name not in said]
