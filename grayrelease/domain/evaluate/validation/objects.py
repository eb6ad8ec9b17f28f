"""VirtualServices and DestinationRules, whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.registry import Manifest, items, ref, spec
from grayrelease.domain.evaluate.validation import policies, rules, values
from grayrelease.domain.evaluate.validation.values import Found
from grayrelease.domain.state import Reason

Said = Mapping[str, Any]


def refusals(manifest: Manifest) -> list[Reason]:
    """Return why istiod would refuse the object, in the order of its fields; nothing if it takes it.

    Objects of other kinds are not looked at. Each reason's fact `path` says where.
    """
    known = {"VirtualService": _virtual_service, "DestinationRule": _destination_rule}
    check = known.get(str(manifest.get("kind")))
    return [] if check is None else list(check(manifest))


def _virtual_service(manifest: Manifest) -> Found:
    said = spec(manifest)
    hosts, gateways = items(said, "hosts"), items(said, "gateways")
    mesh = not gateways or names.MESH in gateways
    if not hosts:
        for key in ("gateways", "tls", "tcp"):
            if items(said, key):
                yield Reason("istio-delegate", {"path": key})
    yield from values.gateways("gateways", gateways)
    yield from _hosts(hosts, mesh=mesh)
    if not any(items(said, key) for key in ("http", "tcp", "tls")):
        yield Reason("istio-no-rules", {})
    for number, rule in enumerate(items(said, "http")):
        yield from rules.rule(f"http[{number}]", rule, delegated=not hosts)
        yield from _claims(f"http[{number}]", rule) if mesh else ()
    for number, rule in enumerate(items(said, "tls")):
        yield from _tls(f"tls[{number}]", rule, hosts)
    for number, rule in enumerate(items(said, "tcp")):
        yield from _tcp(f"tcp[{number}]", rule)
    yield from values.export_to("exportTo", items(said, "exportTo"), ref(manifest).namespace)


def _claims(path: str, said: Said) -> Found:
    """Conditions on a token's claims, which only gateways can see."""
    for number, match in enumerate(items(said, "match")):
        for key in ("headers", "withoutHeaders"):
            for name in match.get(key) or {}:
                if name.startswith(values.CLAIMS):
                    at = f"{path}.match[{number}].{key}"
                    yield Reason("istio-choice", {"path": at, "value": name})


def _hosts(hosts: Any, *, mesh: bool) -> Found:
    wrong = [reason for number, host in enumerate(hosts) for reason in _host(f"hosts[{number}]", host, mesh)]
    yield from wrong
    if not wrong:
        for one, other in combinations(hosts, 2):
            if names.overlap(one, other):
                yield Reason("istio-hosts-overlap", {"value": one, "other": other})


def _host(path: str, host: str, mesh: bool) -> Found:
    if values.is_address(host):
        return
    if mesh and host == "*":
        yield Reason("istio-host-everything", {"path": path})
    else:
        yield from values.host(path, host)


def _tls(path: str, said: Said, hosts: Any) -> Found:
    if not items(said, "match"):
        yield Reason("istio-missing", {"path": f"{path}.match"})
    for number, match in enumerate(items(said, "match")):
        at = f"{path}.match[{number}]"
        if not items(match, "sniHosts"):
            yield Reason("istio-missing", {"path": f"{at}.sniHosts"})
        for name in items(match, "sniHosts"):
            yield from values.host(f"{at}.sniHosts", name)
            if not any(names.within(name, host) for host in hosts):
                yield Reason("istio-choice", {"path": f"{at}.sniHosts", "value": name})
        yield from rules.where(at, match)
    yield from _route(path, said)


def _tcp(path: str, said: Said) -> Found:
    for number, match in enumerate(items(said, "match")):
        yield from rules.where(f"{path}.match[{number}]", match)
    yield from _route(path, said)


def _route(path: str, said: Said) -> Found:
    if not items(said, "route"):
        yield Reason("istio-missing", {"path": f"{path}.route"})
    yield from rules.destinations(f"{path}.route", items(said, "route"))


def _destination_rule(manifest: Manifest) -> Found:
    said = spec(manifest)
    yield from values.host("host", said.get("host") or "")
    yield from policies.policy("trafficPolicy", said.get("trafficPolicy"))
    seen: set[str] = set()
    for number, subset in enumerate(items(said, "subsets")):
        at, name = f"subsets[{number}]", subset.get("name") or ""
        if name in seen:
            yield Reason("istio-twice", {"path": f"{at}.name", "value": name})
        seen.add(name)
        yield from _subset(at, name, subset)
    selects = said.get("workloadSelector") is not None
    home = ref(manifest).namespace
    yield from values.export_to("exportTo", items(said, "exportTo"), home, selects=selects)


def _subset(path: str, name: str, said: Said) -> Found:
    if not name:
        yield Reason("istio-missing", {"path": f"{path}.name"})
    else:
        yield from values.label(f"{path}.name", name)
    yield from values.labels(f"{path}.labels", said.get("labels"))
    yield from policies.policy(f"{path}.trafficPolicy", said.get("trafficPolicy"))
