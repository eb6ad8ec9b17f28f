"""DestinationRules: which one counts for whom, and the subsets it defines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import (
    ROOT_NAMESPACE,
    Object,
    exported_to,
    exports,
    name_of,
    namespace_of,
    oldest_first,
    spec_of,
)
from grayrelease.sandbox.mesh.translate.services import Service

BALANCERS = {"ROUND_ROBIN": "ROUND_ROBIN", "RANDOM": "RANDOM", "LEAST_REQUEST": "LEAST_REQUEST"}
DEFAULT_BALANCER = "LEAST_REQUEST"


@dataclass(frozen=True)
class Subset:
    """Pods of a service by their labels."""

    labels: Mapping[str, str]
    balancer: str = DEFAULT_BALANCER


@dataclass(frozen=True)
class Rule:
    """What the DestinationRules of one namespace say together about a host."""

    sources: tuple[tuple[str, str], ...] = ()
    balancer: str = DEFAULT_BALANCER
    subsets: Mapping[str, Subset] = field(default_factory=dict)


NO_RULE = Rule()


def effective(rules: Sequence[Object], service: Service, caller_namespace: str) -> Rule:
    """Give the rule that callers of a namespace obey for a service.

    It is the caller's namespace's own, else the service's, else the root namespace's; the first that
    exists is used alone.
    """
    own = [rule for rule in _in(caller_namespace, rules) if exported_to(rule, caller_namespace)]
    if caller_namespace == ROOT_NAMESPACE:
        # Those of the root namespace for everybody are the last resort for its own proxies too.
        own = [rule for rule in own if exports(rule) == {ROOT_NAMESPACE}]
    chosen = _entries(_for_host(own, service.fqdn))
    for namespace in (service.namespace, ROOT_NAMESPACE):
        if not chosen:
            told = [rule for rule in _in(namespace, rules) if exports(rule) != {namespace}]
            entries = _entries(_for_host(told, service.fqdn))
            chosen = [entry for entry in entries if exported_to(entry[0], caller_namespace)]
    return _merged(chosen[-1]) if chosen else NO_RULE


def _in(namespace: str, rules: Sequence[Object]) -> list[Object]:
    return [rule for rule in rules if namespace_of(rule) == namespace]


def _entries(rules: Sequence[Object]) -> list[list[Object]]:
    """Put together the rules for one host, oldest first: one joins those seen by the same or fewer callers.

    The others stay by themselves, and of several entries the last one counts.
    """
    entries: list[list[Object]] = []
    for rule in oldest_first(rules):
        seen, joined = _written_exports(rule), False
        for entry in entries:
            before = _written_exports(entry[0])
            joined = seen == before or bool(before and seen >= before)
            if joined:
                entry.append(rule)
        if not joined:
            entries.append([rule])
    return entries


def _written_exports(rule: Object) -> frozenset[str]:
    return frozenset(spec_of(rule).get("exportTo") or [])


def _for_host(rules: Sequence[Object], host: str) -> list[Object]:
    best = hosts.best_match(host, map(_host, rules))
    return [rule for rule in rules if _host(rule) == best]


def _host(rule: Object) -> str:
    return hosts.full(spec_of(rule).get("host", ""), namespace_of(rule))


def _merged(ordered: Sequence[Object]) -> Rule:
    balancer = next((_balancer(spec_of(rule)) for rule in ordered if spec_of(rule).get("trafficPolicy")), "")
    subsets: dict[str, Subset] = {}
    for rule in ordered:
        for subset in spec_of(rule).get("subsets") or []:
            own = Subset(subset.get("labels") or {}, _balancer(subset) or balancer or DEFAULT_BALANCER)
            subsets.setdefault(subset["name"], own)
    sources = tuple((namespace_of(rule), name_of(rule)) for rule in ordered)
    return Rule(sources, balancer or DEFAULT_BALANCER, subsets)


def _balancer(spec: Object) -> str:
    policy = (spec.get("trafficPolicy") or {}).get("loadBalancer") or {}
    return BALANCERS.get(policy.get("simple", ""), "")
