"""The conditions of one match: what each looks at, and how it failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grayrelease.domain.evaluate.answer import Failed, Where
from grayrelease.domain.evaluate.request import Arrived, Caller
from grayrelease.domain.evaluate.texts import Text, text

Match = Mapping[str, Any]
ONE_VALUE: tuple[Where, ...] = ("method", "authority", "scheme")


@dataclass(frozen=True)
class Condition:
    """One thing that is asked of a request."""

    where: Where
    name: str
    text: Text

    def failure(self, request: Arrived) -> Failed | None:
        had = self.had(request)
        if self.where == "no-header":
            held = not self._any(had if had or self.text.kind == "present" else ("",))
        else:
            held = self._any(had)
        return None if held else Failed(self.where, self.name, self.text, had)

    def _any(self, values: tuple[str, ...]) -> bool:
        return any(self.text.fits(value) for value in values)

    def had(self, request: Arrived) -> tuple[str, ...]:
        """Return the values that are compared, one by one; none if there is nothing."""
        match self.where:
            case "uri":
                return (request.path,)
            case "sni":
                return (request.host,)
            case "query":
                value = request.query.get(self.name)
                return () if value is None else (value,)
            case "header" | "no-header":
                return request.values(self.name.lower())
        return request.values(f":{self.where}")


def conditions(match: Match, *, by_segment: bool) -> tuple[Condition, ...]:
    """Return what a match asks of requests, in the order in which a page says it.

    `by_segment`: a uri prefix ends where a segment of the path ends, as in the Gateway API.
    """
    return tuple(_conditions(match, by_segment))


def _conditions(match: Match, by_segment: bool) -> Iterator[Condition]:
    path = path_text(match, by_segment=by_segment)
    if path != EVERY_PATH:
        yield Condition("uri", "", path)
    for name, said in sorted((match.get("headers") or {}).items()):
        yield Condition("header", name, text(said))
    for name, said in sorted((match.get("withoutHeaders") or {}).items()):
        yield Condition("no-header", name, text(said))
    for where in ONE_VALUE:
        if match.get(where) is not None:
            yield Condition(where, "", text(match[where]))
    for name, said in sorted((match.get("queryParams") or {}).items()):
        yield Condition("query", name, text(said))


EVERY_PATH = Text("prefix", "/")


def path_text(match: Match, *, by_segment: bool) -> Text:
    """Return what the path must be."""
    said = text(match.get("uri"))
    if said.kind == "present" or said in (EVERY_PATH, Text("prefix", "")):
        return EVERY_PATH
    if said.kind == "regex":
        return said
    folded = bool(match.get("ignoreUriCase"))
    if said.kind == "prefix" and by_segment:
        return Text("path-prefix", said.value.removesuffix("/"), folded)
    return Text(said.kind, said.value, folded)


def catches_all(match: Match | None, *, by_segment: bool) -> bool:
    """Tell whether every request fits, as Istio sees it: it moves such routes to the end at gateways."""
    asked = conditions(match or {}, by_segment=by_segment)
    return not asked or asked == (Condition("uri", "", Text("regex", ".*")),)


def caller_failure(match: Match | None, caller: Caller, gateway: str, port: int) -> Failed | None:
    """Return why a match is not in a caller's table at all, or None. `gateway` is `mesh` at sidecars."""
    if not match:
        return None
    if match.get("port") and int(match["port"]) != port:
        return Failed("port", "", Text("exact", str(match["port"])), (str(port),))
    if gateways := match.get("gateways"):
        fits = gateway in gateways
        return None if fits else Failed("gateways", "", Text("exact", ", ".join(gateways)), (gateway,))
    for name, value in (match.get("sourceLabels") or {}).items():
        if caller.labels.get(name) != value:
            had = (caller.labels[name],) if name in caller.labels else ()
            return Failed("sourceLabels", name, Text("exact", value), had)
    namespace = match.get("sourceNamespace")
    if namespace and namespace != caller.namespace:
        return Failed("sourceNamespace", "", Text("exact", namespace), (caller.namespace,))
    return None
