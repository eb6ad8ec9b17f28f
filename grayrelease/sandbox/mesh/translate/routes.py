"""Rules of a VirtualService as Envoy's routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grayrelease.sandbox.mesh.translate import actions, hosts
from grayrelease.sandbox.mesh.translate.matches import MESH, Unusable, exists_for, route_match
from grayrelease.sandbox.mesh.translate.objects import Object, name_of, namespace_of
from grayrelease.sandbox.mesh.translate.registry import Registry

FAULT = "envoy.filters.http.fault"
CORS = "envoy.filters.http.cors"
FILTER_TYPES = {
    FAULT: "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
    CORS: "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
}


@dataclass(frozen=True)
class Caller:
    """The proxy that routes; `gateway` marks the ingress gateway, else it is a pod's sidecar."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    gateway: bool = False


@dataclass(frozen=True)
class Place:
    """Where rules are written for: whose table, the port of the call, the called host.

    `gateway` is `mesh` or the name (`namespace/name`) of the Gateway.
    """

    registry: Registry
    caller: Caller
    port: int
    called: str
    gateway: str = MESH


def default_route(place: Place) -> Object:
    """Route everything to the called service, as without a VirtualService."""
    cluster = place.registry.cluster_name(place.called, "", place.port, place.caller.namespace)
    return {
        "name": "default",
        "match": {"prefix": "/"},
        "route": {"cluster": cluster, **_always(place, {})},
        "metadata": {"filter_metadata": {"istio": {"service": place.called}}},
    }


def rule_routes(virtual_service: Object, rule: Object, place: Place) -> Iterator[Object]:
    """Write one route for each match of a rule that exists for this caller. Raises Unusable."""
    for match in rule.get("match") or [{}]:
        if exists_for(
            _with_full_gateways(match, virtual_service),
            port=place.port,
            gateway=place.gateway,
            labels=place.caller.labels,
            namespace=place.caller.namespace,
        ):
            yield _route(virtual_service, rule, match, place)


def _route(virtual_service: Object, rule: Object, match: Object, place: Place) -> Object:
    namespace = namespace_of(virtual_service)
    told = {"config": f"{namespace}/{name_of(virtual_service)}", **_service(rule, namespace, place)}
    route: Object = {"match": route_match(match), "metadata": {"filter_metadata": {"istio": told}}}
    name = ".".join(part for part in (rule.get("name"), match.get("name")) if part)
    if name:
        route["name"] = name
    route |= actions.header_changes(rule.get("headers"))
    if rule.get("redirect"):
        return route | {"redirect": actions.redirect(rule["redirect"])}
    if rule.get("directResponse"):
        return route | {"direct_response": actions.direct_response(rule["directResponse"])}
    return route | {"route": _action(rule, namespace, place)} | _filters(rule)


def _action(rule: Object, namespace: str, place: Place) -> Object:
    action = _targets(rule.get("route") or [], namespace, place)
    action |= _always(place, rule) | actions.rewrite(rule.get("rewrite"))
    authority = actions.host_rewrite(rule.get("headers"))
    if authority:
        action["host_rewrite_literal"] = authority
    mirrors = list(_mirrors(rule, namespace, place))
    return action | {"request_mirror_policies": mirrors} if mirrors else action


def _targets(targets: list[Object], namespace: str, place: Place) -> Object:
    if len(targets) == 1 and "headers" not in targets[0]:
        return {"cluster": _cluster(targets[0]["destination"], namespace, place)}
    alone = len(targets) == 1
    if not alone and not any(target.get("weight") for target in targets):
        raise Unusable("no destination that takes requests")
    clusters = [
        {
            "name": _cluster(target["destination"], namespace, place),
            "weight": 100 if alone else target["weight"],
            **_target_headers(target),
        }
        for target in targets
        if alone or target.get("weight")
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def _target_headers(target: Object) -> Object:
    written = actions.header_changes(target.get("headers"))
    authority = actions.host_rewrite(target.get("headers"))
    return written | {"host_rewrite_literal": authority} if authority else written


def _mirrors(rule: Object, namespace: str, place: Place) -> Iterator[Object]:
    for destination, percent in _copies(rule):
        if percent:
            yield {
                "cluster": _cluster(destination, namespace, place),
                "runtime_fraction": {"default_value": actions.fraction(percent)},
                "disable_shadow_host_suffix_append": True,
            }


def _copies(rule: Object) -> Iterator[tuple[Object, float]]:
    if rule.get("mirror"):
        percentage = rule.get("mirrorPercentage")
        whole = rule.get("mirrorPercent", 100)
        yield rule["mirror"], whole if percentage is None else percentage.get("value", 0)
        return
    for mirror in rule.get("mirrors") or []:
        yield mirror["destination"], mirror.get("percentage", {"value": 100}).get("value", 0)


def _cluster(destination: Object, namespace: str, place: Place) -> str:
    host = hosts.complete(destination["host"], namespace)
    port = (destination.get("port") or {}).get("number") or _assumed_port(host, place)
    return place.registry.cluster_name(host, destination.get("subset", ""), port, place.caller.namespace)


def _assumed_port(host: str, place: Place) -> int:
    # Only a gateway looks at the service: a sidecar keeps the port of the call.
    service = place.registry.services.get(host)
    if place.caller.gateway and service is not None and len(service.ports) == 1:
        return service.ports[0].number
    return place.port


def _service(rule: Object, namespace: str, place: Place) -> Object:
    """Tell the access log the service, of which a missing cluster leaves no other trace.

    A route to several services tells what was called by another name: as label it stays, and so keeps the
    series apart from those of direct calls.
    """
    targets = {hosts.complete(target["destination"]["host"], namespace) for target in rule.get("route") or []}
    return {"service": targets.pop()} if len(targets) == 1 else {"called": place.called}


def _always(place: Place, rule: Object) -> Object:
    timeout = actions.duration(rule["timeout"]) if rule.get("timeout") else "0s"
    retries = actions.retry_policy(rule.get("retries"), place.registry.settings.retries)
    return {"timeout": timeout, **retries}


def _filters(rule: Object) -> Object:
    settings = {FAULT: actions.fault(rule.get("fault")), CORS: actions.cors(rule.get("corsPolicy"))}
    written = {name: {"@type": FILTER_TYPES[name], **value} for name, value in settings.items() if value}
    return {"typed_per_filter_config": written} if written else {}


def _with_full_gateways(match: Object, virtual_service: Object) -> Object:
    if not match.get("gateways"):
        return match
    full = [gateway_name(name, virtual_service) for name in match["gateways"]]
    return match | {"gateways": full}


def gateway_name(name: str, virtual_service: Object) -> str:
    """Give the full name of a Gateway that a VirtualService names; `mesh` stays."""
    return name if name == MESH or "/" in name else f"{namespace_of(virtual_service)}/{name}"
