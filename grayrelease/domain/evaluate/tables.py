"""What a proxy has for one port: names, and under each the rules to try in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.answer import Failed, Looked, Ref, Rule
from grayrelease.domain.evaluate.conditions import (
    Condition,
    Match,
    caller_failure,
    catches_all,
    conditions,
    path_text,
)
from grayrelease.domain.evaluate.registry import Service
from grayrelease.domain.evaluate.request import Arrived, Caller
from grayrelease.domain.evaluate.texts import Text


@dataclass(frozen=True)
class Written:
    """One rule of an object, as Istio's http rule, and where it comes from."""

    spec: Mapping[str, Any]
    owner: Ref
    index: int
    delegate: Ref | None = None
    match: int | None = None  # the match it was made of, where rules are cut into one per match


@dataclass(frozen=True)
class Bundle:
    """The rules for some hosts: a VirtualService, or HTTPRoutes joined by the Gateway API's precedence.

    `gateways` has `mesh` for sidecars. `export_to` is resolved: namespaces, or `*`.
    """

    ref: Ref
    created: datetime
    name: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    export_to: frozenset[str]
    rules: tuple[Written, ...]
    gateway_api: bool = False
    streams: tuple[Written, ...] = ()  # TLS and TCP rules, TLS first

    @property
    def age(self) -> tuple[datetime, str, str]:
        return (self.created, self.name, self.ref.namespace)

    def shown_to(self, namespace: str) -> bool:
        return bool(self.export_to & {"*", namespace})


@dataclass(frozen=True)
class Entry:
    """One match of a rule, in a caller's table; `absent` says why it is only in the story of it."""

    rule: Rule
    spec: Mapping[str, Any]
    bundle: Bundle | None
    conditions: tuple[Condition, ...] = ()
    path: Text = field(default_factory=lambda: Text("prefix", "/"))
    absent: Failed | None = None
    catches_all: bool = False
    stream: bool = False  # bytes are passed on, not requests: nobody answers for a version

    def failure(self, request: Arrived) -> Failed | None:
        if self.absent is not None:
            return self.absent
        failures = (condition.failure(request) for condition in self.conditions)
        return next((failed for failed in failures if failed is not None), None)


def entries(bundle: Bundle, caller: Caller, gateway: str, port: int) -> tuple[Entry, ...]:
    """Return a bundle's entries up to the first that every request fits."""
    found: list[Entry] = []
    for written in bundle.rules:
        matches: Iterable[Match | None] = written.spec.get("match") or (None,)
        for number, match in enumerate(matches):
            entry = _entry(bundle, written, match, number, caller, gateway, port)
            found.append(entry)
            if entry.catches_all and (match is None or entry.absent is None):
                return tuple(found)
    return tuple(found)


def _entry(
    bundle: Bundle,
    written: Written,
    match: Match | None,
    number: int,
    caller: Caller,
    gateway: str,
    port: int,
) -> Entry:
    position = written.match if written.match is not None else (None if match is None else number)
    return Entry(
        rule=_rule(written, match, position),
        spec=written.spec,
        bundle=bundle,
        conditions=conditions(match or {}, by_segment=bundle.gateway_api),
        path=path_text(match or {}, by_segment=bundle.gateway_api),
        absent=caller_failure(match, caller, gateway, port),
        catches_all=catches_all(match, by_segment=bundle.gateway_api),
    )


def _rule(written: Written, match: Match | None, position: int | None = None) -> Rule:
    name = (written.spec.get("name") or "") + (f".{match['name']}" if match and match.get("name") else "")
    return Rule(written.owner, name, written.index, position, written.delegate)


def default(service: Service, port: int) -> Entry:
    """Return what happens where nobody says anything: every pod of the service."""
    destination = {"host": service.host, "port": {"number": port}}
    return Entry(Rule(service.ref, "default", 0), {"route": [{"destination": destination}]}, None)


def present(found: Iterable[Entry]) -> bool:
    return any(entry.absent is None for entry in found)


@dataclass
class VirtualHost:
    """A name of the table (or several) with its entries."""

    name: str
    domains: list[str]
    entries: list[Entry]
    https_only: bool = False


Table = Mapping[str, VirtualHost]
"""The names of a port by domain."""


def by_domain(hosts: Iterable[VirtualHost]) -> Table:
    """Return a port's names by domain; a domain is the first name's that has it."""
    return {domain: each for each in reversed(list(hosts)) for domain in each.domains}


def find(table: Table, host: str) -> VirtualHost | None:
    """Return the name under which a request is looked up: itself, else the longest wildcard."""
    if host in table:
        return table[host]
    wild = [domain for domain in table if names.is_wild(domain) and 1 < len(domain) <= len(host)]
    longest = max((domain for domain in wild if host.endswith(domain[1:])), key=len, default="*")
    return table.get(longest)


def look(found: Iterable[Entry], request: Arrived) -> tuple[Entry | None, tuple[Looked, ...]]:
    """Return the first entry that fits, and all that were looked at."""
    looked: list[Looked] = []
    for entry in found:
        failed = entry.failure(request)
        looked.append(Looked(entry.rule, failed))
        if failed is None:
            return entry, tuple(looked)
    return None, tuple(looked)


def later(found: Sequence[Entry], taken: Entry) -> tuple[Rule, ...]:
    """Return the rules behind the one taken, each once: in the table, and those that are left out of it."""
    position = next(number for number, entry in enumerate(found) if entry is taken)
    bundles = {id(entry.bundle): entry.bundle for entry in found if entry.bundle and not entry.stream}
    left_out = (_rule(each, None) for bundle in bundles.values() for each in bundle.rules)
    before = {_place(entry.rule) for entry in found[: position + 1]}
    once: dict[tuple[Ref, Ref | None, int], Rule] = {}
    for rule in (*(entry.rule for entry in found[position + 1 :]), *left_out):
        if _place(rule) not in before:
            once.setdefault(_place(rule), rule)
    return tuple(once.values())


def _place(rule: Rule) -> tuple[Ref, Ref | None, int]:
    return rule.object, rule.delegate, rule.index
