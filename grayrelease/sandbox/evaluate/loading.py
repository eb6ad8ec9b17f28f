"""The configuration of an Envoy that holds the tables of many groups, each port behind its own socket."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grayrelease.sandbox.evaluate.questions import Group
from grayrelease.sandbox.mesh.translate import clusters, listeners
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.mesh.translate.tables import VirtualHost, gateway_hosts, sidecar_hosts

NUMBER = "x-number"
LOGGED = {
    "number": f"%REQ({NUMBER.upper()})%",
    "route": "%ROUTE_NAME%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
}
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


@dataclass
class Loading:
    """What one Envoy is given. `routes` are the mesh's own, by the number that stands for them."""

    folder: Path
    routes: dict[str, Object] = field(default_factory=dict)
    listeners: list[Object] = field(default_factory=list)
    clusters: dict[str, Object] = field(default_factory=dict)

    def add(self, place: int, group: Group) -> None:
        """Add a group's tables."""
        prefix = f"{place}."
        seen = [group.caller.namespace]
        alive = dict(_alive(group, seen)) | {clusters.PASSTHROUGH: True}
        for port in group.ports:
            listed = gateway_hosts if group.caller.gateway else sidecar_hosts
            found = listed(group.registry, group.caller, port)
            hosts = [self._host(prefix, host, alive) for host in found]
            if not group.caller.gateway:
                hosts.append(self._unknown(prefix, alive))
            self.listeners.append(self._listener(self.socket(place, port), hosts, group.caller.gateway))

    def socket(self, place: int, port: int) -> Path:
        """Give where a port of a group listens."""
        return self.folder / f"{place}-{port}"

    @property
    def log(self) -> Path:
        """Give the access log."""
        return self.folder / "access"

    @property
    def upstream(self) -> Path:
        """Give where all clusters lead."""
        return self.folder / "upstream"

    def bootstrap(self) -> Object:
        """Write Envoy's start file."""
        written = {"listeners": self.listeners, "clusters": list(self.clusters.values())}
        return {"static_resources": written}

    def _host(self, prefix: str, host: VirtualHost, alive: dict[str, bool]) -> Object:
        routes = [self._numbered(route, prefix, alive) for route in host.routes]
        written: Object = {"name": host.name, "domains": list(host.names), "routes": routes}
        return written | ({"require_tls": "ALL"} if host.https_only else {})

    def _unknown(self, prefix: str, alive: dict[str, bool]) -> Object:
        route = {"match": {"prefix": "/"}, "route": {"cluster": clusters.PASSTHROUGH, "timeout": "0s"}}
        return {"name": "any", "domains": ["*"], "routes": [self._numbered(route, prefix, alive)]}

    def _numbered(self, route: Object, prefix: str, alive: dict[str, bool]) -> Object:
        name = str(len(self.routes))
        self.routes[name] = route
        own = copy.deepcopy(route) | {"name": name}
        for place in _cluster_places(own):
            key = "name" if "weight" in place else "cluster"
            if place[key] in alive:
                self._add_cluster(prefix + place[key], alive[place[key]])
            place[key] = prefix + place[key]
        return own

    def _add_cluster(self, name: str, alive: bool) -> None:
        end = {"endpoint": {"address": {"pipe": {"path": str(self.upstream)}}}}
        ends = [{"lb_endpoints": [end]}] if alive else []
        assignment = {"cluster_name": name, "endpoints": ends}
        self.clusters[name] = {"name": name, "type": "STATIC", "load_assignment": assignment}

    def _listener(self, socket: Path, hosts: list[Object], gateway: bool) -> Object:
        log = {"path": str(self.log), "log_format": {"json_format": LOGGED}}
        kind = {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"}
        filters = [*listeners.route_filters(), listeners.router()]
        manager = listeners.http("case", filters, [{"name": "file", "typed_config": kind | log}])
        table = {"virtual_hosts": hosts, "validate_clusters": False, "ignore_port_in_host_matching": True}
        manager |= {"route_config": table, "use_remote_address": gateway}
        config = {"@type": f"type.googleapis.com/{MANAGER}", **manager}
        return {
            "name": str(socket),
            "address": {"pipe": {"path": str(socket)}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": config}]}],
        }


def _alive(group: Group, seen: list[str]) -> Iterator[tuple[str, bool]]:
    """Name the clusters that are there, and say which have endpoints."""
    for cluster, assignment in clusters.outbound(group.registry, seen, Path("/none")):
        ends = assignment or cluster["load_assignment"]
        yield cluster["name"], bool(ends["endpoints"])


def _cluster_places(route: Object) -> list[Object]:
    action = route.get("route") or {}
    weighted = (action.get("weighted_clusters") or {}).get("clusters", [])
    single = [action] if "cluster" in action else []
    return [*single, *weighted, *action.get("request_mirror_policies", [])]
