"""The status of a Deployment: counts and conditions, as the deployment controller writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from grayrelease.sandbox.controllers.objects import Object, condition
from grayrelease.sandbox.controllers.rollout import counted, max_unavailable, replicas

AVAILABLE = {
    True: ("MinimumReplicasAvailable", "Deployment has minimum availability."),
    False: ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
}


def stamp(moment: datetime) -> str:
    """Write a time as the API does, in whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_stamp(text: str) -> datetime:
    """Read a time of the API."""
    return datetime.fromisoformat(text)


def put_condition(
    conditions: list[Object],
    name: str,
    state: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    anew: bool = False,
) -> list[Object]:
    """Replace a condition; one with the same status and reason stays as it is, unless `anew`."""
    old = next((each for each in conditions if each["type"] == name), None)
    if old and not anew and (old["status"], old["reason"]) == (state, reason):
        return conditions
    changed = stamp(now)
    since = old["lastTransitionTime"] if old and old["status"] == state else changed
    new = {
        "type": name,
        "status": state,
        "lastUpdateTime": changed,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return [*(each for each in conditions if each["type"] != name), new]


def counts(deployment: Object, sets: Sequence[Object], newest: Object | None, now: datetime) -> Object:
    """Sum the ReplicaSets up: a status without what is zero, and with the condition Available."""
    ready, at_hand = _sum(sets, "readyReplicas"), _sum(sets, "availableReplicas")
    status: Object = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": counted(newest, "replicas") if newest else 0,
        "readyReplicas": ready,
        "availableReplicas": at_hand,
        "unavailableReplicas": max(0, sum(replicas(each) for each in sets) - at_hand),
    }
    status = {name: value for name, value in status.items() if value}
    status["terminatingReplicas"] = _sum(sets, "terminatingReplicas")
    old = deployment.get("status") or {}
    if "collisionCount" in old:
        status["collisionCount"] = old["collisionCount"]
    enough = at_hand >= replicas(deployment) - max_unavailable(deployment)
    reason, message = AVAILABLE[enough]
    state = "True" if enough else "False"
    status["conditions"] = put_condition(
        old.get("conditions") or [], "Available", state, reason, message, now
    )
    return status


def progress(deployment: Object, status: Object, newest: Object | None, now: datetime) -> Object:
    """Add what the condition Progressing says of a status: arrived, on its way, or out of time."""
    if not has_deadline(deployment):
        others = [each for each in status["conditions"] if each["type"] != "Progressing"]
        return {**status, "conditions": others}
    found = condition(deployment, "Progressing")
    arrived = found is not None and found["reason"] == "NewReplicaSetAvailable"
    if arrived and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return status
    what = f'ReplicaSet "{newest["metadata"]["name"]}"' if newest else f'Deployment "{_name(deployment)}"'
    said = _said(deployment, status, found, what, now)
    if said is None:
        return status
    state, reason, message = said
    anew = reason == "ReplicaSetUpdated"
    conditions = put_condition(status["conditions"], "Progressing", state, reason, message, now, anew=anew)
    return {**status, "conditions": conditions}


def has_deadline(deployment: Object) -> bool:
    """Tell whether the Deployment wants its progress watched."""
    return bool(deployment["spec"].get("progressDeadlineSeconds", 600) != 2**31 - 1)


def is_complete(deployment: Object, status: Object) -> bool:
    """Tell whether all replicas are of the newest template, available, and no other is left."""
    wanted = replicas(deployment)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == wanted for name in names)


def _said(
    deployment: Object, status: Object, found: Object | None, what: str, now: datetime
) -> tuple[str, str, str] | None:
    if is_complete(deployment, status):
        return "True", "NewReplicaSetAvailable", f"{what} has successfully progressed."
    if _advanced(deployment.get("status") or {}, status):
        return "True", "ReplicaSetUpdated", f"{what} is progressing."
    if _out_of_time(deployment, found, now):
        return "False", "ProgressDeadlineExceeded", f"{what} has timed out progressing."
    return None


def _advanced(old: Object, new: Object) -> bool:
    def waiting(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return waiting(new) < waiting(old) or any(new.get(name, 0) > old.get(name, 0) for name in names)


def _out_of_time(deployment: Object, found: Object | None, now: datetime) -> bool:
    if found is None or found["reason"] == "NewReplicaSetAvailable":
        return False
    if found["reason"] == "ProgressDeadlineExceeded":
        return True
    deadline = timedelta(seconds=deployment["spec"].get("progressDeadlineSeconds", 600))
    return read_stamp(found["lastUpdateTime"]) + deadline < now


def _sum(sets: Sequence[Object], name: str) -> int:
    return sum(counted(each, name) for each in sets)


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])
