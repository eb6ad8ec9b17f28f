"""Whether a destination exists for a caller and has pods: which DestinationRule counts, and its subsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.answer import PASSTHROUGH
from grayrelease.domain.evaluate.registry import (
    ISTIO,
    ROOT_NAMESPACE,
    Manifest,
    Service,
    World,
    age,
    exported,
    items,
    ref,
    spec,
)
from grayrelease.domain.evaluate.request import Caller

State = Literal["", "NC", "UH"]
"""Nothing, or Envoy's flag: no cluster, no healthy upstream."""

Labels = Mapping[str, str]


@dataclass
class Merged:
    """DestinationRules of one host and namespace that count as one."""

    export_to: frozenset[str]
    selector: Labels | None
    subsets: dict[str, Labels] = field(default_factory=dict)
    members: list[Manifest] = field(default_factory=list)


@dataclass(frozen=True)
class Clusters:
    """The clusters that a caller has."""

    world: World
    caller: Caller

    def state(self, host: str, subset: str, port: int | None) -> State:
        """Return why requests to a destination fail, or nothing."""
        if host == PASSTHROUGH:
            return ""
        service = self.world.seen(host, self.caller.namespace)
        if service is None or port is None or service.ports.get(port, "udp") == "udp":
            return "NC"
        rule = self.rule(service)
        if subset and (rule is None or subset not in rule.subsets):
            return "NC"
        labels = rule.subsets[subset] if rule and subset else {}
        return "" if self._has_pods(service, labels) else "UH"

    def _has_pods(self, service: Service, labels: Labels) -> bool:
        if service.static or not self.world.knows_pods:
            return True
        if not service.selector:
            return False
        wanted = {**service.selector, **labels}
        if any(service.selector.get(key, value) != value for key, value in labels.items()):
            return False
        return any(_labelled(pod, service.ref.namespace, wanted) for pod in self.world.pods)

    def rule(self, service: Service) -> Merged | None:
        """Return the DestinationRules that count for the service; merged, from one namespace only."""
        at = self.caller.namespace
        if at != ROOT_NAMESPACE:
            found = self._nearest(self._local.get(at, {}), service.host)
        else:
            found = self._nearest(self._root_private, service.host)
        if found is not None:
            return self._chosen(found)
        for namespace in (service.ref.namespace, ROOT_NAMESPACE):
            shown = self._shown(self._nearest(self._public.get(namespace, {}), service.host), namespace)
            if shown:
                return self._chosen(shown)
        return None

    def _nearest(self, by_host: Mapping[str, list[Merged]], host: str) -> list[Merged] | None:
        name = names.most_specific(host, by_host)
        return None if name is None else by_host[name]

    def _shown(self, rules: list[Merged] | None, namespace: str) -> list[Merged]:
        at = self.caller.namespace
        return [rule for rule in rules or () if not rule.export_to or {"*", at} & rule.export_to]

    def _chosen(self, rules: list[Merged]) -> Merged | None:
        """Return the one for workloads like the caller, else the last that is for all."""
        for rule in rules:
            if rule.selector is not None and rule.selector.items() <= self.caller.labels.items():
                return rule
        return next((rule for rule in reversed(rules) if rule.selector is None), None)

    @cached_property
    def _rules(self) -> list[Manifest]:
        rules = self.world.of(ISTIO, "DestinationRule")
        return sorted(rules, key=lambda rule: (_selector(rule) is None, age(rule)))

    @cached_property
    def _local(self) -> Mapping[str, Mapping[str, list[Merged]]]:
        """Rules by namespace and host that callers of the same namespace see."""
        return _by_namespace(rule for rule in self._rules if _seen_at_home(rule))

    @cached_property
    def _public(self) -> Mapping[str, Mapping[str, list[Merged]]]:
        return _by_namespace(rule for rule in self._rules if not _private(rule))

    @cached_property
    def _root_private(self) -> Mapping[str, list[Merged]]:
        rules = (r for r in self._rules if ref(r).namespace == ROOT_NAMESPACE and _private(r))
        return _by_namespace(rules).get(ROOT_NAMESPACE, {})


def _labelled(pod: Manifest, namespace: str, wanted: Labels) -> bool:
    labels = (pod.get("metadata") or {}).get("labels") or {}
    return ref(pod).namespace == namespace and wanted.items() <= labels.items()


def _selector(rule: Manifest) -> Labels | None:
    selector = spec(rule).get("workloadSelector")
    return None if selector is None else selector.get("matchLabels") or {}


def _export_to(rule: Manifest) -> frozenset[str]:
    return frozenset(items(spec(rule), "exportTo")) if _selector(rule) is None else frozenset({"."})


def _seen_at_home(rule: Manifest) -> bool:
    home = ref(rule).namespace
    return exported(_export_to(rule), home, home)


def _private(rule: Manifest) -> bool:
    return _export_to(rule) in ({"."}, {ref(rule).namespace})


def _by_namespace(rules: Iterable[Manifest]) -> dict[str, dict[str, list[Merged]]]:
    found: dict[str, dict[str, list[Merged]]] = {}
    for rule in rules:
        namespace = ref(rule).namespace
        host = names.complete(spec(rule).get("host") or "", namespace)
        _merge(found.setdefault(namespace, {}).setdefault(host, []), rule)
    return found


def _merge(existing: list[Merged], rule: Manifest) -> None:
    """Add a rule's subsets to those it merges with; a subset that is there stays as it is."""
    selector, export_to = _selector(rule), _export_to(rule)
    subsets = {each.get("name", ""): each.get("labels") or {} for each in items(spec(rule), "subsets")}
    alone = True
    for merged in existing:
        mergeable = export_to == merged.export_to or (merged.export_to and export_to > merged.export_to)
        if mergeable and merged.selector == selector:
            merged.subsets = {**subsets, **merged.subsets}
            merged.members.append(rule)
            alone = False
    if alone:
        existing.append(Merged(export_to, selector, _first(rule), [rule]))


def _first(rule: Manifest) -> dict[str, Labels]:
    found: dict[str, Any] = {}
    for each in items(spec(rule), "subsets"):
        found.setdefault(each.get("name", ""), each.get("labels") or {})
    return found
