"""Types of gateway.networking.k8s.io, for clusters that serve them: HTTPRoute, Gateway, GatewayClass."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node
from grayrelease.sandbox.apiserver.shapes import (
    AGE,
    FLAG,
    TEXT,
    TIME,
    WHOLE,
    choice,
    column,
    definition,
    keyed,
    many,
    mapping,
    record,
    rules,
    with_default,
)

GROUP = "gateway.networking.k8s.io"
CATEGORIES = ("gateway-api",)
HOST = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
WAIT = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
FILTERS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
}


def _atomic(item: Node, **more: Any) -> Node:
    return many(item, **{"x-kubernetes-list-type": "atomic"}, **more)


NAME: Node = {**TEXT, "minLength": 1, "maxLength": 253}
HOSTNAME: Node = {**NAME, "pattern": HOST}
DURATION: Node = {**TEXT, "pattern": WAIT}
PORT: Node = {**WHOLE, "minimum": 1, "maximum": 65535}
PARENT = record(
    "name",
    group=with_default(TEXT, GROUP),
    kind=with_default(NAME, "Gateway"),
    namespace=NAME,
    name=NAME,
    sectionName=NAME,
    port=PORT,
)
BACKEND_MEMBERS = {
    "group": with_default(TEXT, ""),
    "kind": with_default(NAME, "Service"),
    "name": NAME,
    "namespace": NAME,
    "port": PORT,
}
PORT_RULE = (
    "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
    "Must have port for Service reference",
)
BACKEND = rules(record("name", **BACKEND_MEMBERS), PORT_RULE)
HEADER = record("name value", name=NAME, value=TEXT)
HEADERS = record(set=keyed(HEADER, "name"), add=keyed(HEADER, "name"), remove=many(TEXT))
PATH_CHANGE = record(
    "type",
    type=choice("ReplaceFullPath", "ReplacePrefixMatch"),
    replaceFullPath=TEXT,
    replacePrefixMatch=TEXT,
)
FRACTION = record("numerator", numerator=WHOLE, denominator=with_default(WHOLE, 100))
FILTER_RULES = [
    (
        f"!(!has(self.{member}) && self.type == '{kind}')",
        f"filter.{member} must be specified for {kind} filter.type",
    )
    for kind, member in FILTERS.items()
]
FILTER = rules(
    record(
        "type",
        type=choice(*FILTERS),
        requestHeaderModifier=HEADERS,
        responseHeaderModifier=HEADERS,
        requestMirror=record(
            "backendRef",
            backendRef=BACKEND,
            percent={**WHOLE, "minimum": 0, "maximum": 100},
            fraction=FRACTION,
        ),
        requestRedirect=record(
            scheme=choice("http", "https"),
            hostname=HOSTNAME,
            path=PATH_CHANGE,
            port=PORT,
            statusCode=with_default({**WHOLE, "enum": [301, 302, 303, 307, 308]}, 302),
        ),
        urlRewrite=record(hostname=HOSTNAME, path=PATH_CHANGE),
        extensionRef=record("group kind name", group=TEXT, kind=NAME, name=NAME),
        cors=record(
            allowCredentials=FLAG,
            allowOrigins=many(TEXT),
            allowMethods=many(TEXT),
            allowHeaders=many(TEXT),
            exposeHeaders=many(TEXT),
            maxAge=with_default(WHOLE, 5),
        ),
    ),
    *FILTER_RULES,
)
MATCH_TYPES = ("Exact", "RegularExpression")
PATH = rules(
    record(
        type=with_default(choice("Exact", "PathPrefix", "RegularExpression"), "PathPrefix"),
        value=with_default(TEXT, "/"),
    ),
    (
        "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true",
        "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
    ),
)
NAMED_MATCH = record("name value", type=with_default(choice(*MATCH_TYPES), "Exact"), name=NAME, value=NAME)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
ANY_PATH = {"type": "PathPrefix", "value": "/"}
MATCH = record(
    path=with_default(PATH, ANY_PATH),
    headers=keyed(NAMED_MATCH, "name"),
    queryParams=keyed(NAMED_MATCH, "name"),
    method=choice(*METHODS),
)
WEIGHTED = rules(
    record(
        "name",
        **BACKEND_MEMBERS,
        weight=with_default({**WHOLE, "minimum": 0, "maximum": 1000000}, 1),
        filters=_atomic(FILTER),
    ),
    PORT_RULE,
)
RULE = record(
    name=NAME,
    matches=with_default(_atomic(MATCH), [{"path": ANY_PATH}]),
    filters=_atomic(FILTER),
    backendRefs=_atomic(WEIGHTED),
    timeouts=record(request=DURATION, backendRequest=DURATION),
)
CONDITION = record(
    "type status reason message lastTransitionTime",
    type=TEXT,
    status=choice("True", "False", "Unknown"),
    reason=TEXT,
    message=TEXT,
    lastTransitionTime=TIME,
    observedGeneration=WHOLE,
)
HTTP_ROUTE = record(
    "spec",
    spec=record(
        parentRefs=_atomic(PARENT, maxItems=32),
        hostnames=_atomic(HOSTNAME, maxItems=16),
        rules=with_default(_atomic(RULE, maxItems=16), [{"matches": [{"path": ANY_PATH}]}]),
    ),
    status=record(
        "parents",
        parents=_atomic(
            record(
                "parentRef controllerName",
                parentRef=PARENT,
                controllerName=TEXT,
                conditions=keyed(CONDITION, "type"),
            )
        ),
    ),
)
LISTENER = record(
    "name port protocol",
    name=NAME,
    hostname=HOSTNAME,
    port=PORT,
    protocol=TEXT,
    tls=record(
        mode=with_default(choice("Terminate", "Passthrough"), "Terminate"),
        certificateRefs=_atomic(record("name", group=TEXT, kind=TEXT, name=NAME, namespace=NAME)),
        options=mapping(TEXT),
    ),
    allowedRoutes=with_default(
        record(
            namespaces=with_default(
                record(
                    selector={
                        **record(matchLabels=mapping(TEXT)),
                        "x-kubernetes-map-type": "atomic",
                    },
                    from_=with_default(choice("All", "Selector", "Same", "None"), "Same"),
                ),
                {"from": "Same"},
            ),
            kinds=_atomic(record("kind", group=TEXT, kind=NAME)),
        ),
        {"namespaces": {"from": "Same"}},
    ),
)
UNIQUE_NAMES = (
    "self.all(l1, self.exists_one(l2, l1.name == l2.name))",
    "Listener name must be unique within the Gateway",
)
ADDRESS = record("value", type=with_default(TEXT, "IPAddress"), value=TEXT)


def _pending(*kinds: str) -> list[Object]:
    """The conditions of an object that no controller has looked at yet."""
    return [
        {
            "type": kind,
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for controller",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
        for kind in kinds
    ]


def _status(conditions: list[Object], **more: Node) -> Node:
    found = with_default(keyed(CONDITION, "type"), conditions)
    return with_default(record(conditions=found, **more), {"conditions": conditions})


GATEWAY = record(
    "spec",
    spec=record(
        "gatewayClassName listeners",
        gatewayClassName=NAME,
        listeners=rules({**keyed(LISTENER, "name"), "minItems": 1, "maxItems": 64}, UNIQUE_NAMES),
        addresses=_atomic(ADDRESS),
    ),
    status=_status(
        _pending("Accepted", "Programmed"),
        addresses=_atomic(ADDRESS),
        listeners=keyed(
            record(
                "name attachedRoutes conditions",
                name=NAME,
                supportedKinds=_atomic(record("kind", group=TEXT, kind=NAME)),
                attachedRoutes=WHOLE,
                conditions=keyed(CONDITION, "type"),
            ),
            "name",
        ),
    ),
)
GATEWAY_CLASS = record(
    "spec",
    spec=record(
        "controllerName",
        controllerName=TEXT,
        description=TEXT,
        parametersRef=record("group kind name", group=TEXT, kind=TEXT, name=TEXT, namespace=TEXT),
    ),
    status=_status(_pending("Accepted"), supportedFeatures=keyed(record("name", name=TEXT), "name")),
)


def _type(
    kind: str, plural: str, node: Node, scope: str, short: tuple[str, ...], columns: tuple[Object, ...]
) -> Object:
    return definition(
        GROUP,
        kind,
        plural,
        {"v1": node, "v1beta1": node},
        "v1",
        short_names=short,
        categories=CATEGORIES,
        columns=(*columns, AGE),
        scope=scope,
    )


def definitions() -> list[Object]:
    """The CustomResourceDefinitions of a cluster with Gateway API."""
    programmed = column("Programmed", '.status.conditions[?(@.type=="Programmed")].status')
    accepted = column("Accepted", '.status.conditions[?(@.type=="Accepted")].status')
    gateway = (
        column("Class", ".spec.gatewayClassName"),
        column("Address", ".status.addresses[0].value"),
        programmed,
    )
    return [
        _type(
            "HTTPRoute", "httproutes", HTTP_ROUTE, "Namespaced", (), (column("Hostnames", ".spec.hostnames"),)
        ),
        _type("Gateway", "gateways", GATEWAY, "Namespaced", ("gtw",), gateway),
        _type(
            "GatewayClass",
            "gatewayclasses",
            GATEWAY_CLASS,
            "Cluster",
            ("gc",),
            (column("Controller", ".spec.controllerName"), accepted),
        ),
    ]
