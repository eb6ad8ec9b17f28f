"""What the server refuses in built-in objects (422), beyond their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from grayrelease.sandbox.apiserver import errors, names
from grayrelease.sandbox.apiserver.errors import Cause
from grayrelease.sandbox.apiserver.objects import Object, look_up
from grayrelease.sandbox.apiserver.workload_validation import (
    deployment,
    deployment_status,
    pod,
    pod_update,
    replica_set,
    selector_update,
)

Check = Callable[[Object], Iterator[Cause]]
UpdateCheck = Callable[[Object, Object], Iterator[Cause]]

SERVICE_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"]
PROTOCOLS = ["SCTP", "TCP", "UDP"]
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
CONFIG_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
REQUIRED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
IMMUTABLE_SET = "field is immutable when `immutable` is set"


def is_port(value: Any) -> bool:
    return isinstance(value, int) and 1 <= value <= 65535


PORT_WORDS = "must be between 1 and 65535, inclusive"


def _service(item: Object) -> Iterator[Cause]:
    spec = item["spec"]
    ports = spec.get("ports", [])
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield errors.required("spec.ports")
    if spec["type"] not in SERVICE_TYPES:
        yield errors.not_supported("spec.type", spec["type"], SERVICE_TYPES)
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield errors.required("spec.externalName")
    seen_names: set[str] = set()
    for index, port in enumerate(ports):
        yield from _service_port(port, f"spec.ports[{index}]", len(ports) > 1, seen_names)
    yield from _repeated_ports(ports)
    yield from names.labels_problems(spec.get("selector") or {}, "spec.selector")


def _service_port(port: Object, path: str, named: bool, seen: set[str]) -> Iterator[Cause]:
    name = port.get("name", "")
    if not name and named:
        yield errors.required(f"{path}.name")
    elif name:
        yield from (
            errors.invalid_value(f"{path}.name", name, problem) for problem in names.label_problems(name)
        )
        if name in seen:
            yield errors.duplicate(f"{path}.name", name)
        seen.add(name)
    if not is_port(port.get("port")):
        yield errors.invalid_value(f"{path}.port", port.get("port", 0), PORT_WORDS)
    if port["protocol"] not in PROTOCOLS:
        yield errors.not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS)
    target = port.get("targetPort")
    if isinstance(target, int) and not is_port(target):
        yield errors.invalid_value(f"{path}.targetPort", target, PORT_WORDS)


def _repeated_ports(ports: list[Object]) -> Iterator[Cause]:
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port["protocol"], port.get("port"))
        if key in seen:
            told = {"Name": "", "Protocol": key[0], "AppProtocol": None, "Port": key[1]}
            yield errors.duplicate(f"spec.ports[{index}]", {**told, "TargetPort": 0, "NodePort": 0})
        seen.add(key)


def _config_map(item: Object) -> Iterator[Cause]:
    data, binary = item.get("data") or {}, item.get("binaryData") or {}
    for key in [*data, *binary]:
        if not CONFIG_KEY.fullmatch(key):
            yield errors.invalid_value(f"data[{key}]", key, CONFIG_KEY_WORDS)
    for key in data:
        if key in binary:
            yield errors.invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")


def _secret(item: Object) -> Iterator[Cause]:
    data = item.get("data") or {}
    for key in data:
        if not CONFIG_KEY.fullmatch(key):
            yield errors.invalid_value(f"data[{key}]", key, CONFIG_KEY_WORDS)
    for key in REQUIRED_KEYS.get(item.get("type", ""), ()):
        if key not in data:
            yield errors.required(f"data[{key}]")


def _endpoint_slice(item: Object) -> Iterator[Cause]:
    kind = item.get("addressType", "")
    if not kind:
        yield errors.required("addressType")
    elif kind not in ADDRESS_TYPES:
        yield errors.not_supported("addressType", kind, ADDRESS_TYPES)
    for index, endpoint in enumerate(item.get("endpoints") or ()):
        path = f"endpoints[{index}].addresses"
        if not endpoint.get("addresses"):
            yield errors.required(path, "must contain at least 1 address")
        for place, address in enumerate(endpoint.get("addresses") or ()):
            if kind == "IPv4" and not _is_ipv4(address):
                why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                yield errors.invalid_value(f"{path}[{place}]", address, why)


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdecimal() and int(part) < 256 for part in parts)


def _lease(item: Object) -> Iterator[Cause]:
    duration = item["spec"].get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield errors.invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0")
    if (transitions := item["spec"].get("leaseTransitions")) is not None and transitions < 0:
        why = "must be greater than or equal to 0"
        yield errors.invalid_value("spec.leaseTransitions", transitions, why)


def _definition(item: Object) -> Iterator[Cause]:
    spec = item["spec"]
    paths = ("spec.group", "spec.names.plural", "spec.names.kind", "spec.versions")
    missing = [path for path in paths if not look_up(item, path)]
    missing += [
        f"spec.versions[{index}].{key}"
        for index, version in enumerate(spec.get("versions", ()))
        for key in ("name", "schema")
        if not version.get(key)
    ]
    yield from (errors.required(path) for path in missing)
    if missing:
        return
    wanted = f"{spec['names']['plural']}.{spec['group']}"
    if item["metadata"]["name"] != wanted:
        why = 'must be spec.names.plural+"."+spec.group'
        yield errors.invalid_value("metadata.name", item["metadata"]["name"], why)
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        yield errors.not_supported("spec.scope", spec.get("scope", ""), ["Cluster", "Namespaced"])
    if sum(1 for version in spec.get("versions", ()) if version.get("storage")) != 1:
        why = "must have exactly one version marked as storage version"
        yield errors.invalid_value("spec.versions", [each["name"] for each in spec.get("versions", ())], why)


CHECKS: dict[str, Check] = {
    "Service": _service,
    "ConfigMap": _config_map,
    "Secret": _secret,
    "EndpointSlice": _endpoint_slice,
    "Lease": _lease,
    "CustomResourceDefinition": _definition,
    "Deployment": deployment,
    "ReplicaSet": replica_set,
    "Pod": pod,
}


def _service_update(new: Object, old: Object) -> Iterator[Cause]:
    before, after = old["spec"].get("clusterIPs"), new["spec"].get("clusterIPs")
    if before and before != after and new["spec"]["type"] != "ExternalName":
        yield errors.invalid_value("spec.clusterIPs[0]", after, "may not change once set")


def _frozen_data(new: Object, old: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield errors.forbidden("immutable", IMMUTABLE_SET)
    for key in ("data", "binaryData"):
        if (new.get(key) or {}) != (old.get(key) or {}):
            yield errors.forbidden(key, IMMUTABLE_SET)


def _secret_update(new: Object, old: Object) -> Iterator[Cause]:
    if new.get("type") != old.get("type"):
        yield errors.invalid_value("type", new.get("type"), "field is immutable")
    yield from _frozen_data(new, old)


def _slice_update(new: Object, old: Object) -> Iterator[Cause]:
    if new.get("addressType") != old.get("addressType"):
        yield errors.invalid_value("addressType", new.get("addressType"), "field is immutable")


def _definition_update(new: Object, old: Object) -> Iterator[Cause]:
    for path in ("spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"):
        if look_up(new, path) != look_up(old, path):
            yield errors.invalid_value(path, look_up(new, path), "field is immutable")


UPDATE_CHECKS: dict[str, UpdateCheck] = {
    "Service": _service_update,
    "ConfigMap": _frozen_data,
    "Secret": _secret_update,
    "EndpointSlice": _slice_update,
    "Deployment": selector_update,
    "ReplicaSet": selector_update,
    "Pod": pod_update,
    "CustomResourceDefinition": _definition_update,
}

STATUS_CHECKS: dict[str, Check] = {"Deployment": deployment_status}
REPLACED_BY_UPDATE = frozenset({"Pod"})
"""Kinds whose update check says all that is wrong with an update's spec."""


def problems(kind: str, new: Object, old: Object | None) -> list[Cause]:
    """What is wrong with a built-in object, alone and against what it was before."""
    found: list[Cause] = []
    if kind in CHECKS and (old is None or kind not in REPLACED_BY_UPDATE):
        found += CHECKS[kind](new)
    if old is not None and kind in UPDATE_CHECKS:
        found += UPDATE_CHECKS[kind](new, old)
    return found


def status_problems(kind: str, new: Object) -> list[Cause]:
    """What is wrong with a written status."""
    return list(STATUS_CHECKS[kind](new)) if kind in STATUS_CHECKS else []
