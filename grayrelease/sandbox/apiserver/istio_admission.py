"""What istiod's validating webhook refuses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from grayrelease.sandbox.apiserver import errors, istio_http, istio_policies
from grayrelease.sandbox.apiserver import istio_texts as texts
from grayrelease.sandbox.apiserver.istio_texts import Found
from grayrelease.sandbox.apiserver.objects import Object

GROUP = "networking.istio.io"
WEBHOOK = "validation.istio.io"


def check(group: str, item: Object) -> None:
    """Raise the API server's answer if the webhook refuses an object."""
    told = list(problems(item)) if group == GROUP else []
    if told:
        text = told[0]
        if len(told) > 1:
            points = "\n\t".join(f"* {each}" for each in told)
            text = f"{len(told)} errors occurred:\n\t{points}\n\n"
        message = f'admission webhook "{WEBHOOK}" denied the request: configuration is invalid: {text}'
        raise errors.error(400, message)


def problems(item: Object) -> Found:
    """Say what is wrong with an object that its schema lets through."""
    spec, namespace = item.get("spec") or {}, item["metadata"].get("namespace", "")
    if item.get("kind") == "VirtualService":
        yield from _virtual_service(spec, namespace)
    elif item.get("kind") == "DestinationRule":
        yield from _destination_rule(spec, namespace)


def _virtual_service(spec: Object, namespace: str) -> Found:
    names, gateways = spec.get("hosts") or [], spec.get("gateways") or []
    if not names:
        for field, told in (("gateways", "gateways"), ("tls", "tls route"), ("tcp", "tcp route")):
            if spec.get(field):
                yield f"delegate virtual service must have no {told} specified"
    yield from texts.gateways(gateways)
    yield from _hosts(names, mesh=not [each for each in gateways if each != "mesh"])
    if not any(spec.get(kind) for kind in ("http", "tcp", "tls")):
        yield "http, tcp or tls must be provided in virtual service"
    for rule in spec.get("http") or []:
        yield from istio_http.rule(rule, delegate=not names)
    for rule in spec.get("tls") or []:
        yield from _tls(rule, names)
    for rule in spec.get("tcp") or []:
        yield from _tcp(rule)
    yield from texts.exports(spec.get("exportTo") or [], namespace)


def _hosts(names: Sequence[str], *, mesh: bool) -> Found:
    bad = False
    for name in names:
        told = [] if texts.is_address(name) else list(texts.host(name))
        if not told and mesh and name == "*":
            told = ["wildcard host * is not allowed for virtual services bound to the mesh gateway"]
        bad = bad or bool(told)
        yield from told
    for one, other in combinations(names, 2):
        if not bad and _overlap(one, other):
            yield f"duplicate hosts in virtual service: {one} & {other}"


def _overlap(one: str, other: str) -> bool:
    if one.startswith("*") and other.startswith("*"):
        shorter, longer = sorted((one[1:], other[1:]), key=len)
        return longer.endswith(shorter)
    if one.startswith("*") or other.startswith("*"):
        pattern, name = (one, other) if one.startswith("*") else (other, one)
        return name.endswith(pattern[1:])
    return one == other


def _tls(rule: Object, names: Sequence[str]) -> Found:
    if not rule.get("match"):
        yield "TLS route must have at least one match condition"
    for match in rule.get("match") or []:
        if not match.get("sniHosts"):
            yield "TLS match must have at least one SNI host"
        for sni in match.get("sniHosts") or []:
            yield from _sni(sni, names)
        yield from _layer_4(match)
    if not rule.get("route"):
        yield "TLS route is required"
    yield from istio_http.destinations(rule.get("route") or [])


def _sni(sni: str, names: Sequence[str]) -> Found:
    told = [] if texts.is_address(sni) else list(texts.host(sni))
    yield from told
    if not told and not texts.is_address(sni) and not any(_within(sni, name) for name in names):
        listed = ", ".join(names)
        yield f'SNI host "{sni}" is not a compatible subset of any of the virtual service hosts: [{listed}]'


def _within(name: str, pattern: str) -> bool:
    if not pattern.startswith("*"):
        return name == pattern
    return len(name) >= len(pattern) and name.lstrip("*").endswith(pattern[1:])


def _tcp(rule: Object) -> Found:
    for match in rule.get("match") or []:
        yield from _layer_4(match)
    if not rule.get("route"):
        yield "TCP route is required"
    yield from istio_http.destinations(rule.get("route") or [])


def _layer_4(match: Object) -> Found:
    if match.get("port"):
        yield from texts.port(match["port"])
    yield from istio_http.caller({**match, "sourceNamespace": ""})


def _destination_rule(spec: Object, namespace: str) -> Found:
    yield from texts.host(spec.get("host", ""))
    yield from istio_policies.traffic(spec.get("trafficPolicy"))
    seen: set[str] = set()
    for subset in spec.get("subsets") or []:
        name = subset.get("name", "")
        if name in seen:
            yield f"duplicate subset names: {name}"
        seen.add(name)
        yield from texts.subset(name)
        yield from texts.labels(subset.get("labels") or {})
        yield from istio_policies.traffic(subset.get("trafficPolicy"))
    yield from texts.exports(spec.get("exportTo") or [], namespace)
