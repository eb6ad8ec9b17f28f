"""What istiod's admission says of an HTTP rule of a VirtualService."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from grayrelease.sandbox.apiserver import istio_policies
from grayrelease.sandbox.apiserver import istio_texts as texts
from grayrelease.sandbox.apiserver.istio_texts import Found
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.grpc_statuses import GRPC_STATUSES

MOST_BODY = 1024 * 1024
SMALLEST_PERCENT = 0.0001
STATUSES = {str(status.value) for status in HTTPStatus}
STRINGS = ("scheme", "method", "authority")
RETRY_ON = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
]


def rule(spec: Object, *, delegate: bool) -> Found:
    """Say what is wrong with a rule; `delegate` marks one of a VirtualService without hosts."""
    yield from _conflicts(spec, delegate)
    for match in spec.get("match") or []:
        yield from _match(match)
    yield from _headers(spec.get("headers"))
    yield from istio_policies.cors(spec.get("corsPolicy"))
    yield from _fault(spec.get("fault"))
    yield from _mirrors(spec)
    yield from _redirect(spec.get("redirect"))
    yield from _direct_response(spec.get("directResponse"))
    yield from _retries(spec.get("retries"))
    yield from _rewrite(spec)
    yield from destinations(spec.get("route") or [])
    if "timeout" in spec:
        yield from texts.duration(spec["timeout"])


def destinations(targets: Sequence[Object]) -> Found:
    """Say what is wrong with weighted destinations."""
    for target in targets:
        if "destination" not in target:
            yield "destination is required"
        yield from _headers(target.get("headers"))
        yield from destination(target.get("destination"))
        if target.get("weight", 0) < 0:
            yield f"weight {target['weight']} < 0"
    if len(targets) > 1 and sum(target.get("weight", 0) for target in targets) == 0:
        yield "total destination weight = 0"


def destination(spec: Object | None) -> Found:
    """Say what is wrong with one destination."""
    if spec is None:
        return
    name = spec.get("host", "")
    yield from ["invalid destination host *"] if name == "*" else texts.host(name)
    if spec.get("subset"):
        yield from texts.subset(spec["subset"])
    if "port" in spec:
        yield from texts.port(spec["port"].get("number", 0))


def _conflicts(spec: Object, delegate: bool) -> Found:
    named = "delegate" in spec
    if named and not delegate:
        for part, there in (("redirect", "redirect" in spec), ("route", bool(spec.get("route")))):
            if there:
                yield f"root HTTP route {spec.get('name', '')} must not specify {part}"
        return
    if named:
        yield "delegate HTTP route cannot contain delegate"
    kind = next((kind for kind in ("redirect", "directResponse") if kind in spec), None)
    if kind is not None:
        yield from _beside(spec, kind)
    elif not spec.get("route"):
        yield "HTTP route, redirect or direct_response is required"
    if "mirror" in spec and spec.get("mirrors"):
        yield "HTTP route cannot contain both mirror and mirrors"


def _beside(spec: Object, kind: str) -> Found:
    told = {"redirect": "redirect", "directResponse": "direct_response"}[kind]
    if spec.get("route"):
        yield f"HTTP route cannot contain both route and {told}"
    if "fault" in spec:
        yield f"HTTP route cannot contain both fault and {told}"
    if "rewrite" in spec:
        yield f"HTTP route rule cannot contain both rewrite and {told}"
    if kind == "redirect" and "directResponse" in spec:
        yield "HTTP route rule cannot contain both direct_response and redirect"


def _match(match: Object) -> Found:
    for name, condition in (match.get("headers") or {}).items():
        yield from texts.matched_header(name)
        yield from texts.string_match(condition, "headers")
    for name, condition in (match.get("withoutHeaders") or {}).items():
        yield from texts.matched_header(name)
        if condition.get("regex") != "*":
            yield from texts.string_match(condition, "withoutHeaders")
    yield from texts.pattern_of(match.get("uri"), "uri")
    for field in STRINGS:
        yield from texts.string_match(match.get(field), field)
    for condition in (match.get("queryParams") or {}).values():
        yield from texts.string_match(condition, "queryParams")
    if match.get("port"):
        yield from texts.port(match["port"])
    yield from caller(match)


def caller(match: Object) -> Found:
    """Say what is wrong with the conditions of a match on who calls."""
    yield from texts.labels(match.get("sourceLabels") or {})
    yield from texts.gateways(match.get("gateways") or [])
    namespace = match.get("sourceNamespace")
    if namespace and not texts.is_label(namespace):
        yield f"sourceNamespace match {namespace} is invalid"


def _headers(spec: Object | None) -> Found:
    for side in ("request", "response"):
        operations = (spec or {}).get(side) or {}
        for kind in ("add", "set"):
            for name, value in (operations.get(kind) or {}).items():
                yield from texts.set_header(name, authority=side == "request")
                yield from texts.header_value(value)
        for name in operations.get("remove") or []:
            yield from texts.set_header(name, authority=False)


def _fault(spec: Object | None) -> Found:
    if spec is None:
        return
    if "abort" not in spec and "delay" not in spec:
        yield "HTTP fault injection must have an abort and/or a delay"
    abort, delay = spec.get("abort") or {}, spec.get("delay") or {}
    yield from _percentage(abort)
    if "httpStatus" in abort:
        yield from _status(abort["httpStatus"])
    if "http2Error" in abort:
        yield "HTTP/2 abort fault injection not supported yet"
    if "grpcStatus" in abort and abort["grpcStatus"] not in GRPC_STATUSES:
        place = "https://github.com/grpc/grpc/blob/master/doc/statuscodes.md"
        told = f'gRPC status "{abort["grpcStatus"]}" is not supported. See {place}'
        yield f"{told} for a list of supported codes, for example 'NOT_FOUND'"
    yield from _percentage(delay)
    for field in ("fixedDelay", "exponentialDelay"):
        if field in delay:
            yield from texts.duration(delay[field])


def _percentage(part: Object) -> Found:
    value = (part.get("percentage") or {}).get("value", 0)
    if value < 0 or value > 100 or 0 < value < SMALLEST_PERCENT:
        yield f"percentage {value:g} is neither 0.0, nor in range [0.0001, 100.0]"


def _status(status: int) -> Found:
    if not 200 <= status <= 600:
        yield f"HTTP status {status} is not in range 200-599"


def _mirrors(spec: Object) -> Found:
    percent = spec.get("mirrorPercent")
    if percent is not None and percent > 100:
        yield f"mirror_percent must have a max value of 100 (it has {percent})"
    yield from _share(spec.get("mirrorPercentage"), "mirror_percentage")
    yield from destination(spec.get("mirror"))
    for mirror in spec.get("mirrors") or []:
        if "destination" not in mirror:
            yield "destination is required for mirrors"
            continue
        yield from destination(mirror["destination"])
        yield from _share(mirror.get("percentage"), "mirror percentage")


def _share(percentage: Object | None, name: str) -> Found:
    value = (percentage or {}).get("value", 0)
    if value > 100:
        yield f"{name} must have a max value of 100 (it has {value:f})"
    if value < 0:
        yield f"{name} must have a min value of 0 (it has {value:f})"


def _redirect(spec: Object | None) -> Found:
    if spec is None:
        return
    code, scheme = spec.get("redirectCode", 0), spec.get("scheme", "")
    if not any(spec.get(field) for field in ("uri", "authority", "scheme", "port", "derivePort")):
        yield "redirect must specify URI, authority, scheme, or port"
    elif code and not 300 <= code <= 399:
        yield f"{code} is not a valid redirect code, must be 3xx"
    elif scheme not in ("", "http", "https"):
        yield 'invalid redirect scheme, must be "http" or "https"'
    elif spec.get("port"):
        yield from texts.port(spec["port"])


def _direct_response(spec: Object | None) -> Found:
    if spec is None:
        return
    body = spec.get("body") or {}
    if max(len(body.get(kind) or "") for kind in ("string", "bytes")) > MOST_BODY:
        yield "large direct_responses may impact control plane performance, must be less than 1MB"
    yield from _status(spec.get("status", 0))


def _retries(spec: Object | None) -> Found:
    if spec is None:
        return
    attempts = spec.get("attempts", 0)
    if attempts < 0:
        yield "attempts cannot be negative"
    further = (spec.get("perTryTimeout"), spec.get("retryOn"), spec.get("retryRemoteLocalities"))
    if attempts == 0 and any(each is not None and each != "" for each in further):
        yield "http retry policy configured when attempts are set to 0 (disabled)"
    for field in ("perTryTimeout", "backoff"):
        if field in spec:
            yield from texts.duration(spec[field])
    for policy in (spec.get("retryOn") or "").split(","):
        known = policy in RETRY_ON or policy in STATUSES
        if spec.get("retryOn") and not known:
            yield f'"{policy}" is not a valid retryOn policy'


def _rewrite(spec: Object) -> Found:
    wanted = spec.get("rewrite")
    if wanted is not None:
        pattern = wanted.get("uriRegexRewrite")
        if wanted.get("uri") and pattern is not None:
            yield "rewrite may only contain one of URI or UriRegexRewrite"
        elif not wanted.get("uri") and pattern is None and not wanted.get("authority"):
            yield (
                "rewrite must specify at least one of URI, UriRegexRewrite, or authority. "
                "Only one of URI or UriRegexRewrite may be specified"
            )
        elif pattern is not None:
            yield from _pattern(pattern)
    yield from _one_authority(spec)


def _pattern(pattern: Object) -> Found:
    if not pattern.get("match") or not pattern.get("rewrite"):
        yield "UriRegexRewrite requires both Rewrite and Match fields to be specified"
    else:
        yield from texts.pattern(pattern["match"], "HTTPRewrite.UriRegexRewrite.Match")


def _one_authority(spec: Object) -> Found:
    current = (spec.get("rewrite") or {}).get("authority", "")
    operations = (spec.get("headers") or {}).get("request") or {}
    for kind in ("set", "add"):
        for name, value in (operations.get(kind) or {}).items():
            if name.lower() in ("host", ":authority"):
                if current:
                    told = f'have "{current}", attempting to set "{value}"'
                    yield f"authority header cannot be set multiple times: {told}"
                current = value
