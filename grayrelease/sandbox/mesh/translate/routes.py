"""Rules of a VirtualService as Envoy's routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grayrelease.sandbox.mesh.translate import actions
from grayrelease.sandbox.mesh.translate.gateway_api import is_route
from grayrelease.sandbox.mesh.translate.matches import MESH, Unusable, exists_for, route_match
from grayrelease.sandbox.mesh.translate.objects import Object, name_of, namespace_of
from grayrelease.sandbox.mesh.translate.registry import Registry
from grayrelease.sandbox.mesh.translate.services import Service

UNKNOWN = "UnknownService"
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
            match,
            port=place.port,
            gateway=place.gateway,
            labels=place.caller.labels,
            namespace=place.caller.namespace,
        ):
            yield _route(virtual_service, rule, match, place)


def _route(virtual_service: Object, rule: Object, match: Object, place: Place) -> Object:
    config = f"{namespace_of(virtual_service)}/{name_of(virtual_service)}"
    told = {"config": config, **_service(rule, place)}
    segments = is_route(virtual_service)
    route: Object = {
        "match": route_match(match, segments=segments),
        "metadata": {"filter_metadata": {"istio": told}},
    }
    name = ".".join(part for part in (rule.get("name"), match.get("name")) if part)
    if name:
        route["name"] = name
    route |= actions.header_changes(*_headers(rule))
    if rule.get("redirect"):
        return route | {"redirect": actions.redirect(rule["redirect"], place.port)} | _filters(rule)
    if rule.get("directResponse"):
        return route | {"direct_response": actions.direct_response(rule["directResponse"])} | _filters(rule)
    action = _action(rule, place)
    if segments:
        # As the Gateway API wants it.
        action["cluster_not_found_response_code"] = "INTERNAL_SERVER_ERROR"
        action |= actions.removed_prefix(rule.get("rewrite"), route["match"])
    return route | {"route": action} | _filters(rule)


def _headers(rule: Object) -> list[Object]:
    """Give the changes of headers of a whole route: a single destination's are among them."""
    targets = rule.get("route") or []
    single = [targets[0]] if len(targets) == 1 else []
    return [part["headers"] for part in (rule, *single) if part.get("headers")]


def _action(rule: Object, place: Place) -> Object:
    action = _targets(rule.get("route") or [], place)
    action |= _always(place, rule) | actions.rewrite(rule.get("rewrite"))
    if "host_rewrite_literal" not in action:
        authority = next(filter(None, map(actions.host_rewrite, _headers(rule))), "")
        action |= {"host_rewrite_literal": authority} if authority else {}
    mirrors = list(_mirrors(rule, place))
    return action | {"request_mirror_policies": mirrors} if mirrors else action


def _targets(targets: list[Object], place: Place) -> Object:
    if len(targets) == 1:
        return {"cluster": target_cluster(targets[0]["destination"], place)}
    chosen = [target for target in targets if target.get("weight")]
    if not chosen:
        raise Unusable("no destination that takes requests")
    clusters = [
        {
            "name": target_cluster(target["destination"], place),
            "weight": target["weight"],
            **_target_headers(target),
        }
        for target in chosen
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def _target_headers(target: Object) -> Object:
    changes = target.get("headers") or {}
    authority = actions.host_rewrite(changes)
    return actions.header_changes(changes) | ({"host_rewrite_literal": authority} if authority else {})


def _mirrors(rule: Object, place: Place) -> Iterator[Object]:
    for destination, percent in _copies(rule):
        if percent:
            yield {
                "cluster": target_cluster(destination, place),
                "runtime_fraction": {"default_value": actions.fraction(percent)},
                "disable_shadow_host_suffix_append": True,
            }


def _copies(rule: Object) -> Iterator[tuple[Object, float]]:
    if rule.get("mirror"):
        percentage = rule.get("mirrorPercentage")
        whole = rule.get("mirrorPercent", rule.get("mirror_percent"))
        told = 100 if whole is None else whole
        yield rule["mirror"], told if percentage is None else percentage.get("value", 0)
    for mirror in rule.get("mirrors") or []:
        percentage = mirror.get("percentage")
        yield mirror["destination"], 100 if percentage is None else percentage.get("value", 0)


def target_cluster(destination: Object, place: Place) -> str:
    """Name the cluster of a destination."""
    host = destination.get("host", "")
    if not host:
        return UNKNOWN
    service = _known(host, place)
    port = (destination.get("port") or {}).get("number") or _assumed_port(service, place)
    if service is not None and service.alias:
        host = service.alias
    return place.registry.cluster_name(host, destination.get("subset", ""), port, place.caller.namespace)


def _known(host: str, place: Place) -> Service | None:
    """Give a service as the proxy knows it: a sidecar's table for one port knows those that have it."""
    service = place.registry.services.get(host)
    if service is None or not service.seen_from(place.caller.namespace):
        return None
    return service if place.caller.gateway or service.has(place.port) else None


def _assumed_port(service: Service | None, place: Place) -> int:
    # Only a gateway looks at the service: a sidecar keeps the port of the call.
    if place.caller.gateway and service is not None and len(service.ports) == 1:
        return service.ports[0].number
    return place.port


def _service(rule: Object, place: Place) -> Object:
    """Tell the access log the service, of which a missing cluster leaves no other trace.

    A route to several services tells what was called by another name: as label it stays, and so keeps the
    series apart from those of direct calls.
    """
    targets = {target["destination"].get("host", "") for target in rule.get("route") or []}
    return {"service": targets.pop()} if len(targets) == 1 else {"called": place.called}


def _always(place: Place, rule: Object) -> Object:
    timeout = actions.duration(rule["timeout"]) if rule.get("timeout") else "0s"
    retries = actions.retry_policy(rule.get("retries"), place.registry.settings.retries)
    return {"timeout": timeout, **retries}


def _filters(rule: Object) -> Object:
    settings = {FAULT: actions.fault(rule.get("fault")), CORS: actions.cors(rule.get("corsPolicy"))}
    written = {name: {"@type": FILTER_TYPES[name], **value} for name, value in settings.items() if value}
    return {"typed_per_filter_config": written} if written else {}
