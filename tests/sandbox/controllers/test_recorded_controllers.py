"""What our controllers do, compared with what a real kube-controller-manager did."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.controllers.simulation import Cluster

Object = dict[str, Any]

NAMES = [
    "image-rollout",
    "image-rollout-stuck",
    "new-deployment-becomes-ready",
    "new-deployment-never-ready",
    "pause-and-resume",
    "pod-and-deployment-deletion",
    "recreate-strategy",
    "scale-up-and-down",
    "zero-replicas-and-adoption",
]
DEFAULTS = {
    "replicas": 1,
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
}


@pytest.fixture(params=NAMES)
def recording(request: pytest.FixtureRequest, recordings: Path) -> Object:
    path = recordings / "kubernetes-api" / "controllers" / f"{request.param}.json"
    loaded: Object = json.loads(path.read_text())
    return loaded


class Real:
    """The recorded cluster, brought forward entry by entry."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Object] = {}
        self.notes: list[tuple[str, str]] = []

    def take(self, entry: Object) -> None:
        if entry["kind"] == "Event":
            self.notes.append((entry["object"]["reason"], entry["object"]["message"]))
        elif entry["event"] == "ADDED":
            self.items[entry["kind"], entry["object"]["metadata"]["name"]] = copy.deepcopy(entry["object"])
        elif entry["event"] == "DELETED":
            del self.items[entry["kind"], entry["object"]["metadata"]["name"]]
        else:
            self._change(self.items[entry["kind"], entry["name"]], entry["changes"])

    @staticmethod
    def _change(item: Object, changes: Object) -> None:
        for pointer, value in changes.items():
            *parents, last = [part.replace("~1", "/") for part in pointer.split("/")[1:]]
            holder = item
            for part in parents:
                holder = holder.setdefault(part, {})
            if value == "(removed)":
                del holder[last]
            else:
                holder[last] = copy.deepcopy(value)


def plain(cluster: Cluster, text: str) -> str:
    """Name hashes and suffixes by the order of their appearance, as recordings do."""
    for number, name in enumerate(dict.fromkeys(hashes(cluster)), start=1):
        text = text.replace(name, f"<hash:{number}>")
    return re.sub(r"-p\d+\b", "-<suffix>", text)


def hashes(cluster: Cluster) -> list[str]:
    sets = [item for item in cluster.created if item["kind"] == "ReplicaSet"]
    return [item["metadata"]["labels"]["pod-template-hash"] for item in sets]


def picture(item: Object) -> Object:
    """Keep of an object what controllers decide, without times and identities."""
    status = copy.deepcopy(item.get("status") or {})
    conditions = sorted(status.pop("conditions", []), key=lambda each: each["type"])
    said = ("type", "status", "reason", "message")
    return {
        "labels": item["metadata"].get("labels"),
        "annotations": item["metadata"].get("annotations") or {},
        "owned": [each["kind"] for each in item["metadata"].get("ownerReferences") or []],
        "generation": item["metadata"]["generation"],
        "replicas": item["spec"]["replicas"],
        "selector": item["spec"]["selector"],
        "status": status,
        "conditions": [{field: each[field] for field in said} for each in conditions],
    }


def ours(cluster: Cluster) -> Object:
    items = [*cluster.all("Deployment"), *cluster.all("ReplicaSet")]
    drawn = {item["metadata"]["name"]: picture(item) for item in items}
    shown: Object = json.loads(plain(cluster, json.dumps(drawn)))
    return shown | {"pods": len(cluster.all("Pod"))}


def theirs(real: Real) -> Object:
    kept = [(name, item) for (kind, name), item in real.items.items() if kind in ("Deployment", "ReplicaSet")]
    return {name: picture(item) for name, item in kept} | {
        "pods": sum(kind == "Pod" for kind, _ in real.items)
    }


def act(cluster: Cluster, action: Object) -> None:
    """Do in our cluster what was done in the recorded one."""
    body, name = action.get("body") or {}, action["path"].removesuffix("/scale").rsplit("/")[-1]
    cluster.now = cluster.now.replace(second=cluster.now.second + 1)
    if action["method"] == "POST":
        cluster.create({**body, "spec": {**DEFAULTS, **body["spec"]}})
    elif "/pods/" in action["path"]:
        act_on_pod(cluster, action, body)
    elif action["method"] == "DELETE":
        cluster.delete(cluster.one("Deployment", name), body["propagationPolicy"])
    else:
        change_deployment(cluster, name, body["spec"])


def act_on_pod(cluster: Cluster, action: Object, body: Object) -> None:
    number = int(re.search(r"<suffix:(\d+)>", action["path"])[1])  # type: ignore[index]
    pods = [item for item in cluster.created if item["kind"] == "Pod"]
    pod = cluster.one("Pod", pods[number - 1]["metadata"]["name"])
    if action["method"] == "DELETE":
        cluster.delete(pod)
        return
    text = json.dumps(body["status"]).replace("<time>", cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    cluster.change(pod, status=json.loads(text))


def change_deployment(cluster: Cluster, name: str, spec: Object) -> None:
    """Set scalars, and the image of the only container: all that was patched."""
    current = copy.deepcopy(cluster.one("Deployment", name))
    template = spec.pop("template", None)
    if template:
        image = template["spec"]["containers"][0]["image"]
        current["spec"]["template"]["spec"]["containers"][0]["image"] = image
    merged = {**current["spec"], **spec}
    cluster.change(current, spec={field: value for field, value in merged.items() if value is not None})


def progressing(states: list[Object]) -> list[str]:
    """Give the reasons that the condition Progressing went through.

    Whether a new ReplicaSet is noted depends on a race in the real controller, too.
    """
    reasons = [
        each["reason"]
        for state in states
        for each in (state.get("status") or {}).get("conditions") or []
        if state["kind"] == "Deployment"
        and each["type"] == "Progressing"
        and each["reason"] != "NewReplicaSetCreated"
    ]
    return [reason for before, reason in zip(["", *reasons], reasons, strict=False) if reason != before]


def is_at_rest(entry: Object) -> bool:
    # The recorder waited before its other actions, not between pods that it made ready.
    return "action" in entry and not entry["action"]["what"].startswith(("pod made", "delete one pod"))


def check(cluster: Cluster, real: Real) -> None:
    expected = theirs(real)
    if "ProgressDeadlineExceeded" in json.dumps(expected):
        cluster.wait(9)
    assert ours(cluster) == expected


def test_it_does_what_the_real_controllers_did(recording: Object) -> None:
    cluster, real = Cluster(), Real()
    recorded_states: list[Object] = []
    for entry in recording["observed"]:
        if is_at_rest(entry):
            check(cluster, real)
        if "action" in entry:
            act(cluster, entry["action"])
            cluster.settle()
        else:
            real.take(entry)
            recorded_states += copy.deepcopy(
                [item for (kind, _), item in real.items.items() if kind == "Deployment"]
            )
    check(cluster, real)
    said = sorted((reason, re.sub(r"<suffix:\d+>", "<suffix>", text)) for reason, text in real.notes)
    assert sorted((reason, plain(cluster, text)) for reason, text in cluster.notes) == said
    assert progressing(cluster.states) == progressing(recorded_states)
