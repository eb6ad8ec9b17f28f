"""What the deployment controller writes next: Deployment → ReplicaSets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from grayrelease.sandbox.controllers.objects import (
    Note,
    Object,
    Step,
    Write,
    changed,
    condition,
    controller_of,
    is_deleting,
    labels_of,
    matches,
    oldest_first,
    owned_by,
    reference_to,
    template_hash,
    with_status,
)
from grayrelease.sandbox.controllers.rollout import (
    Change,
    counted,
    is_rolling,
    marks,
    needs_scaling,
    new_size,
    replicas,
    scale,
    shrink,
)
from grayrelease.sandbox.controllers.status import counts, has_deadline, is_complete, progress, put_condition

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
}


@dataclass(frozen=True)
class Seen:
    """A Deployment with what belongs to it: its ReplicaSets, and the pods of these."""

    deployment: Object
    sets: Sequence[Object]
    pods: Sequence[Object]
    now: datetime

    @property
    def newest(self) -> Object | None:
        """The ReplicaSet of the present template."""
        wanted = _without_hash(self.deployment["spec"]["template"])
        same = [each for each in self.sets if _without_hash(each["spec"]["template"]) == wanted]
        return oldest_first(same)[0] if same else None

    @property
    def old(self) -> list[Object]:
        """The ReplicaSets of earlier templates."""
        newest = self.newest
        return [each for each in self.sets if each is not newest]


def plan(deployment: Object, sets: Sequence[Object], pods: Sequence[Object], now: datetime) -> list[Step]:
    """Give the next writes for a Deployment; `sets` and `pods` are those of its namespace."""
    adopted = [] if is_deleting(deployment) else _adopt(deployment, sets)
    if adopted:
        return adopted
    seen = Seen(deployment, [each for each in sets if owned_by(each, deployment)], pods, now)
    if is_deleting(deployment):
        return _count(seen)
    pausing = _pausing(seen)
    if pausing:
        return pausing
    if deployment["spec"].get("paused") or needs_scaling(deployment, seen.sets):
        return _resize(seen, scale(deployment, seen.newest, seen.old)) + _count(seen)
    return _roll(seen) if is_rolling(deployment) else _recreate(seen)


def _adopt(deployment: Object, sets: Sequence[Object]) -> list[Step]:
    steps: list[Step] = []
    for each in sets:
        free = controller_of(each) is None and not is_deleting(each)
        if free and matches(deployment["spec"]["selector"], labels_of(each)):
            mine = changed(each)
            mine["metadata"].setdefault("ownerReferences", []).append(reference_to(deployment))
            steps.append(Write("replace", mine))
    return steps


def _pausing(seen: Seen) -> list[Step]:
    found = condition(seen.deployment, "Progressing")
    if not has_deadline(seen.deployment) or (found and found["reason"] == "ProgressDeadlineExceeded"):
        return []
    paused = bool(seen.deployment["spec"].get("paused"))
    noted = found is not None and found["reason"] == "DeploymentPaused"
    if paused == noted:
        return []
    word = "Paused" if paused else "Resumed"
    return _say(seen, f"Deployment{word}", f"Deployment is {word.lower()}", state="Unknown")


def _roll(seen: Seen) -> list[Step]:
    newest = seen.newest
    if newest is None:
        return _create(seen)
    steps = _revise(seen, newest)
    if steps:
        return steps
    size = new_size(seen.deployment, seen.sets, newest)
    if size != replicas(newest):
        return _resize(seen, [(newest, size)]) + _report(seen)
    return _resize(seen, shrink(seen.deployment, newest, seen.old)) + _report(seen) + _forget(seen)


def _recreate(seen: Seen) -> list[Step]:
    living = [(each, 0) for each in seen.old if replicas(each)]
    if living:
        return _resize(seen, [(each, 0) for each, _ in living]) + _report(seen)
    if any(_is_running(pod) and owned_by(pod, each) for each in seen.old for pod in seen.pods):
        return _report(seen)
    newest = seen.newest
    if newest is None:
        return _create(seen)
    steps = _revise(seen, newest)
    if steps or replicas(newest) == replicas(seen.deployment):
        return steps or _report(seen) + _forget(seen)
    return _resize(seen, [(newest, replicas(seen.deployment))]) + _report(seen)


def _create(seen: Seen) -> list[Step]:
    made = _new_set(seen)
    name, size = made["metadata"]["name"], replicas(made)
    steps: list[Step] = [
        Write("create", made),
        *_mark(seen.deployment, made["metadata"]["annotations"][REVISION]),
    ]
    if size:
        steps.append(
            Note(seen.deployment, "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {size}")
        )
    if has_deadline(seen.deployment):
        steps += _say(seen, "NewReplicaSetCreated", f'Created new replica set "{name}"')
    last = steps[-1]
    noted = last.item if isinstance(last, Write) and last.verb == "status" else seen.deployment
    return steps + _report(replace(seen, deployment=noted, sets=[*seen.sets, made]))


def _new_set(seen: Seen) -> Object:
    metadata, spec = seen.deployment["metadata"], seen.deployment["spec"]
    digest = template_hash(spec["template"], counted(seen.deployment, "collisionCount"))
    template = changed(spec["template"])
    template["metadata"] = template.get("metadata") or {}
    template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), HASH: digest}
    selector = changed(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
    made: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": {**_inherited(metadata), **marks(seen.deployment), REVISION: str(_next(seen))},
            "ownerReferences": [reference_to(seen.deployment)],
        },
        "spec": {
            "replicas": new_size(seen.deployment, seen.sets, None),
            "selector": selector,
            "template": template,
        },
    }
    if spec.get("minReadySeconds"):
        made["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return made


def _revise(seen: Seen, newest: Object) -> list[Step]:
    notes = newest["metadata"].get("annotations") or {}
    wanted = {**notes, **_inherited(seen.deployment["metadata"])}
    current, next_one = _revision(newest), _next(seen)
    if current < next_one:
        wanted[REVISION] = str(next_one)
        if current:
            wanted[HISTORY] = ",".join([*filter(None, [notes.get(HISTORY)]), str(current)])
    if wanted != notes:
        return [Write("annotate", newest, wanted)]
    steps = _mark(seen.deployment, notes.get(REVISION, ""))
    if condition(seen.deployment, "Progressing") is None and has_deadline(seen.deployment):
        name = newest["metadata"]["name"]
        steps += _say(seen, "FoundNewReplicaSet", f'Found new replica set "{name}"')
    return steps


def _resize(seen: Seen, changes: Sequence[Change]) -> list[Step]:
    steps: list[Step] = []
    for each, size in changes:
        before = replicas(each)
        resized = changed(each)
        resized["spec"]["replicas"] = size
        resized["metadata"].setdefault("annotations", {}).update(marks(seen.deployment))
        if resized == each:
            continue
        steps.append(Write("replace", resized))
        if size != before:
            way = "up" if size > before else "down"
            text = f"Scaled {way} replica set {each['metadata']['name']} from {before} to {size}"
            steps.append(Note(seen.deployment, "ScalingReplicaSet", text))
    return steps


def _count(seen: Seen) -> list[Step]:
    return with_status(seen.deployment, counts(seen.deployment, seen.sets, seen.newest, seen.now))


def _report(seen: Seen) -> list[Step]:
    counted_up = counts(seen.deployment, seen.sets, seen.newest, seen.now)
    return with_status(seen.deployment, progress(seen.deployment, counted_up, seen.newest, seen.now))


def _say(seen: Seen, reason: str, message: str, state: str = "True") -> list[Step]:
    old = seen.deployment.get("status") or {}
    conditions = put_condition(old.get("conditions") or [], "Progressing", state, reason, message, seen.now)
    return with_status(seen.deployment, {**old, "conditions": conditions})


def _mark(deployment: Object, revision: str) -> list[Step]:
    notes = deployment["metadata"].get("annotations") or {}
    return [] if notes.get(REVISION) == revision else [Write("annotate", deployment, {REVISION: revision})]


def _forget(seen: Seen) -> list[Step]:
    limit = seen.deployment["spec"].get("revisionHistoryLimit", 10)
    if not is_complete(seen.deployment, seen.deployment.get("status") or {}):
        return []
    unused = [
        each for each in seen.old if not (replicas(each) or counted(each, "replicas") or is_deleting(each))
    ]
    ordered = sorted(unused, key=_revision)
    return [Write("delete", each) for each in ordered[: max(0, len(ordered) - limit)]]


def _next(seen: Seen) -> int:
    return max((_revision(each) for each in seen.old), default=0) + 1


def _revision(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(REVISION) or 0)


def _inherited(metadata: Object) -> dict[str, str]:
    notes: dict[str, str] = metadata.get("annotations") or {}
    return {name: value for name, value in notes.items() if name not in NOT_COPIED}


def _without_hash(template: Object) -> Object:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    metadata["labels"] = {
        name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH
    }
    return {**template, "metadata": metadata}


def _is_running(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")
