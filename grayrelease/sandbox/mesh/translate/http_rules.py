"""Rules of an HTTPRoute as rules of a VirtualService, each with exactly one match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grayrelease.sandbox.mesh.translate import hosts
from grayrelease.sandbox.mesh.translate.objects import Object, Objects, name_of, namespace_of, spec_of

NOBODY: Object = {"host": ""}
"""The destination of a reference that is not allowed."""
ANY_PATH = {"type": "PathPrefix", "value": "/"}
KINDS = {"Exact": "exact", "RegularExpression": "regex"}
FAILED: Object = {"status": 500}


@dataclass(frozen=True)
class Backends:
    """What a route's references to backends lead to; in the mesh other namespaces need no grant."""

    objects: Objects
    route: Object
    mesh: bool

    def destination(self, reference: Object) -> Object:
        """Give a VirtualService's destination."""
        own = namespace_of(self.route)
        namespace = reference.get("namespace") or own
        if reference.get("kind", "Service") == "Hostname":
            return {"host": reference["name"], "port": {"number": reference.get("port", 0)}}
        if reference.get("kind", "Service") != "Service" or reference.get("group"):
            return NOBODY
        if not self.mesh and namespace != own and not self._granted(namespace, reference["name"]):
            return NOBODY
        port = {"number": reference["port"]}
        return {"host": hosts.fqdn(reference["name"], namespace), "port": port}

    def exists(self, destination: Object) -> bool:
        """Say whether a destination is a Service that is there."""
        known = {hosts.fqdn(name_of(item), namespace_of(item)) for item in self.objects.services}
        entries = {host for item in self.objects.service_entries for host in spec_of(item).get("hosts") or []}
        return destination["host"] in known | entries

    @property
    def name(self) -> str:
        """What istiod names the route's rules by."""
        return f"{namespace_of(self.route)}.{name_of(self.route)}"

    def _granted(self, namespace: str, service: str) -> bool:
        grants = (spec_of(item) for item in self.objects.grants if namespace_of(item) == namespace)
        return any(self._grants(grant, service) for grant in grants)

    def _grants(self, grant: Object, service: str) -> bool:
        own = namespace_of(self.route)
        sources = [(entry.get("kind"), entry.get("namespace")) for entry in grant.get("from") or []]
        targets = [entry for entry in grant.get("to") or [] if entry.get("kind") == "Service"]
        named = any(entry.get("name") in (None, "", service) for entry in targets)
        return ("HTTPRoute", own) in sources and named


def http_rules(rules: Sequence[Object], backends: Backends) -> Iterator[Object]:
    """Write rules, each once for each of its matches."""
    for number, rule in enumerate(rules):
        written = _rule(rule, number, backends)
        for match in rule.get("matches") or [{}]:
            yield {**written, "match": [_match(match)]}


def _rule(rule: Object, number: int, backends: Backends) -> Object:
    written: Object = {"name": rule.get("name") or f"{backends.name}.{number}", **_timeout(rule)}
    for each in rule.get("filters") or []:
        _add_filter(written, each, backends)
    targets = rule.get("backendRefs") or []
    if not any(target.get("weight", 1) for target in targets):
        return written if "redirect" in written else {**written, "directResponse": FAILED}
    return {**written, "route": list(_targets(targets, backends))}


def _timeout(rule: Object) -> Object:
    asked = rule.get("timeouts") or {}
    # Without retries of its own, what is meant for one try holds for all.
    waits = [asked.get(name) for name in ("backendRequest", "request")]
    wait = next((wait for wait in waits if wait and wait.strip("0hms")), None)
    return {"timeout": wait} if wait else {}


def _targets(targets: Sequence[Object], backends: Backends) -> Iterator[Object]:
    chosen = [target for target in targets if target.get("weight", 1)]
    for target in chosen:
        headers: Object = {}
        for each in target.get("filters") or []:
            _add_headers(headers, each)
        yield {
            "destination": backends.destination(target),
            "weight": target.get("weight", 1) if len(chosen) > 1 else 0,
            **({"headers": headers} if headers else {}),
        }


def _add_filter(written: Object, each: Object, backends: Backends) -> None:
    kind = each["type"]
    if kind == "RequestRedirect":
        written["redirect"] = _redirect(each["requestRedirect"])
    elif kind == "URLRewrite":
        written["rewrite"] = _rewrite(each["urlRewrite"])
    elif kind == "RequestMirror":
        written.setdefault("mirrors", []).extend(_mirrors(each["requestMirror"], backends))
    elif kind == "CORS":
        written["corsPolicy"] = _cors(each["cors"])
    else:
        _add_headers(written.setdefault("headers", {}), each)


def _add_headers(headers: Object, each: Object) -> None:
    for kind, side in (("RequestHeaderModifier", "request"), ("ResponseHeaderModifier", "response")):
        if each["type"] == kind:
            changes = each[f"{side}HeaderModifier"]
            headers[side] = {
                "set": _by_name(changes.get("set") or []),
                "add": _by_name(changes.get("add") or []),
                "remove": changes.get("remove") or [],
            }


def _by_name(entries: Sequence[Object]) -> dict[str, str]:
    # Of several with one name the first counts.
    return {entry["name"].lower(): entry["value"] for entry in reversed(entries)}


def _mirrors(wanted: Object, backends: Backends) -> Iterator[Object]:
    destination = backends.destination(wanted["backendRef"])
    if backends.exists(destination):
        percent = float(wanted.get("percent", 100))
        if wanted.get("fraction"):
            percent = 100 * wanted["fraction"]["numerator"] / wanted["fraction"].get("denominator", 100)
        yield {"destination": destination, "percentage": {"value": percent}}


def _redirect(wanted: Object) -> Object:
    written: Object = {"redirectCode": wanted.get("statusCode", 302)}
    for field, target in (("hostname", "authority"), ("scheme", "scheme"), ("port", "port")):
        if wanted.get(field):
            written[target] = wanted[field]
    if "port" not in written and "scheme" not in written:
        written["derivePort"] = "FROM_REQUEST_PORT"
    path = wanted.get("path") or {}
    if path.get("type") == "ReplaceFullPath":
        written["uri"] = path["replaceFullPath"]
    elif path:
        written["prefixRewrite"] = path["replacePrefixMatch"]
    return written


def _rewrite(wanted: Object) -> Object:
    written: Object = {"authority": wanted["hostname"]} if wanted.get("hostname") else {}
    path = wanted.get("path") or {}
    if path.get("type") == "ReplaceFullPath":
        written["uriRegexRewrite"] = {"match": "/.*", "rewrite": path["replaceFullPath"]}
    elif path:
        written["uri"] = path["replacePrefixMatch"].removesuffix("/") or "/"
    return written


def _cors(wanted: Object) -> Object:
    origins = [{"regex": _origin(origin)} for origin in wanted.get("allowOrigins") or []]
    lists = ("allowMethods", "allowHeaders", "exposeHeaders")
    written: Object = {name: wanted[name] for name in lists if name in wanted}
    return {
        **written,
        "allowOrigins": origins,
        "maxAge": f"{wanted.get('maxAge', 5)}s",
        "allowCredentials": bool(wanted.get("allowCredentials")),
        "unmatchedPreflights": "IGNORE",
    }


def _origin(origin: str) -> str:
    if origin == "*":
        return r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+"
    return ".*".join(re.escape(part) for part in origin.split("*"))


def _match(match: Object) -> Object:
    path = match.get("path") or ANY_PATH
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    uri = {KINDS[kind]: value} if kind in KINDS else {"prefix": value.removesuffix("/") or "/"}
    written: Object = {"uri": uri}
    if match.get("method"):
        written["method"] = {"exact": match["method"]}
    for source, target in (("headers", "headers"), ("queryParams", "queryParams")):
        if match.get(source):
            written[target] = {entry["name"]: _value(entry) for entry in match[source]}
    return written


def _value(entry: Object) -> Object:
    return {KINDS[entry.get("type", "Exact")]: entry["value"]}
