"""Matches of a VirtualService's rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import re2

from grayrelease.sandbox.mesh.translate.objects import Object, selects

MESH = "mesh"
STRING_KINDS = ("exact", "prefix", "regex")
PSEUDO = {"method": ":method", "authority": ":authority", "scheme": ":scheme"}


class Unusable(ValueError):
    """A rule that Envoy would refuse; Istio's admission would not have let it in."""


def string_match(condition: Object) -> Object | None:
    """Write a StringMatch for Envoy; None where it only asks for presence.

    Raises Unusable for a pattern that is not RE2.
    """
    kind = next((kind for kind in STRING_KINDS if kind in condition), None)
    if kind is None:
        return None
    if kind != "regex":
        return {kind: condition[kind]}
    return {"safe_regex": {"regex": _pattern(condition["regex"])}}


def route_match(match: Object, *, segments: bool = False) -> Object:
    """Write the part of a match that looks at the request.

    `segments` compares prefixes of paths by whole segments, as the Gateway API does. Raises Unusable.
    """
    written = _path(match.get("uri") or {}, bool(match.get("ignoreUriCase")))
    if segments and written.get("prefix", "/") != "/":
        written["path_separated_prefix"] = written.pop("prefix").removesuffix("/")
    headers = [*_pseudo_headers(match), *_headers(match)]
    query = [_query(name, condition) for name, condition in (match.get("queryParams") or {}).items()]
    return (
        written | ({"headers": headers} if headers else {}) | ({"query_parameters": query} if query else {})
    )


def is_catch_all(written: Object) -> bool:
    """Say whether a written match takes every request."""
    if "headers" in written or "query_parameters" in written:
        return False
    return written.get("prefix") == "/" or (written.get("safe_regex") or {}).get("regex") == ".*"


def exists_for(match: Object, *, port: int, gateway: str, labels: Mapping[str, str], namespace: str) -> bool:
    """Say whether a rule with this match is in a caller's table at all; `gateway` may be `mesh`."""
    if match.get("port") not in (None, 0, port):
        return False
    if match.get("gateways"):
        # Who the caller is does not matter then.
        return gateway in match["gateways"]
    labelled = selects(match.get("sourceLabels") or {}, labels)
    return labelled and match.get("sourceNamespace") in (None, "", namespace)


def _path(uri: Object, ignore_case: bool) -> Object:
    condition = string_match(uri)
    if condition is None:
        return {"prefix": "/"}
    if "exact" in condition:
        condition = {"path": condition["exact"]}
    if ignore_case and "safe_regex" not in condition:
        condition["case_sensitive"] = False
    return condition


def _pseudo_headers(match: Object) -> Iterator[Object]:
    for field, name in PSEUDO.items():
        if match.get(field) is not None:
            yield _header(name, match[field])


def _headers(match: Object) -> Iterator[Object]:
    for name, condition in (match.get("headers") or {}).items():
        yield _header(name, condition)
    for name, condition in (match.get("withoutHeaders") or {}).items():
        yield _absent_header(name, condition)


def _header(name: str, condition: Object) -> Object:
    value = None if _asks_for_presence(condition) else string_match(condition)
    test = {"present_match": True} if value is None else {"string_match": value}
    return {"name": name.lower(), **test}


def _absent_header(name: str, condition: Object) -> Object:
    written = _header(name, condition) | {"invert_match": True}
    return written if "present_match" in written else written | {"treat_missing_header_as_empty": True}


def _asks_for_presence(condition: Object) -> bool:
    # Istio takes the pattern * for presence; its admission lets it in under withoutHeaders only.
    return condition.get("regex") == "*" or not any(kind in condition for kind in STRING_KINDS)


def _query(name: str, condition: Object) -> Object:
    value = None if _asks_for_presence(condition) else string_match(condition)
    return {"name": name, **({"present_match": True} if value is None else {"string_match": value})}


def _pattern(pattern: str) -> str:
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise Unusable(f"not a pattern: {pattern!r}") from error
    return pattern
