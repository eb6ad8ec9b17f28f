"""Tables, as kubectl asks for them: columns and cells of every type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from grayrelease.sandbox.apiserver.objects import Object, parse_time
from grayrelease.sandbox.apiserver.place import Place

NONE = "<none>"
UNKNOWN = "<unknown>"


@dataclass(frozen=True)
class Column:
    """A column; `wide` ones are shown with -o wide only."""

    name: str
    cell: Callable[[Object], Any]
    wide: bool = False
    type: str = "string"
    format: str = ""

    def definition(self) -> Object:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": "",
            "priority": int(self.wide),
        }


def age(text: str | None) -> str:
    """How long ago a moment was, as kubectl writes it: `5s`, `3m12s`, `4h`, `6d`."""
    if not text:
        return UNKNOWN
    seconds = max(0, int((datetime.now(UTC) - parse_time(text)).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    return f"{days}d"


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def _age(item: Object) -> str:
    return age(item["metadata"].get("creationTimestamp"))


def _at(path: str, default: Any = NONE) -> Callable[[Object], Any]:
    def cell(item: Object) -> Any:
        found = at_path(item, path)
        return default if found in (None, "") else found

    return cell


def at_path(item: Any, path: str) -> Any:
    """Follow a simple JSONPath (`.spec.hosts`, `.status.conditions[?(@.type=="Ready")].status`)."""
    for name, kind, value, index in re.findall(
        r'\.?([\w-]+)|\[\?\(@\.([\w-]+)\s*==\s*"([^"]*)"\)\]|\[(\d+)\]', path
    ):
        if name:
            item = item.get(name) if isinstance(item, dict) else None
        elif not isinstance(item, list):
            return None
        elif kind:
            item = next((each for each in item if each.get(kind) == value), None)
        else:
            item = item[int(index)] if int(index) < len(item) else None
    return item


def _labels(path: str) -> Callable[[Object], str]:
    def cell(item: Object) -> str:
        labels = at_path(item, path) or {}
        return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or NONE

    return cell


def _containers(path: str, key: str) -> Callable[[Object], str]:
    return lambda item: ",".join(each.get(key, "") for each in at_path(item, path) or ())


def _pod_ready(pod: Object) -> str:
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return f"{sum(bool(each.get('ready')) for each in statuses)}/{len(pod['spec'].get('containers', ()))}"


def _pod_status(pod: Object) -> str:
    status = pod.get("status", {})
    reason = str(status.get("reason") or status.get("phase", UNKNOWN))
    for container in status.get("containerStatuses", ()):
        state = container.get("state", {})
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        reason = waiting.get("reason") or ended.get("reason") or reason
    return "Terminating" if "deletionTimestamp" in pod["metadata"] else reason


def _pod_restarts(pod: Object) -> str:
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return str(sum(each.get("restartCount", 0) for each in statuses))


def _deployment_ready(item: Object) -> str:
    return f"{item.get('status', {}).get('readyReplicas', 0)}/{item['spec'].get('replicas', 0)}"


def _service_ports(item: Object) -> str:
    ports = []
    for port in item["spec"].get("ports", ()):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port['port']}{node}/{port['protocol']}")
    return ",".join(ports) or NONE


def _external_ip(item: Object) -> str:
    spec = item["spec"]
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", NONE))
    if spec["type"] == "LoadBalancer":
        ingress = item.get("status", {}).get("loadBalancer", {}).get("ingress", ())
        return ",".join(each.get("ip") or each.get("hostname", "") for each in ingress) or "<pending>"
    return ",".join(spec.get("externalIPs", ())) or NONE


def _node_status(item: Object) -> str:
    ready = at_path(item, '.status.conditions[?(@.type=="Ready")].status')
    text = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return f"{text},SchedulingDisabled" if item["spec"].get("unschedulable") else text


def _slice_ports(item: Object) -> str:
    return ",".join(str(port.get("port", "*")) for port in item.get("ports") or ()) or "<unset>"


def _slice_endpoints(item: Object) -> str:
    found = [address for each in item.get("endpoints") or () for address in each.get("addresses", ())]
    shown = ",".join(found[:3])
    return f"{shown} + {len(found) - 3} more..." if len(found) > 3 else shown or "<unset>"


def _event_seen(item: Object) -> str:
    return age(item.get("lastTimestamp") or item.get("eventTime") or item.get("firstTimestamp"))


def _event_object(item: Object) -> str:
    about = item.get("involvedObject") or item.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def _event_message(item: Object) -> str:
    return str(item.get("message") or item.get("note") or "").strip()


def _data_count(item: Object) -> int:
    return len(item.get("data") or {}) + len(item.get("binaryData") or {})


NAME = Column("Name", _name, format="name")
AGE = Column("Age", _age)
TEMPLATE = ".spec.template.spec.containers"
WORKLOAD = (
    Column("Containers", _containers(TEMPLATE, "name"), wide=True),
    Column("Images", _containers(TEMPLATE, "image"), wide=True),
    Column("Selector", _labels(".spec.selector.matchLabels"), wide=True),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        NAME,
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _pod_restarts),
        AGE,
        Column("IP", _at(".status.podIP"), wide=True),
        Column("Node", _at(".spec.nodeName"), wide=True),
        Column("Nominated Node", _at(".status.nominatedNodeName"), wide=True),
        Column("Readiness Gates", lambda item: NONE, wide=True),
    ),
    "Deployment": (
        NAME,
        Column("Ready", _deployment_ready),
        Column("Up-to-date", _at(".status.updatedReplicas", 0)),
        Column("Available", _at(".status.availableReplicas", 0)),
        AGE,
        *WORKLOAD,
    ),
    "ReplicaSet": (
        NAME,
        Column("Desired", _at(".spec.replicas", 0), type="integer"),
        Column("Current", _at(".status.replicas", 0), type="integer"),
        Column("Ready", _at(".status.readyReplicas", 0), type="integer"),
        AGE,
        *WORKLOAD,
    ),
    "Service": (
        NAME,
        Column("Type", _at(".spec.type")),
        Column("Cluster-IP", _at(".spec.clusterIP")),
        Column("External-IP", _external_ip),
        Column("Port(s)", _service_ports),
        AGE,
        Column("Selector", _labels(".spec.selector"), wide=True),
    ),
    "ConfigMap": (NAME, Column("Data", _data_count), AGE),
    "Secret": (NAME, Column("Type", _at(".type")), Column("Data", _data_count), AGE),
    "Namespace": (NAME, Column("Status", _at(".status.phase")), AGE),
    "Node": (
        NAME,
        Column("Status", _node_status),
        Column("Roles", lambda item: NONE),
        AGE,
        Column("Version", _at(".status.nodeInfo.kubeletVersion")),
    ),
    "EndpointSlice": (
        NAME,
        Column("AddressType", _at(".addressType")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _slice_endpoints),
        AGE,
    ),
    "Lease": (NAME, Column("Holder", _at(".spec.holderIdentity", "")), AGE),
    "Event": (
        Column("Last Seen", _event_seen),
        Column("Type", _at(".type", "")),
        Column("Reason", _at(".reason", "")),
        Column("Object", _event_object),
        Column("Message", _event_message),
        Column("Name", _name, wide=True, format="name"),
    ),
    "CustomResourceDefinition": (NAME, Column("Created At", _at(".metadata.creationTimestamp"), type="date")),
}


def columns(place: Place) -> tuple[Column, ...]:
    """The columns of a type as served at a place."""
    if not place.resource.custom:
        return COLUMNS.get(place.kind, (NAME, AGE))
    declared = place.resource.definition_version(place.version).get("additionalPrinterColumns")
    if not declared:
        return NAME, Column("Age", _age, type="date")
    return NAME, *(_declared(each) for each in declared)


def _declared(column: Object) -> Column:
    def cell(item: Object) -> Any:
        found = at_path(item, column["jsonPath"])
        if found is None:
            return None
        if column["type"] == "date":
            return age(found)
        if isinstance(found, dict | list):
            return json.dumps(found, separators=(",", ":"))
        return str(found) if column["type"] == "string" else found

    wide = column.get("priority", 0) > 0
    return Column(column["name"], cell, wide, column["type"], column.get("format", ""))


def cells(item: Object, place: Place) -> list[Any]:
    """The cells of one object."""
    return [column.cell(item) for column in columns(place)]
