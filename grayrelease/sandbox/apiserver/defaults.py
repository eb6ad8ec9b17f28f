"""What the server fills in on built-in objects: defaults, and the empty object of each kind.

Each function changes the object it is given, which is never a stored one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grayrelease.sandbox.apiserver.objects import Object, copied

Fill = Callable[[Object], None]

NO_EXECUTE_S = 300


def _probe(probe: Object | None) -> None:
    if probe is None:
        return
    for key, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        probe.setdefault(key, value)
    if (http := probe.get("httpGet")) is not None:
        http.setdefault("path", "/")
        http.setdefault("scheme", "HTTP")


def _pull_policy(image: str) -> str:
    """Always for the tag `latest`, given or meant; else if not present."""
    name = image.rsplit("/", 1)[-1]
    return "Always" if "@" not in name and (":" not in name or name.endswith(":latest")) else "IfNotPresent"


def _container(container: Object) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        _probe(container.get(probe))
    for variable in container.get("env", ()):
        if (reference := (variable.get("valueFrom") or {}).get("fieldRef")) is not None:
            reference.setdefault("apiVersion", "v1")
    _requests(container["resources"])
    for name, quantities in container["resources"].items():
        if name in ("requests", "limits"):
            container["resources"][name] = {
                key: canonical_quantity(value) for key, value in quantities.items()
            }


def _requests(resources: Object) -> None:
    """What is limited and not requested is requested as much as it is limited."""
    for name, value in resources.get("limits", {}).items():
        resources.setdefault("requests", {}).setdefault(name, value)


def canonical_quantity(value: Any) -> str:
    """Write a quantity as Kubernetes stores it: `0.1` is `100m`."""
    text = str(value)
    whole, point, fraction = text.partition(".")
    if point and fraction.isdigit() and len(fraction) <= 3 and (whole or "0").isdigit():
        milli = int((whole or "0") + fraction.ljust(3, "0"))
        return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
    return text


def _volume(volume: Object) -> None:
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if (found := volume.get(source)) is not None:
            found.setdefault("defaultMode", 420)
    if not set(volume) - {"name"}:
        volume["emptyDir"] = {}


def pod_spec(spec: Object) -> None:
    """Fill in a pod's spec, in a pod or in a template."""
    for key in ("initContainers", "containers"):
        for container in spec.get(key, ()):
            _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if (account := spec.get("serviceAccountName")) is not None:
        spec.setdefault("serviceAccount", account)


def _pod(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    if "tolerations" not in spec:
        spec["tolerations"] = [
            {
                "key": f"node.kubernetes.io/{problem}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": NO_EXECUTE_S,
            }
            for problem in ("not-ready", "unreachable")
        ]
    status = pod.setdefault("status", {})
    status.setdefault("phase", "Pending")
    status.setdefault("qosClass", _quality(spec))
    for condition in status.get("conditions", ()):
        condition.setdefault("lastProbeTime", None)
    for container in status.get("containerStatuses", ()):
        for key, value in (
            ("lastState", {}),
            ("imageID", ""),
            ("image", ""),
            ("restartCount", 0),
            ("ready", False),
        ):
            container.setdefault(key, value)


def _quality(spec: Object) -> str:
    resources = [container.get("resources", {}) for container in spec.get("containers", ())]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    full = all(each.get("limits") and each.get("limits") == each.get("requests") for each in resources)
    return (
        "Guaranteed"
        if full and all({"cpu", "memory"} <= set(each["limits"]) for each in resources)
        else "Burstable"
    )


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(item: Object) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    item.setdefault("status", {})


def _replica_set(item: Object) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    item.setdefault("status", {}).setdefault("replicas", 0)


def _service(item: Object) -> None:
    spec = item.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    spec.setdefault("sessionAffinity", "None")
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if kind in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    balancer = item.setdefault("status", {}).setdefault("loadBalancer", {})
    for ingress in balancer.get("ingress", ()):
        if "ip" in ingress:
            ingress.setdefault("ipMode", "VIP")


def _namespace(item: Object) -> None:
    labels = item["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = item["metadata"].get("name", "")
    spec = item.setdefault("spec", {})
    if "deletionTimestamp" not in item["metadata"]:
        spec.setdefault("finalizers", ["kubernetes"])
        item.setdefault("status", {})["phase"] = "Active"


def _secret(item: Object) -> None:
    item.setdefault("type", "Opaque")


def _node(item: Object) -> None:
    item.setdefault("spec", {})
    item.setdefault("status", {})


def _lease(item: Object) -> None:
    item.setdefault("spec", {})


def _endpoint_slice(item: Object) -> None:
    item.setdefault("endpoints", None)
    item.setdefault("ports", None)
    for port in item["ports"] or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    for endpoint in item["endpoints"] or ():
        endpoint.setdefault("conditions", {})


def _core_event(item: Object) -> None:
    item.setdefault("source", {})
    item.setdefault("involvedObject", {})
    for key in ("firstTimestamp", "lastTimestamp", "eventTime"):
        item.setdefault(key, None)
    item.setdefault("reportingComponent", "")
    item.setdefault("reportingInstance", "")


def _autoscaler(item: Object) -> None:
    item.setdefault("spec", {}).setdefault("minReplicas", 1)
    item.setdefault("status", {"desiredReplicas": 0, "currentMetrics": None})


def _ingress(item: Object) -> None:
    item.setdefault("spec", {})
    item.setdefault("status", {}).setdefault("loadBalancer", {})


def _definition(item: Object) -> None:
    spec = item.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if kind := names.get("kind"):
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {}).setdefault("strategy", "None")
    item.setdefault("status", {})


FILLS: dict[str, Fill] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Service": _service,
    "Namespace": _namespace,
    "Secret": _secret,
    "Node": _node,
    "Lease": _lease,
    "EndpointSlice": _endpoint_slice,
    "Event": _core_event,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "CustomResourceDefinition": _definition,
}

_TEMPLATE: Object = {"metadata": {}, "spec": {"containers": None}}
EMPTY: dict[str, Object] = {
    "Pod": {"spec": {"containers": None}, "status": {}},
    "Deployment": {"spec": {"selector": None, "strategy": {}, "template": _TEMPLATE}, "status": {}},
    "ReplicaSet": {"spec": {"selector": None, "template": _TEMPLATE}, "status": {"replicas": 0}},
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "Namespace": {"spec": {}, "status": {}},
    "Node": {"spec": {}, "status": {}},
    "Lease": {"spec": {}},
    "Event": {"involvedObject": {}, "source": {}},
    "Scale": {"spec": {}, "status": {"replicas": 0}},
    "HorizontalPodAutoscaler": {"spec": {"scaleTargetRef": {}}, "status": {}},
    "Ingress": {"spec": {}, "status": {"loadBalancer": {}}},
}
"""What an object without any content has: its members belong to nobody when it is created."""


def fill(kind: str, item: Object) -> None:
    """Fill in the defaults of a built-in object, in place."""
    if (found := FILLS.get(kind)) is not None:
        found(item)


def empty(kind: str, custom: bool) -> Object:
    """The object of a kind before anything was written into it."""
    return {} if custom else copied(EMPTY.get(kind, {}))
