"""Types of gateway.networking.k8s.io, for clusters that serve them: HTTPRoute, Gateway, GatewayClass."""

from __future__ import annotations

from grayrelease.sandbox.apiserver.gateway_routes import (
    ANY_PATH,
    CATEGORIES,
    GROUP,
    HOSTNAME,
    NAME,
    PARENT,
    PORT,
    RULE,
    atomic,
)
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node
from grayrelease.sandbox.apiserver.shapes import (
    AGE,
    TEXT,
    TIME,
    WHOLE,
    choice,
    column,
    definition,
    keyed,
    mapping,
    record,
    rules,
    with_default,
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
        parentRefs=atomic(PARENT, maxItems=32),
        hostnames=atomic(HOSTNAME, maxItems=16),
        rules=with_default(atomic(RULE, maxItems=16), [{"matches": [{"path": ANY_PATH}]}]),
    ),
    status=record(
        "parents",
        parents=atomic(
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
        certificateRefs=atomic(record("name", group=TEXT, kind=TEXT, name=NAME, namespace=NAME)),
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
            kinds=atomic(record("kind", group=TEXT, kind=NAME)),
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
        addresses=atomic(ADDRESS),
    ),
    status=_status(
        _pending("Accepted", "Programmed"),
        addresses=atomic(ADDRESS),
        listeners=keyed(
            record(
                "name attachedRoutes conditions",
                name=NAME,
                supportedKinds=atomic(record("kind", group=TEXT, kind=NAME)),
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
