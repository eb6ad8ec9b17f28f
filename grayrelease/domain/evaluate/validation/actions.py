"""What a rule does besides sending requests on: headers, CORS, faults, redirects, retries, rewrites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from grayrelease.domain.evaluate.durations import seconds
from grayrelease.domain.evaluate.registry import items
from grayrelease.domain.evaluate.validation import values
from grayrelease.domain.evaluate.validation.values import Found
from grayrelease.domain.state import Reason

Said = Mapping[str, Any]

LONGEST_BODY = 1024 * 1024
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"})
GRPC = frozenset(
    ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS")
    + ("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE")
    + ("UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")
)
RETRY_ON = frozenset(
    ("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx")
    + ("refused-stream", "retriable-status-codes", "retriable-headers", "envoy-ratelimited")
    + ("http3-post-connect-failure", "cancelled", "deadline-exceeded", "internal")
    + ("resource-exhausted", "unavailable")
)


def headers(path: str, said: Said | None) -> Found:
    for side in ("request", "response"):
        changes = (said or {}).get(side) or {}
        for key in ("add", "set"):
            for name, value in (changes.get(key) or {}).items():
                at = f"{path}.{side}.{key}"
                yield from values.header_written(at, name, authority=side == "request")
                yield from values.header_value(f"{at}.{name}", value)
        for name in items(changes, "remove"):
            yield from values.header_written(f"{path}.{side}.remove", name, authority=False)


def cors(path: str, said: Said | None) -> Found:
    for number, origin in enumerate(items(said, "allowOrigins")):
        at = f"{path}.allowOrigins[{number}]"
        if not any(origin.get(kind) for kind in ("exact", "prefix", "regex")):
            yield Reason("istio-missing", {"path": at})
        elif origin.get("regex"):
            yield from values.regex(f"{at}.regex", origin["regex"])
    for method in items(said, "allowMethods"):
        yield from values.choice(f"{path}.allowMethods", method, METHODS)
    for key in ("allowHeaders", "exposeHeaders"):
        for name in items(said, key):
            yield from values.header_shown(f"{path}.{key}", name)
    if said and said.get("maxAge") is not None:
        yield from _whole_seconds(f"{path}.maxAge", said["maxAge"])


def _whole_seconds(path: str, said: Any) -> Found:
    length = seconds(said) or 0
    if length < 1 or length != length // 1:
        yield Reason("istio-duration", {"path": path, "value": str(said)})


def fault(path: str, said: Said | None) -> Found:
    if said is None:
        return
    abort, delay = said.get("abort"), said.get("delay")
    if abort is None and delay is None:
        yield Reason("istio-missing", {"path": f"{path}.abort"})
    if abort is not None:
        yield from _abort(f"{path}.abort", abort)
    if delay is not None:
        yield from values.percentage(f"{path}.delay.percentage", delay.get("percentage"))
        if delay.get("fixedDelay") is not None:
            yield from values.duration(f"{path}.delay.fixedDelay", delay["fixedDelay"])
        if delay.get("exponentialDelay") is not None:
            yield Reason("istio-choice", {"path": f"{path}.delay", "value": "exponentialDelay"})


def _abort(path: str, said: Said) -> Found:
    yield from values.percentage(f"{path}.percentage", said.get("percentage"))
    if said.get("grpcStatus") is not None:
        yield from values.choice(f"{path}.grpcStatus", said["grpcStatus"], GRPC)
    elif said.get("http2Error") is not None:
        yield Reason("istio-choice", {"path": path, "value": "http2Error"})
    elif said.get("httpStatus") is not None:
        yield from values.within(f"{path}.httpStatus", int(said["httpStatus"]), 200, 600)


def redirect(path: str, said: Said | None, matches: Iterable[Said]) -> Found:
    if said is None:
        return
    if said.get("uri") and said.get("prefixRewrite"):
        yield Reason("istio-together", {"path": path, "one": "uri", "other": "prefixRewrite"})
    asked = [match["uri"] for match in matches if match.get("uri") is not None]
    if said.get("prefixRewrite") and any("prefix" not in uri for uri in asked):
        yield Reason("istio-choice", {"path": path, "value": "prefixRewrite"})
    leads = ("uri", "prefixRewrite", "authority", "scheme", "port", "derivePort")
    if not any(said.get(key) for key in leads):
        yield Reason("istio-missing", {"path": f"{path}.uri"})
    if said.get("redirectCode"):
        yield from values.within(f"{path}.redirectCode", int(said["redirectCode"]), 300, 399)
    if said.get("scheme"):
        yield from values.choice(f"{path}.scheme", said["scheme"], ("http", "https"))
    if said.get("port"):
        yield from values.port(f"{path}.port", said["port"])


def direct(path: str, said: Said | None) -> Found:
    if said is None:
        return
    body = said.get("body") or {}
    size = len(str(body.get("string") or body.get("bytes") or "").encode())
    if size > LONGEST_BODY:
        yield from values.within(f"{path}.body", size, 0, LONGEST_BODY)
    yield from values.within(f"{path}.status", int(said.get("status") or 0), 200, 600)


def retries(path: str, said: Said | None) -> Found:
    if said is None:
        return
    attempts = int(said.get("attempts") or 0)
    if attempts < 0:
        yield from values.within(f"{path}.attempts", attempts, 0, 2**31 - 1)
    others = ("perTryTimeout", "retryOn", "retryRemoteLocalities")
    if not attempts and any(said.get(key) is not None and said[key] != "" for key in others):
        yield Reason("istio-no-attempts", {"path": path})
    for key in ("perTryTimeout", "backoff"):
        if said.get(key) is not None:
            yield from values.duration(f"{path}.{key}", said[key])
    for word in said["retryOn"].split(",") if said.get("retryOn") else ():
        if not (word.isdecimal() and int(word) in values.STATUSES):
            yield from values.choice(f"{path}.retryOn", word, RETRY_ON)


def rewrite(path: str, said: Said | None) -> Found:
    if said is None:
        return
    regex = said.get("uriRegexRewrite")
    if said.get("uri") and regex is not None:
        yield Reason("istio-together", {"path": path, "one": "uri", "other": "uriRegexRewrite"})
    if not said.get("uri") and regex is None and not said.get("authority"):
        yield Reason("istio-missing", {"path": f"{path}.uri"})
    if regex is not None:
        if not regex.get("match") or not regex.get("rewrite"):
            yield Reason("istio-missing", {"path": f"{path}.uriRegexRewrite"})
        else:
            yield from values.regex(f"{path}.uriRegexRewrite.match", regex["match"])
