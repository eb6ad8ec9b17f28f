"""What a VirtualService's rule does with a request, besides where it sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grayrelease.sandbox.grpc_statuses import GRPC_STATUSES
from grayrelease.sandbox.mesh.translate.matches import string_match
from grayrelease.sandbox.mesh.translate.objects import Object

RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
HOST_ATTEMPTS = 5
MILLION = 1_000_000
UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
GRPC_STATUS = {name: number for number, name in enumerate(GRPC_STATUSES)}
USUAL_PORTS = {"http": 80, "https": 443}
REDIRECT_CODES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def duration(text: str) -> str:
    """Write a Go duration (`1m30s`, `50ms`) as protobuf does: seconds with 0, 3, 6 or 9 decimals."""
    parts = re.findall(r"([\d.]+)(ms|us|ns|h|m|s)", text)
    seconds = sum(float(number) * UNITS_S[unit] for number, unit in parts)
    nanos = round(seconds * 1e9)
    decimals = next(each for each in (0, 3, 6, 9) if nanos % 10 ** (9 - each) == 0)
    return f"{nanos / 1e9:.{decimals}f}s"


def fraction(percent: float) -> Object:
    """Write a percentage in parts of a million."""
    # Cut off, not rounded, as Istio does.
    return {"numerator": int(percent * 10_000), "denominator": "MILLION"}


def header_changes(*fields: Object) -> Object:
    """Write `headers` fields: additions, overwritten values and removals, for requests and responses."""
    written: Object = {}
    for side in ("request", "response"):
        operations = [field.get(side) or {} for field in fields]
        added = [entry for each in operations for entry in (*_added(each, "set"), *_added(each, "add"))]
        removed = [name for each in operations for name in each.get("remove") or [] if not _is_own(name)]
        if added:
            written[f"{side}_headers_to_add"] = added
        if removed:
            written[f"{side}_headers_to_remove"] = removed
    return written


def host_rewrite(changes: Object | None) -> str:
    """Give the authority that a `headers` field sets (or adds, which is the same), or an empty text."""
    operations = (changes or {}).get("request") or {}
    pairs = [*(operations.get("set") or {}).items(), *(operations.get("add") or {}).items()]
    return next((value for name, value in pairs if _is_host(name)), "")


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
    pattern = wanted.get("uriRegexRewrite")
    if pattern:
        regex = {"regex": pattern["match"]}
        written["regex_rewrite"] = {"pattern": regex, "substitution": pattern["rewrite"]}
    elif wanted.get("uri"):
        written["prefix_rewrite"] = wanted["uri"]
    if wanted.get("authority"):
        written["host_rewrite_literal"] = wanted["authority"]
    return written


def removed_prefix(spec: Object | None, match: Object) -> Object:
    """Write the rewrite of a prefix to nothing, which leaves one slash and not two."""
    prefix = match.get("path_separated_prefix")
    if (spec or {}).get("uri") != "/" or prefix is None:
        return {}
    pattern = f"^{re.escape(prefix)}(/?)(.*)"
    return {"prefix_rewrite": "", "regex_rewrite": {"pattern": {"regex": pattern}, "substitution": r"/\2"}}


def redirect(spec: Object, port: int) -> Object:
    """Write Envoy's redirect action; `port` is where the request came in."""
    code = spec.get("redirectCode") or 301
    written: Object = {"response_code": REDIRECT_CODES.get(code, "MOVED_PERMANENTLY")}
    for field, target in (
        ("uri", "path_redirect"),
        ("prefixRewrite", "prefix_rewrite"),
        ("authority", "host_redirect"),
        ("scheme", "scheme_redirect"),
    ):
        if spec.get(field):
            written[target] = spec[field]
    wanted = port if spec.get("derivePort") == "FROM_REQUEST_PORT" else spec.get("port")
    if wanted and wanted != USUAL_PORTS.get(spec.get("scheme") or "http"):
        written["port_redirect"] = wanted
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
    status = {"httpStatus": "http_status", "grpcStatus": "grpc_status"}
    kind = next((kind for kind in status if kind in abort), None)
    # Without a percentage nothing fails, as recorded.
    if kind is not None and _percent(abort):
        told = abort[kind] if kind == "httpStatus" else GRPC_STATUS.get(abort[kind], 2)
        written["abort"] = {status[kind]: told, "percentage": fraction(_percent(abort))}
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
    old = [{"exact": origin} for origin in spec.get("allowOrigin") or []]
    origins = [string_match(origin) for origin in spec.get("allowOrigins") or old]
    written: Object = {
        "allow_origin_string_match": origins,
        "allow_methods": ",".join(spec.get("allowMethods") or []),
        "allow_headers": ",".join(spec.get("allowHeaders") or []),
        "expose_headers": ",".join(spec.get("exposeHeaders") or []),
        "allow_credentials": bool(spec.get("allowCredentials")),
        "forward_not_matching_preflights": spec.get("unmatchedPreflights") != "IGNORE",
    }
    if spec.get("maxAge"):
        written["max_age"] = duration(spec["maxAge"]).removesuffix("s")
    return {name: value for name, value in written.items() if value != ""}


def _added(operations: Object, kind: str) -> Iterator[Object]:
    action = "OVERWRITE_IF_EXISTS_OR_ADD" if kind == "set" else "APPEND_IF_EXISTS_OR_ADD"
    for name, value in sorted((operations.get(kind) or {}).items()):
        if not _is_own(name):
            yield {"header": {"key": name, "value": value}, "append_action": action}


def _is_own(name: str) -> bool:
    """Say whether a header is the proxy's own, which it lets nobody change like others."""
    return name.startswith(":") or name.lower() == "host"


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
