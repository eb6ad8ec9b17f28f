"""What the Service itself is, and its ports."""

from __future__ import annotations

from collections.abc import Iterator

from grayrelease.domain.ports import is_declared, protocol, speaks_http
from grayrelease.domain.preflight.scene import Scene

Facts = dict[str, "str | int"]


def missing(scene: Scene) -> Iterator[Facts]:
    if scene.service is None:
        yield {"service": scene.name}


def only_a_name(scene: Scene) -> Iterator[Facts]:
    if scene.spec.get("type") == "ExternalName":
        yield {"service": scene.name, "host": str(scene.spec.get("externalName", ""))}


def headless(scene: Scene) -> Iterator[Facts]:
    if scene.spec.get("clusterIP") == "None":
        yield {"service": scene.name}


def selects_nothing(scene: Scene) -> Iterator[Facts]:
    if not scene.selector:
        yield {"service": scene.name}


def selects_a_version(scene: Scene) -> Iterator[Facts]:
    if "version" in scene.selector:
        yield {"service": scene.name, "version": scene.selector["version"]}


def stays_on_the_node(scene: Scene) -> Iterator[Facts]:
    """An endpoint on the caller's own node alone answers: there may be none of the version chosen."""
    if scene.spec.get("internalTrafficPolicy") == "Local":
        yield {"service": scene.name}


def open_to_outside(scene: Scene) -> Iterator[Facts]:
    """What comes in by the node's port never meets a caller's proxy, and is spread over all pods."""
    kind = str(scene.spec.get("type", ""))
    if kind in ("NodePort", "LoadBalancer"):
        yield {"service": scene.name, "type": kind}


def datagrams(scene: Scene) -> Iterator[Facts]:
    for port in scene.ports:
        if port.get("protocol", "TCP") != "TCP":
            yield {"service": scene.name, "port": str(port.get("port", "")), "protocol": port["protocol"]}


def undeclared(scene: Scene) -> Iterator[Facts]:
    """Ports of which Istio would have to guess the protocol, by each connection's first bytes."""
    for port in scene.ports:
        if not is_declared(port):
            yield {"port": str(port.get("port", "")), "service": scene.name}


def encrypted(scene: Scene) -> Iterator[Facts]:
    """Ports whose callers encrypt by themselves: proxies see no requests, and route by the name asked for."""
    for port in scene.ports:
        if protocol(port) in ("https", "tls"):
            yield {"port": str(port.get("port", "")), "service": scene.name}


def no_requests(scene: Scene) -> Iterator[Facts]:
    """A Service of TCP ports alone: connections can be shared out, and nothing in them looked at."""
    if scene.ports and not any(map(speaks_http, scene.ports)):
        yield {"service": scene.name}


def some_requests(scene: Scene) -> Iterator[Facts]:
    """TCP ports beside HTTP ones: an audience is found on the latter alone."""
    tcp = [str(port.get("port", "")) for port in scene.ports if not speaks_http(port)]
    if tcp and len(tcp) < len(scene.ports):
        yield {"ports": ", ".join(tcp)}
