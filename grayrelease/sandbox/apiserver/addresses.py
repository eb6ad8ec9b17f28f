"""Addresses and ports that Services are given."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from typing import Any

from grayrelease.sandbox.apiserver import errors
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.place import Place

NETWORK = ipaddress.ip_network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)


def allocate(item: Object, live: Object | None, services: Iterable[Object], place: Place) -> None:
    """Give a Service its clusterIP and node ports, in place; what it had before it keeps."""
    spec = item["spec"]
    before = live["spec"] if live else {}
    others = [each["spec"] for each in services if each is not live]
    if spec["type"] == "ExternalName":
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
        return
    _cluster_ip(spec, before, others, place, item)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _node_ports(spec, before, others, place, item)
    else:
        for port in spec.get("ports", ()):
            port.pop("nodePort", None)


def _cluster_ip(spec: Object, before: Object, others: list[Object], place: Place, item: Object) -> None:
    if not spec.get("clusterIP"):
        spec["clusterIP"] = before.get("clusterIP") or _free_address(others)
        spec["clusterIPs"] = [spec["clusterIP"]]
        return
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    address = spec["clusterIP"]
    if before or address == "None":
        return
    problem = _problem(address, others)
    if problem:
        why = f"failed to allocate IP {address}: {problem}"
        cause = errors.invalid_value("spec.clusterIPs", spec["clusterIPs"], why)
        raise place.invalid([cause], item["metadata"]["name"])


def _problem(address: str, others: list[Object]) -> str:
    try:
        inside = ipaddress.ip_address(address) in NETWORK
    except ValueError:
        inside = False
    if not inside:
        return "the provided network does not match the current range"
    taken = any(other.get("clusterIP") == address for other in others)
    return "provided IP is already allocated" if taken else ""


def _free_address(others: list[Object]) -> str:
    taken = {other.get("clusterIP") for other in others}
    while True:
        address = str(NETWORK[secrets.randbelow(NETWORK.num_addresses - 2) + 1])
        if address not in taken:
            return address


def _node_ports(spec: Object, before: Object, others: list[Object], place: Place, item: Object) -> None:
    taken: set[Any] = {port.get("nodePort") for other in others for port in other.get("ports", ())}
    had = {port.get("port"): port.get("nodePort") for port in before.get("ports", ())}
    for index, port in enumerate(spec.get("ports", ())):
        wanted = port.get("nodePort")
        if wanted and wanted not in NODE_PORTS:
            valid = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            why = f"provided port is not in the valid range. The range of valid ports is {valid}"
            cause = errors.invalid_value(f"spec.ports[{index}].nodePort", wanted, why)
            raise place.invalid([cause], item["metadata"]["name"])
        if not wanted:
            port["nodePort"] = had.get(port.get("port")) or _free_port(taken)
        taken.add(port["nodePort"])


def _free_port(taken: set[Any]) -> int:
    while True:
        port = secrets.choice(NODE_PORTS)
        if port not in taken:
            return port
