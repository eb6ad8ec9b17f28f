"""Applications as pages show them: what people asked for, and what the driver last saw of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from grayrelease.models import Application, Inventory, Project

Entry = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """A Service, its workloads (one per version as a rule) and their pods."""

    entry: Entry
    workloads: list[Entry]
    pods: list[Entry]

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    @property
    def ports(self) -> str:
        return ", ".join(f"{port['name']} {port['port']}".strip() for port in self.entry["ports"])


@dataclass(frozen=True)
class Route:
    """One rule of a VirtualService that takes requests from outside, or from the mesh."""

    entry: Entry
    host: str
    path: str
    to: str
    url: str


@dataclass
class Composed:
    """An application. `row` is None where somebody made it without us."""

    name: str
    row: Application | None = None
    services: list[Service] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)

    @property
    def workloads(self) -> list[Entry]:
        return [workload for service in self.services for workload in service.workloads]

    @property
    def ready(self) -> int:
        return sum(workload["state"] == "ready" for workload in self.workloads)

    @property
    def total(self) -> int:
        return len(self.workloads)

    @property
    def whole(self) -> bool:
        return self.total > 0 and self.ready == self.total

    @property
    def creating(self) -> bool:
        return self.row is not None and self.row.created_in_cluster_at is None

    @property
    def url(self) -> str:
        """Return where people open it; empty where no gateway leads to it."""
        return next((route.url for route in self.routes if route.url), "")

    @property
    def troubles(self) -> list[Entry]:
        return [pod for service in self.services for pod in service.pods if pod["reason"]]


def applications(project: Project, inventory: Inventory | None) -> list[Composed]:
    """Return the project's applications by name, with what was seen of each."""
    data: Entry = inventory.data if inventory else {}
    found = {row.name: Composed(row.name, row) for row in _rows(project)}
    for entry in data.get("services", []):
        if name := entry["application"]:
            found.setdefault(name, Composed(name)).services.append(_service(entry, data))
    for entry in data.get("routes", []):
        if (name := entry["application"]) in found:
            found[name].routes.extend(_routes(entry))
    return [found[name] for name in sorted(found)]


def _rows(project: Project) -> Iterable[Application]:
    return Application.objects.filter(project=project).select_related("created_by").defer("manifests")


def services(inventory: Inventory | None) -> list[Service]:
    """Return all services that were seen, with their workloads and pods."""
    data: Entry = inventory.data if inventory else {}
    return [_service(entry, data) for entry in data.get("services", [])]


def loose(inventory: Inventory | None) -> list[Service]:
    """Return the services that belong to no application."""
    return [each for each in services(inventory) if not each.entry["application"]]


def _service(entry: Entry, data: Entry) -> Service:
    app = entry["selector"].get("app", entry["name"])

    def of(kind: str) -> list[Entry]:
        return [each for each in data.get(kind, []) if each["app"] == app]

    return Service(entry, sorted(of("workloads"), key=lambda each: str(each["version"])), of("pods"))


def _routes(entry: Entry) -> Iterable[Route]:
    outside = [gateway for gateway in entry["gateways"] if gateway != "mesh"]
    for host in entry["hosts"]:
        for rule in entry["rules"]:
            path = (rule["paths"] or ["/"])[0]
            url = address(host, path) if outside else ""
            yield Route(entry, host, ", ".join(rule["paths"]) or "/", _to(rule), url)


def _to(rule: Entry) -> str:
    return ", ".join(_destination(to) for to in rule["to"])


def _destination(to: Entry) -> str:
    port = f":{to['port']}" if to["port"] else ""
    version = f" {to['subset'].removeprefix('gr-')}" if to["subset"] else ""
    weight = f" {to['weight'] / 10:g} %" if to["weight"] is not None else ""
    return f"{to['service']}{port}{version}{weight}"


def address(host: str, path: str) -> str:
    """Return where a browser reaches a gateway's host; empty for a wildcard or where it isn't set."""
    if "*" in host or not settings.INGRESS_URL:
        return ""
    return str(settings.INGRESS_URL).format(host=host).rstrip("/") + (path if path.startswith("/") else "/")
