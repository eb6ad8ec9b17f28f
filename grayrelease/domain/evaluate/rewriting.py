"""What the upstream sees in place of the path, and where a redirect leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import re2

from grayrelease.domain.evaluate.request import Arrived
from grayrelease.domain.evaluate.tables import Entry
from grayrelease.domain.evaluate.texts import replace_all

DEFAULT_PORTS = {"http": 80, "https": 443}


def rewritten(entry: Entry, request: Arrived) -> str:
    """Return path and query as the upstream gets them."""
    said = entry.spec.get("rewrite") or {}
    regex = said.get("uriRegexRewrite") or {}
    path, question, query = request.target.partition("?")
    if regex.get("match"):
        path = replace_all(regex["match"], regex.get("rewrite") or "", path)
    elif said.get("uri") == "/" and entry.bundle is not None and entry.bundle.gateway_api:
        prefix = entry.path.value if entry.path.kind == "path-prefix" else ""
        path = replace_all(f"^{re2.escape(prefix)}(/?)(.*)", r"/\2", path)
    elif said.get("uri"):
        path = _with_prefix(entry, path, said["uri"])
    return path + question + query


def _with_prefix(entry: Entry, path: str, replacement: str) -> str:
    """Put the replacement where the matched prefix is; an exact path or a pattern is replaced whole."""
    matched = len(entry.path.value) if entry.path.kind in ("prefix", "path-prefix") else len(path)
    return replacement + path[matched:]


def location(entry: Entry, request: Arrived) -> str:
    """Return the address to which a redirect leads."""
    said = entry.spec["redirect"]
    scheme = said.get("scheme") or request.scheme
    port = _port(said, request)
    host = said.get("authority") or _host(request, scheme, bool(port))
    return f"{scheme}://{host}{port}{_target(entry, said, request)}"


def _port(said: Mapping[str, Any], request: Arrived) -> str:
    number = said.get("port") or (request.port if said.get("derivePort") == "FROM_REQUEST_PORT" else 0)
    scheme = said.get("scheme") or ("https" if request.sent.secure else "http")
    return "" if not number or DEFAULT_PORTS.get(scheme) == number else f":{number}"


def _host(request: Arrived, scheme: str, new_port: bool) -> str:
    """Return the request's host; its port goes where a new one comes, or where it is the old scheme's."""
    host, colon, port = request.authority.rpartition(":")
    if not colon or port.endswith("]"):
        return request.authority
    before = ",".join(request.headers["x-forwarded-proto"])
    usual = scheme != before and DEFAULT_PORTS.get(before) == (int(port) if port.isdigit() else 0)
    return host if new_port or usual else request.authority


def _target(entry: Entry, said: Mapping[str, Any], request: Arrived) -> str:
    path, question, query = request.target.partition("?")
    if said.get("prefixRewrite"):
        return _with_prefix(entry, path, said["prefixRewrite"]) + question + query
    if not said.get("uri"):
        return request.target
    return str(said["uri"]) + ("" if "?" in said["uri"] else question + query)
