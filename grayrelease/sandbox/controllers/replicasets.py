"""What the replicaset controller writes next: ReplicaSet → Pods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from grayrelease.sandbox.controllers.objects import (
    Note,
    Object,
    Step,
    Write,
    changed,
    condition,
    controller_of,
    is_deleting,
    is_true,
    labels_of,
    matches,
    owned_by,
    reference_to,
    with_status,
)
from grayrelease.sandbox.controllers.rollout import replicas
from grayrelease.sandbox.controllers.status import read_stamp

AT_ONCE = 500


def plan(item: Object, pods: Sequence[Object], now: datetime) -> list[Step]:
    """Give the next writes for a ReplicaSet; `pods` are those of its namespace."""
    mine = [pod for pod in pods if owned_by(pod, item)]
    live = [pod for pod in mine if not is_deleting(pod) and not _is_over(pod)]
    leaving = sum(is_deleting(pod) and not _is_over(pod) for pod in mine)
    steps: list[Step] = []
    if not is_deleting(item):
        steps = _adopt(item, pods) or _manage(item, live)
    return steps + with_status(item, _status(item, live, leaving, now))


def _adopt(item: Object, pods: Sequence[Object]) -> list[Step]:
    steps: list[Step] = []
    for pod in pods:
        free = controller_of(pod) is None and not is_deleting(pod) and not _is_over(pod)
        if free and matches(item["spec"]["selector"], labels_of(pod)):
            mine = changed(pod)
            mine["metadata"].setdefault("ownerReferences", []).append(reference_to(item))
            steps.append(Write("replace", mine))
    return steps


def _manage(item: Object, live: Sequence[Object]) -> list[Step]:
    missing = replicas(item) - len(live)
    if missing >= 0:
        return _create(item, min(missing, AT_ONCE))
    steps: list[Step] = []
    for pod in sorted(live, key=_worth)[:-missing]:
        steps.append(Write("delete", pod))
        steps.append(Note(item, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}"))
    return steps


def _create(item: Object, number: int) -> list[Step]:
    steps: list[Step] = []
    for _ in range(number):
        steps.append(Write("create", _pod(item)))
        steps.append(Note(item, "SuccessfulCreate", "Created pod: {made}"))
    return steps


def _pod(item: Object) -> Object:
    template = item["spec"]["template"]
    metadata = template.get("metadata") or {}
    made: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{item['metadata']['name']}-",
            "namespace": item["metadata"]["namespace"],
            "labels": dict(metadata.get("labels") or {}),
            "ownerReferences": [reference_to(item)],
        },
        "spec": changed(template["spec"]),
    }
    if metadata.get("annotations"):
        made["metadata"]["annotations"] = dict(metadata["annotations"])
    return made


def _worth(pod: Object) -> tuple[bool, bool, bool, list[int], list[int]]:
    # What goes first: unbound, not running, not ready, ready for a shorter time, younger.
    ready = condition(pod, "Ready") or {}
    return (
        bool(pod["spec"].get("nodeName")),
        (pod.get("status") or {}).get("phase") == "Running",
        is_true(pod, "Ready"),
        _latest_first(ready.get("lastTransitionTime")),
        _latest_first(pod["metadata"].get("creationTimestamp")),
    )


def _latest_first(time: str | None) -> list[int]:
    return [-ord(letter) for letter in time or ""]


def _status(item: Object, live: Sequence[Object], leaving: int, now: datetime) -> Object:
    labels = item["spec"]["template"].get("metadata", {}).get("labels") or {}
    labelled = sum(labels.items() <= labels_of(pod).items() for pod in live)
    ready = [pod for pod in live if is_true(pod, "Ready")]
    at_hand = sum(_is_available(pod, item["spec"].get("minReadySeconds") or 0, now) for pod in ready)
    some = {"fullyLabeledReplicas": labelled, "readyReplicas": len(ready), "availableReplicas": at_hand}
    return {
        "replicas": len(live),
        **{name: value for name, value in some.items() if value},
        "terminatingReplicas": leaving,
        "observedGeneration": item["metadata"]["generation"],
    }


def _is_available(pod: Object, seconds: int, now: datetime) -> bool:
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime")
    return not seconds or bool(since and read_stamp(since) + timedelta(seconds=seconds) <= now)


def _is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
