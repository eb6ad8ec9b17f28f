"""An HTTPRoute's rules written as Istio's http rules, one for each match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import re2

from grayrelease.domain.evaluate import names
from grayrelease.domain.evaluate.durations import seconds, spelled
from grayrelease.domain.evaluate.registry import GATEWAY_API, Manifest, World, items, ref, spec
from grayrelease.domain.evaluate.tables import Written

EVERY_PATH: Mapping[str, Any] = {"path": {"type": "PathPrefix", "value": "/"}}
TYPES = {"Exact": "exact", "PathPrefix": "prefix", "RegularExpression": "regex"}
RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled")
NOWHERE: Mapping[str, Any] = {"host": ""}
"""A backend that may not be used: Istio has no name for it."""


class NotUnderstood(Exception):
    """A rule that Istio refuses: then it takes none of the route's rules."""


def written(world: World, route: Manifest, *, granted: bool) -> list[Written]:
    """Return an HTTPRoute's rules. `granted`: backends of other namespaces need no ReferenceGrant.

    Raises NotUnderstood.
    """
    found: list[Written] = []
    for index, rule in enumerate(items(spec(route), "rules")):
        matches: Sequence[Any] = rule.get("matches", [EVERY_PATH])
        done = _Rule(world, ref(route).namespace, granted).written(rule)
        name = rule.get("name") or f"{ref(route).namespace}.{ref(route).name}.{index}"
        for number, match in enumerate(matches or [None]):
            asked = [] if match is None else [_match(match)]
            position = None if match is None or "matches" not in rule else number
            found.append(Written({**done, "name": name, "match": asked}, ref(route), index, match=position))
    return found


def precedence(rule: Mapping[str, Any]) -> tuple[object, ...]:
    """Sort key: exact paths, then prefixes, then patterns, the longer first.

    Of one path: a method, then the number of headers, then of query parameters. So a pattern never
    comes before a rule for every path, contrary to what the Gateway API leaves open.
    """
    match = next(iter(rule.get("match") or ()), None)
    if match is None:
        return (True,)
    kind, value = next(iter(match["uri"].items()))
    rank = ("exact", "prefix", "regex").index(kind)
    asked = (-len(match.get("headers") or ()), -len(match.get("queryParams") or ()))
    return (False, rank, -len(value), not match.get("method"), *asked)


def _match(match: Mapping[str, Any]) -> dict[str, Any]:
    path = match.get("path") or EVERY_PATH["path"]
    kind, value = TYPES[path.get("type") or "PathPrefix"], path.get("value") or "/"
    if kind == "prefix" and value != "/":
        value = value.removesuffix("/")
    found: dict[str, Any] = {"uri": {kind: value}}
    for key, to in (("headers", "headers"), ("queryParams", "queryParams")):
        if match.get(key):
            found[to] = {e["name"]: {TYPES[e.get("type") or "Exact"]: e["value"]} for e in match[key]}
    if match.get("method"):
        found["method"] = {"exact": match["method"]}
    return found


class _Rule:
    """Writes rules of one namespace."""

    def __init__(self, world: World, namespace: str, granted: bool) -> None:
        self.world = world
        self.namespace = namespace
        self.granted = granted

    def written(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for said in items(rule, "filters"):
            self._filter(said, done)
        done.update(_retries(rule.get("retry")))
        _timeouts(rule.get("timeouts") or {}, done)
        backends = [each for each in items(rule, "backendRefs") if each.get("weight", 1) > 0]
        if not backends and "redirect" not in done:
            return {**done, "directResponse": {"status": 500}}
        return {**done, "route": [self._backend(each, len(backends)) for each in backends]}

    def _filter(self, said: Mapping[str, Any], done: dict[str, Any]) -> None:
        match said.get("type"):
            case "RequestHeaderModifier" | "ResponseHeaderModifier":
                _modify(said, done)
            case "RequestRedirect":
                done["redirect"] = _redirect(said.get("requestRedirect") or {})
            case "URLRewrite":
                done["rewrite"] = _rewrite(said.get("urlRewrite") or {})
            case "RequestMirror":
                done.setdefault("mirrors", []).extend(self._mirror(said.get("requestMirror") or {}))
            case "CORS":
                done["corsPolicy"] = _cors(said.get("cors") or {})
            case _:
                raise NotUnderstood(said.get("type"))

    def _backend(self, said: Mapping[str, Any], count: int) -> Mapping[str, Any]:
        found: dict[str, Any] = {"destination": self._destination(said)}
        if count > 1:
            found["weight"] = said.get("weight", 1)
        for modifier in items(said, "filters"):
            if modifier.get("type") not in ("RequestHeaderModifier", "ResponseHeaderModifier"):
                raise NotUnderstood(modifier.get("type"))
            _modify(modifier, found)
        return found

    def _destination(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        kind, name = said.get("kind") or "Service", said.get("name") or ""
        namespace = said.get("namespace") or self.namespace
        if namespace != self.namespace and not self.granted and not self._grants(kind, name, namespace):
            return NOWHERE
        if kind == "Hostname":
            host = name
        elif kind == "Service" and "." not in name:
            host = f"{name}.{namespace}.{names.DOMAIN}"
        elif kind == "Service":
            raise NotUnderstood(name)
        else:
            return NOWHERE
        if said.get("port") is None:
            raise NotUnderstood("port")
        return {"host": host, "port": {"number": said["port"]}}

    def _grants(self, kind: str, name: str, namespace: str) -> bool:
        asked = (GATEWAY_API, "HTTPRoute", self.namespace)
        for grant in self.world.of(GATEWAY_API, "ReferenceGrant"):
            if ref(grant).namespace != namespace:
                continue
            given = [(e.get("group"), e.get("kind"), e.get("namespace")) for e in items(spec(grant), "from")]
            towards = [e for e in items(spec(grant), "to") if e.get("kind") == kind]
            if asked in given and any(e.get("name") in (None, "", name) for e in towards):
                return True
        return False

    def _mirror(self, said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        destination = self._destination(said.get("backendRef") or {})
        if destination["host"] not in self.world.services:
            return
        found: dict[str, Any] = {"destination": destination}
        if part := said.get("fraction"):
            found["percentage"] = {"value": 100 * part["numerator"] / (part.get("denominator") or 100)}
        elif said.get("percent") is not None:
            found["percentage"] = {"value": said["percent"]}
        yield found


def _modify(said: Mapping[str, Any], done: dict[str, Any]) -> None:
    key = "request" if said["type"] == "RequestHeaderModifier" else "response"
    change = said.get(f"{key}HeaderModifier") or {}
    done.setdefault("headers", {})[key] = {
        "set": _values(items(change, "set")),
        "add": _values(items(change, "add")),
        "remove": list(items(change, "remove")),
    }


def _values(headers: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {each["name"].lower(): each.get("value") or "" for each in reversed(headers)}


def _redirect(said: Mapping[str, Any]) -> dict[str, Any]:
    path = said.get("path") or {}
    found = {
        "redirectCode": said.get("statusCode") or 302,
        "authority": said.get("hostname") or "",
        "scheme": said.get("scheme") or "",
        "uri": path.get("replaceFullPath") or "",
        "prefixRewrite": path.get("replacePrefixMatch") or "",
    }
    if said.get("port"):
        return {**found, "port": said["port"]}
    return {**found, "derivePort": "FROM_PROTOCOL_DEFAULT" if said.get("scheme") else "FROM_REQUEST_PORT"}


def _rewrite(said: Mapping[str, Any]) -> dict[str, Any]:
    path = said.get("path") or {}
    found: dict[str, Any] = {"authority": said.get("hostname") or ""}
    if path.get("type") == "ReplacePrefixMatch":
        found["uri"] = (path.get("replacePrefixMatch") or "").removesuffix("/") or "/"
    elif path:
        found["uriRegexRewrite"] = {"match": "/.*", "rewrite": path.get("replaceFullPath") or ""}
    return found


def _cors(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "allowOrigins": [_origin(each) for each in items(said, "allowOrigins")],
        "unmatchedPreflights": "IGNORE",
    }


def _origin(origin: str) -> Mapping[str, str]:
    if origin == "*":
        return {"regex": r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s?#]+"}
    before, star, after = origin.partition("*")
    if not star:
        return {"exact": origin}
    if not after:
        return {"prefix": before}
    return {"regex": ".*".join(map(re2.escape, origin.split("*")))}


def _retries(said: Mapping[str, Any] | None) -> dict[str, Any]:
    if said is None:
        return {}
    on = ",".join([*RETRY_ON, *map(str, items(said, "codes"))])
    attempts = said.get("attempts", 2)
    return {"retries": {"attempts": attempts, "retryOn": on if attempts else ""}}


def _timeouts(said: Mapping[str, Any], done: dict[str, Any]) -> None:
    if whole := seconds(said.get("request")):
        done["timeout"] = spelled(whole)
    if each := seconds(said.get("backendRequest")):
        if "retries" in done:
            done["retries"]["perTryTimeout"] = spelled(each)
        else:
            done["timeout"] = spelled(each)
