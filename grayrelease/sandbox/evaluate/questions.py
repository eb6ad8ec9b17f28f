"""Questions, made whole enough for the mesh to translate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import (
    Object,
    Objects,
    labels_of,
    name_of,
    namespace_of,
    oldest_first,
    selects,
    spec_of,
)
from grayrelease.sandbox.mesh.translate.registry import Registry, Settings
from grayrelease.sandbox.mesh.translate.routes import Caller

KINDS = {
    ("", "Service"): "services",
    ("", "Pod"): "pods",
    ("", "Namespace"): "namespaces",
    ("discovery.k8s.io", "EndpointSlice"): "slices",
    ("networking.istio.io", "VirtualService"): "virtual_services",
    ("networking.istio.io", "DestinationRule"): "destination_rules",
    ("networking.istio.io", "Gateway"): "gateways",
    ("networking.istio.io", "ServiceEntry"): "service_entries",
    ("gateway.networking.k8s.io", "HTTPRoute"): "http_routes",
    ("gateway.networking.k8s.io", "Gateway"): "api_gateways",
    ("gateway.networking.k8s.io", "ReferenceGrant"): "grants",
}


class BadQuestion(ValueError):
    """A line that cannot be read as a question; the message says why."""


@dataclass
class Group:
    """Questions that share objects and caller, by their places among all."""

    registry: Registry
    caller: Caller
    requests: dict[int, Object] = field(default_factory=dict)

    @property
    def ports(self) -> list[int]:
        """List the ports that are called."""
        return sorted({request["port"] for request in self.requests.values()})


def grouped(lines: Sequence[str]) -> tuple[list[Group], dict[int, str]]:
    """Put neighbours with the same objects and caller together; what cannot be read is told by its place."""
    groups: list[Group] = []
    broken: dict[int, str] = {}
    last: tuple[list[Object], Object] | None = None
    for number, line in enumerate(lines):
        try:
            objects, caller, request = _parsed(line)
            if last != (objects, caller):
                groups.append(Group(registry(objects), _caller(caller)))
                last = objects, caller
            groups[-1].requests[number] = request
        except (BadQuestion, AttributeError, KeyError, TypeError, ValueError) as error:
            broken[number], last = f"{type(error).__name__}: {error}", None
    return groups, broken


def registry(items: Sequence[Object]) -> Registry:
    """Index objects; where no pod is among them each subset of each service gets one."""
    found: dict[str, list[Object]] = {name: [] for name in KINDS.values()}
    for item in items:
        kind = item["apiVersion"].rpartition("/")[0], item["kind"]
        if kind in KINDS:
            found[KINDS[kind]].append(item)
    pods = found["pods"] or list(_pods(found["services"], found["destination_rules"]))
    found["pods"] = [_running(pod, number) for number, pod in enumerate(pods)]
    if not found["slices"]:
        found["slices"] = [_slice(service, found["pods"]) for service in found["services"]]
    return Registry(Objects(**found), Settings())


def _parsed(line: str) -> tuple[list[Object], Object, Object]:
    question = json.loads(line)
    request = question["request"]
    request.setdefault("method", "GET")
    request.setdefault("path", "/")
    request.setdefault("headers", {})
    if not isinstance(request.get("port"), int):
        raise BadQuestion("the request names no port")
    return question["objects"], question["caller"], request


def _caller(caller: Object) -> Caller:
    kind, namespace = caller.get("kind", "sidecar"), caller.get("namespace", "default")
    return Caller(namespace, caller.get("labels") or {}, gateway=kind == "gateway")


def _pods(services: Sequence[Object], rules: Sequence[Object]) -> Iterator[Object]:
    for service in services:
        for number, labels in enumerate(_subset_labels(service, rules) or [{}]):
            yield {
                "metadata": {
                    "name": f"{name_of(service)}-{number}",
                    "namespace": namespace_of(service),
                    "labels": {**(spec_of(service).get("selector") or {}), **labels},
                }
            }


def _subset_labels(service: Object, rules: Sequence[Object]) -> list[Mapping[str, str]]:
    full = hosts.fqdn(name_of(service), namespace_of(service))
    mine = [rule for rule in oldest_first(rules) if _is_for(rule, full)]
    return [subset.get("labels") or {} for rule in mine for subset in spec_of(rule).get("subsets") or []]


def _is_for(rule: Object, host: str) -> bool:
    return hosts.covers(hosts.full(spec_of(rule).get("host", ""), namespace_of(rule)), host)


def _running(pod: Object, number: int) -> Object:
    address = f"127.9.{number // 250}.{number % 250 + 1}"
    status = {"phase": "Running", "podIP": address, **(pod.get("status") or {})}
    return {**pod, "status": status}


def _slice(service: Object, pods: Sequence[Object]) -> Object:
    namespace, selector = namespace_of(service), spec_of(service).get("selector") or {}
    mine = [pod for pod in pods if namespace_of(pod) == namespace and selects(selector, labels_of(pod))]
    labels = {"kubernetes.io/service-name": name_of(service)}
    return {
        "metadata": {"name": f"{name_of(service)}-x", "namespace": namespace, "labels": labels},
        "ports": [
            {"name": port.get("name") or "", "port": port["port"]} for port in spec_of(service)["ports"] or []
        ],
        "endpoints": [
            {"addresses": [pod["status"]["podIP"]], "targetRef": {"name": name_of(pod)}}
            for pod in mine
            if _is_ready(pod)
        ],
    }


def _is_ready(pod: Object) -> bool:
    told = {each.get("type"): each.get("status") for each in pod["status"].get("conditions") or []}
    running: bool = pod["status"]["phase"] == "Running"
    return running and told.get("Ready", "True") == "True"
