"""Recorded cases of Istio's routing, made whole enough for the mesh to translate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grayrelease.sandbox.mesh.translate.objects import Objects
from grayrelease.sandbox.mesh.translate.registry import Registry, Settings
from grayrelease.sandbox.mesh.translate.routes import Caller
from grayrelease.sandbox.mesh.translate.tables import VirtualHost, gateway_hosts, sidecar_hosts

JSON = dict[str, Any]
KINDS = {
    "Service": "services",
    "Pod": "pods",
    "VirtualService": "virtual_services",
    "DestinationRule": "destination_rules",
    "Gateway": "gateways",
}
NOT_YET = {
    "delegate": "delegation",
    "delegate-conflict": "delegation",
    "delegate-missing": "delegation",
}
"""Cases that the mesh does not obey yet; this list may only shrink."""


@dataclass(frozen=True)
class Case:
    name: str
    objects: list[JSON]
    caller: Caller
    requests: list[JSON]

    @property
    def ports(self) -> list[int]:
        return sorted({request["port"] for request in self.requests})

    def registry(self) -> Registry:
        found: dict[str, list[JSON]] = {field: [] for field in KINDS.values()}
        for item in self.objects:
            found[KINDS[item["kind"]]].append(item)
        pods = found["pods"] or list(_pods(found["services"], found["destination_rules"]))
        for number, pod in enumerate(pods):
            pod["status"] = {"phase": "Running", "podIP": f"127.9.0.{number + 1}"}
        slices = [_slice(service, pods) for service in found["services"]]
        return Registry(Objects(**{**found, "pods": pods, "slices": slices}), Settings())

    def hosts(self, registry: Registry, port: int) -> list[VirtualHost]:
        listed = gateway_hosts if self.caller.gateway else sidecar_hosts
        return listed(registry, self.caller, port)


def load(folder: Path) -> list[Case]:
    """Read the cases about VirtualServices."""
    read = (json.loads(path.read_text()) for path in sorted((folder / "istio-routing/cases").glob("*.json")))
    cases = [_case(data) for data in read]
    known = [case for case in cases if all(item["kind"] in KINDS for item in case.objects)]
    return [case for case in known if not any(_of_gateway_api(item) for item in case.objects)]


def _case(data: JSON) -> Case:
    caller = data["caller"]
    who = Caller(caller["namespace"], caller["labels"], gateway=caller["kind"] == "gateway")
    return Case(data["name"], data["objects"], who, data["requests"])


def _of_gateway_api(item: JSON) -> bool:
    return bool(item["apiVersion"].startswith("gateway.networking.k8s.io"))


def _pods(services: list[JSON], rules: list[JSON]) -> Iterator[JSON]:
    """Give each subset of each service one pod."""
    subsets = [subset.get("labels") or {} for rule in rules for subset in rule["spec"].get("subsets") or []]
    for service in services:
        for number, labels in enumerate(subsets or [{}]):
            metadata = {
                "name": f"{service['metadata']['name']}-{number}",
                "namespace": service["metadata"]["namespace"],
                "labels": {**(service["spec"].get("selector") or {}), **labels},
            }
            yield {"metadata": metadata}


def _slice(service: JSON, pods: list[JSON]) -> JSON:
    metadata, selector = service["metadata"], service["spec"].get("selector") or {}
    mine = [pod for pod in pods if pod["metadata"]["namespace"] == metadata["namespace"]]
    chosen = [pod for pod in mine if selector.items() <= pod["metadata"].get("labels", {}).items()]
    ports = [{"name": port.get("name", ""), "port": port["port"]} for port in service["spec"]["ports"]]
    return {
        "metadata": {
            "name": f"{metadata['name']}-x",
            "namespace": metadata["namespace"],
            "labels": {"kubernetes.io/service-name": metadata["name"]},
        },
        "ports": ports,
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True},
                "targetRef": {"name": pod["metadata"]["name"]},
            }
            for pod in chosen
        ],
    }
