"""What a VirtualService's rule does with a request, besides where it sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grayrelease.sandbox.mesh.translate.matches import string_match
from grayrelease.sandbox.mesh.translate.objects import Object

RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
HOST_ATTEMPTS = 5
MILLION = 1_000_000
UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
REDIRECT_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def duration(text: str) -> str:
    """Write a Go duration (`1m30s`, `50ms`) as Envoy reads it, in seconds."""
    parts = re.findall(r"([\d.]+)(ms|us|ns|h|m|s)", text)
    seconds = sum(float(number) * UNITS_S[unit] for number, unit in parts)
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def fraction(percent: float) -> Object:
    """Write a percentage in parts of a million."""
    return {"numerator": round(percent * 10_000), "denominator": "MILLION"}


def header_changes(changes: Object | None) -> Object:
    """Write a `headers` field: additions, overwritten values and removals, for requests and responses."""
    written: Object = {}
    for side in ("request", "response"):
        operations = (changes or {}).get(side) or {}
        added = [*_added(operations, "set"), *_added(operations, "add")]
        if added:
            written[f"{side}_headers_to_add"] = added
        if operations.get("remove"):
            written[f"{side}_headers_to_remove"] = operations["remove"]
    return written


def host_rewrite(changes: Object | None) -> str:
    """Give the authority that a `headers` field sets, or an empty text."""
    operations = ((changes or {}).get("request") or {}).get("set") or {}
    return next((value for name, value in operations.items() if _is_host(name)), "")


def retry_policy(retries: Object | None, default_attempts: int) -> Object:
    """Write `{"retry_policy": …}`, or nothing where nothing is tried twice."""
    wanted: Object = {"attempts": default_attempts} if retries is None else retries
    if not wanted.get("attempts"):
        return {}
    conditions, codes = _retry_conditions(wanted.get("retryOn") or RETRY_ON)
    policy: Object = {
        "retry_on": conditions,
        "num_retries": wanted["attempts"],
        "retry_host_predicate": [_predicate("envoy.retry_host_predicates.previous_hosts")],
        "host_selection_retry_max_attempts": HOST_ATTEMPTS,
    }
    if codes:
        policy["retriable_status_codes"] = codes
    if wanted.get("perTryTimeout"):
        policy["per_try_timeout"] = duration(wanted["perTryTimeout"])
    return {"retry_policy": policy}


def rewrite(spec: Object | None) -> Object:
    """Write a `rewrite` field."""
    wanted, written = spec or {}, {}
    if wanted.get("uri"):
        written["prefix_rewrite"] = wanted["uri"]
    if wanted.get("authority"):
        written["host_rewrite_literal"] = wanted["authority"]
    pattern = wanted.get("uriRegexRewrite")
    if pattern:
        written["regex_rewrite"] = {
            "pattern": {"regex": pattern["match"]},
            "substitution": pattern["rewrite"],
        }
    return written


def redirect(spec: Object) -> Object:
    """Write Envoy's redirect action."""
    written: Object = {
        "response_code": REDIRECT_CODES.get(spec.get("redirectCode", 301), "MOVED_PERMANENTLY")
    }
    for field, target in (
        ("uri", "path_redirect"),
        ("authority", "host_redirect"),
        ("scheme", "scheme_redirect"),
    ):
        if spec.get(field):
            written[target] = spec[field]
    if spec.get("port"):
        written["port_redirect"] = spec["port"]
    return written


def direct_response(spec: Object) -> Object:
    """Write Envoy's direct response action."""
    body = spec.get("body") or {}
    if "string" in body:
        return {"status": spec["status"], "body": {"inline_string": body["string"]}}
    if "bytes" in body:
        return {"status": spec["status"], "body": {"inline_bytes": body["bytes"]}}
    return {"status": spec["status"]}


def fault(spec: Object | None) -> Object:
    """Write the fault filter's settings for one route; empty where nothing is to fail."""
    written: Object = {}
    abort, delay = (spec or {}).get("abort") or {}, (spec or {}).get("delay") or {}
    # Without a percentage nothing fails, as recorded.
    if "httpStatus" in abort and _percent(abort):
        written["abort"] = {"http_status": abort["httpStatus"], "percentage": fraction(_percent(abort))}
    if "fixedDelay" in delay and _percent(delay):
        written["delay"] = {
            "fixed_delay": duration(delay["fixedDelay"]),
            "percentage": fraction(_percent(delay)),
        }
    return written


def cors(spec: Object | None) -> Object:
    """Write the CORS filter's settings for one route; empty where there are none."""
    if not spec:
        return {}
    origins = [string_match(origin) for origin in spec.get("allowOrigins") or []]
    written: Object = {
        "allow_origin_string_match": origins,
        "allow_methods": ",".join(spec.get("allowMethods") or []),
        "allow_headers": ",".join(spec.get("allowHeaders") or []),
        "expose_headers": ",".join(spec.get("exposeHeaders") or []),
        "allow_credentials": bool(spec.get("allowCredentials")),
        "forward_not_matching_preflights": True,
    }
    if spec.get("maxAge"):
        written["max_age"] = duration(spec["maxAge"]).removesuffix("s")
    return {name: value for name, value in written.items() if value != ""}


def _added(operations: Object, kind: str) -> Iterator[Object]:
    action = "OVERWRITE_IF_EXISTS_OR_ADD" if kind == "set" else "APPEND_IF_EXISTS_OR_ADD"
    for name, value in (operations.get(kind) or {}).items():
        if not _is_host(name):
            yield {"header": {"key": name, "value": value}, "append_action": action}


def _is_host(name: str) -> bool:
    return name.lower() in ("host", ":authority")


def _retry_conditions(text: str) -> tuple[str, list[int]]:
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    codes = [int(entry) for entry in entries if entry.isdigit()]
    names = [entry for entry in entries if not entry.isdigit()]
    if codes and "retriable-status-codes" not in names:
        names.append("retriable-status-codes")
    return ",".join(names), codes


def _predicate(name: str) -> Object:
    kind = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {"name": name, "typed_config": {"@type": kind}}


def _percent(part: Object) -> float:
    value: Any = (part.get("percentage") or {}).get("value", part.get("percent", 0))
    return float(value)
