"""Copies in a delegate: Istio joins each match with the delegating route's, and drops what conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from grayrelease.domain.routing.strings import StringMatch, Unsaid, both

Match = dict[str, Any]

TEXTS = ("uri", "scheme", "method", "authority")
NAMED = ("headers", "withoutHeaders", "queryParams")


def narrowed(roots: Sequence[Match], mine: Match | None, copy: Match) -> Iterator[Match]:
    """Yield a copy's match as it must stand in a delegate, for each match of the delegating routes.

    `mine` is the match of the delegate's route; None where it has none. Raises Unsaid with the field where
    Istio would drop the copy though a request may meet it.
    """
    found: list[Match] = [] if roots else [copy]
    for root in roots:
        if mine is not None and conflict(root, mine):
            continue
        match = _under(root, copy, bare=mine is None)
        if match is not None and match not in found:
            found.append(match)
    yield from found


def _under(root: Match, copy: Match, *, bare: bool) -> Match | None:
    result = dict(copy)
    for field in TEXTS:
        if field in root and field in copy:
            common = _both(root[field], copy[field], field)
            if common is None:
                return None
            result[field] = common
    for field in ("headers", "queryParams"):
        common_named = {**(copy.get(field) or {})}
        for name in (root.get(field) or {}).keys() & common_named.keys():
            common = _both(root[field][name], common_named[name], name)
            if common is None:
                return None
            common_named[name] = common
        if common_named:
            result[field] = common_named
    if root.get("ignoreUriCase") and "uri" not in copy:
        result["ignoreUriCase"] = True
    if bare and root.get("sourceNamespace"):
        result["sourceNamespace"] = root["sourceNamespace"]
    if field := conflict(root, result):
        raise Unsaid(field)
    return result


def _both(root: StringMatch, copy: StringMatch, field: str) -> StringMatch | None:
    try:
        return both(root, copy)
    except Unsaid:
        raise Unsaid(field) from None


def conflict(root: Match, leaf: Match) -> str:
    """Return the field by which Istio drops a delegate's match under a delegating route's; "" for none."""
    for field in TEXTS:
        if _differ(root.get(field), leaf.get(field)):
            return field
    for field in NAMED:
        for name, match in (leaf.get(field) or {}).items():
            if _differ((root.get(field) or {}).get(name), match):
                return str(name)
    if bool(root.get("ignoreUriCase")) != bool(leaf.get("ignoreUriCase")):
        return "uri"
    if root.get("port") and leaf.get("port") and root["port"] != leaf["port"]:
        return "port"
    if root.get("sourceNamespace") and root["sourceNamespace"] != leaf.get("sourceNamespace"):
        return "sourceNamespace"
    labels = root.get("sourceLabels") or {}
    if any(labels.get(key, value) != value for key, value in (leaf.get("sourceLabels") or {}).items()):
        return "sourceLabels"
    gateways = root.get("gateways") or []
    return "gateways" if gateways and not set(leaf.get("gateways") or []) <= set(gateways) else ""


def _differ(root: StringMatch | None, leaf: StringMatch | None) -> bool:
    """Tell if Istio can't join two matches of one field: never where a regex meets anything."""
    if root is None or leaf is None:
        return False
    if (root.get("regex") and any(leaf.values())) or (leaf.get("regex") and any(root.values())):
        return True
    if root.get("exact"):
        return bool(leaf.get("prefix")) or leaf.get("exact", "") != root["exact"]
    if root.get("prefix"):
        text = str(leaf.get("exact") or leaf.get("prefix") or root["prefix"])
        return not text.startswith(str(root["prefix"]))
    return False
