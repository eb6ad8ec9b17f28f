"""The cluster as routing sees it: one index, made anew from the objects at each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from grayrelease.sandbox.mesh.translate import gateway_api
from grayrelease.sandbox.mesh.translate.objects import Object, Objects, oldest_first
from grayrelease.sandbox.mesh.translate.rules import Rule, effective
from grayrelease.sandbox.mesh.translate.services import Service, services
from grayrelease.sandbox.mesh.translate.virtual_services import effective as effective_virtual_services
from grayrelease.sandbox.mesh.translate.workloads import (
    Endpoint,
    EndpointKey,
    PodKey,
    Workload,
    endpoints,
    workloads,
)


@dataclass(frozen=True)
class Settings:
    """What holds for the whole mesh: attempts after the first where a route does not say."""

    retries: int = 2


@dataclass(frozen=True)
class Registry:
    """Services, pods and rules of a cluster, and the names of Envoy's clusters for them."""

    objects: Objects
    settings: Settings

    @cached_property
    def services(self) -> dict[str, Service]:
        """Services by full name, oldest first."""
        return services(self.objects.services, self.objects.service_entries)

    @cached_property
    def aliases(self) -> dict[str, list[Service]]:
        """Services that only stand for another, by its full name."""
        found: dict[str, list[Service]] = {}
        for service in self.services.values():
            if service.alias:
                found.setdefault(service.alias, []).append(service)
        return found

    @cached_property
    def workloads(self) -> dict[PodKey, Workload]:
        """Running pods, oldest first."""
        return workloads(self.objects.pods, self.services.values())

    @cached_property
    def endpoints(self) -> dict[EndpointKey, list[Endpoint]]:
        """Ready endpoints by service and port name."""
        return endpoints(self.objects.slices, self.workloads)

    @cached_property
    def virtual_services(self) -> Sequence[Object]:
        """VirtualServices as they count, HTTPRoutes among them, oldest first."""
        return effective_virtual_services(self.objects)

    @cached_property
    def gateways(self) -> Sequence[Object]:
        """Gateways, those of the Gateway API among them, oldest first."""
        return oldest_first([*self.objects.gateways, *gateway_api.gateways(self.objects)])

    @cached_property
    def ports(self) -> list[int]:
        """All ports that some service has."""
        return sorted({port.number for service in self.services.values() for port in service.ports})

    @cached_property
    def _rules(self) -> dict[tuple[str, str], Rule]:
        return {}

    def rule(self, service: Service, caller_namespace: str) -> Rule:
        """Give the DestinationRule that callers of a namespace obey for a service."""
        key = service.fqdn, caller_namespace
        if key not in self._rules:
            self._rules[key] = effective(self.objects.destination_rules, service, caller_namespace)
        return self._rules[key]

    def cluster_name(self, host: str, subset: str, port: int, caller_namespace: str) -> str:
        """Name Envoy's cluster of a destination.

        Callers that obey another DestinationRule than the service's own namespace get clusters of their
        own, since several pods share one Envoy here.
        """
        name = f"outbound|{port}|{subset}|{host}"
        return name + self._view(host, caller_namespace)

    def views(self, service: Service, caller_namespaces: Iterable[str]) -> Mapping[str, Rule]:
        """Give the different rules that callers obey for a service, by the ends of cluster names."""
        return {
            self._view(service.fqdn, namespace): self.rule(service, namespace)
            for namespace in (service.namespace, *caller_namespaces)
        }

    def _view(self, host: str, caller_namespace: str) -> str:
        service = self.services.get(host)
        if service is None:
            return ""
        own = self.rule(service, service.namespace)
        same = self.rule(service, caller_namespace).sources == own.sources
        return "" if same else f"|{caller_namespace}"
