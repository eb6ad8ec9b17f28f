"""The parts of an HTTPRoute: what it matches, what it does, where to."""

from __future__ import annotations

from typing import Any

from grayrelease.sandbox.apiserver.schema import Node
from grayrelease.sandbox.apiserver.shapes import (
    FLAG,
    TEXT,
    WHOLE,
    choice,
    keyed,
    many,
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


def atomic(item: Node, **more: Any) -> Node:
    """A list that is owned as a whole."""
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
        filters=atomic(FILTER),
    ),
    PORT_RULE,
)
RULE = record(
    name=NAME,
    matches=with_default(atomic(MATCH), [{"path": ANY_PATH}]),
    filters=atomic(FILTER),
    backendRefs=atomic(WEIGHTED),
    timeouts=record(request=DURATION, backendRequest=DURATION),
)
