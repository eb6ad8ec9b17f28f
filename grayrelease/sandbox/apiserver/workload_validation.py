"""What the server refuses in Deployments, ReplicaSets and Pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grayrelease.sandbox.apiserver import errors, names
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, copied

NOT_NEGATIVE = "must be greater than or equal to 0"
PULL_POLICIES = ["Always", "IfNotPresent", "Never"]
POD_WORDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _negative(spec: Object, names_of: tuple[str, ...], path: str) -> Iterator[Cause]:
    for name in names_of:
        if spec.get(name, 0) < 0:
            yield errors.invalid_value(f"{path}.{name}", spec[name], NOT_NEGATIVE)


def _matches(selector: Object, labels: Object) -> bool:
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(each, labels) for each in expressions
    )


def _expression(expression: Object, labels: Object) -> bool:
    has = expression["key"] in labels
    within = labels.get(expression["key"]) in (expression.get("values") or ())
    operator = str(expression.get("operator"))
    return {"In": within, "NotIn": not within, "Exists": has, "DoesNotExist": not has}.get(operator, False)


def _selector_and_template(spec: Object) -> Iterator[Cause]:
    selector = spec.get("selector")
    empty = not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))
    if selector is None:
        yield errors.required("spec.selector")
    elif empty:
        yield errors.invalid_value("spec.selector", selector, "empty selector is invalid for deployment")
    labels = spec["template"].get("metadata", {}).get("labels")
    if selector is None or not _matches(selector, labels or {}):
        why = "`selector` does not match template `labels`"
        yield errors.invalid_value("spec.template.metadata.labels", labels, why)
    yield from pod_spec(spec["template"].get("spec", {}), "spec.template.spec")
    policy = spec["template"].get("spec", {}).get("restartPolicy")
    if policy != "Always":
        yield errors.not_supported("spec.template.spec.restartPolicy", policy, ["Always"])


def deployment(item: Object) -> Iterator[Cause]:
    """What is wrong with a Deployment."""
    spec = item["spec"]
    yield from _negative(spec, ("replicas", "minReadySeconds", "revisionHistoryLimit"), "spec")
    yield from _selector_and_template(spec)
    yield from _strategy(spec.get("strategy", {}))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        why = "must be greater than minReadySeconds"
        yield errors.invalid_value("spec.progressDeadlineSeconds", deadline, why)


def _strategy(strategy: Object) -> Iterator[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in ("Recreate", "RollingUpdate"):
        yield errors.not_supported("spec.strategy.type", kind, ["Recreate", "RollingUpdate"])
    elif kind == "Recreate" and rolling is not None:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield errors.forbidden("spec.strategy.rollingUpdate", why)
    elif (
        rolling is not None and _is_zero(rolling.get("maxSurge")) and _is_zero(rolling.get("maxUnavailable"))
    ):
        why = "may not be 0 when `maxSurge` is 0"
        path = "spec.strategy.rollingUpdate.maxUnavailable"
        yield errors.invalid_value(path, rolling.get("maxUnavailable"), why)


def _is_zero(value: Any) -> bool:
    return value in (0, "0%", "0")


def replica_set(item: Object) -> Iterator[Cause]:
    """What is wrong with a ReplicaSet."""
    yield from _negative(item["spec"], ("replicas", "minReadySeconds"), "spec")
    yield from _selector_and_template(item["spec"])


def selector_update(new: Object, old: Object) -> Iterator[Cause]:
    """A selector never changes."""
    if new["spec"].get("selector") != old["spec"].get("selector"):
        yield errors.invalid_value("spec.selector", new["spec"].get("selector"), "field is immutable")


def deployment_status(item: Object) -> Iterator[Cause]:
    """What is wrong with the counts of a Deployment."""
    status = item.get("status", {})
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    yield from _negative(status, counts, "status")
    for name in ("updatedReplicas", "readyReplicas", "availableReplicas"):
        if status.get(name, 0) > status.get("replicas", 0):
            why = "cannot be greater than status.replicas"
            yield errors.invalid_value(f"status.{name}", status.get(name, 0), why)


def pod(item: Object) -> Iterator[Cause]:
    """What is wrong with a Pod."""
    yield from pod_spec(item["spec"], "spec")


def pod_spec(spec: Object, path: str) -> Iterator[Cause]:
    """What is wrong with a pod's spec, in a pod or in a template."""
    if not spec.get("containers"):
        yield errors.required(f"{path}.containers")
    seen: set[str] = set()
    for key in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(key, ())):
            yield from _container(container, f"{path}.{key}[{index}]", seen)


def _container(container: Object, path: str, seen: set[str]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield errors.required(f"{path}.name")
    else:
        yield from (
            errors.invalid_value(f"{path}.name", name, problem) for problem in names.label_problems(name)
        )
        if name in seen:
            yield errors.duplicate(f"{path}.name", name)
        seen.add(name)
    if not container.get("image"):
        yield errors.required(f"{path}.image")
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        yield errors.not_supported(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    for index, port in enumerate(container.get("ports", ())):
        number = port.get("containerPort")
        if number is None:
            yield errors.required(f"{path}.ports[{index}].containerPort")
        elif not 1 <= number <= 65535:
            why = "must be between 1 and 65535, inclusive"
            yield errors.invalid_value(f"{path}.ports[{index}].containerPort", number, why)


def pod_update(new: Object, old: Object) -> Iterator[Cause]:
    """Of a pod's spec only images and few other fields may change."""
    if _fixed_part(new["spec"]) != _fixed_part(old["spec"]):
        yield errors.forbidden("spec", POD_WORDS)


def _fixed_part(spec: Object) -> Object:
    fixed: Object = copied(spec)
    for key in ("activeDeadlineSeconds", "tolerations"):
        fixed.pop(key, None)
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for container in fixed.get(key, ()):
            container.pop("image", None)
    return fixed
