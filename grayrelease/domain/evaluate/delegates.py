"""Delegation: a root's rule joined with each rule of the VirtualService it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Rule = Mapping[str, Any]
Match = Mapping[str, Any]

FALLS_BACK = (
    "rewrite",
    "directResponse",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "mirrorPercent",
    "mirrorPercentage",
    "corsPolicy",
    "mirrors",
    "headers",
)
"""Fields that a delegate's rule takes from the root's where it has none."""
SINGLE = ("uri", "scheme", "method", "authority")
BY_NAME = ("headers", "withoutHeaders", "queryParams")
OTHERS = ("port", "sourceNamespace", "gateways")


def join(root: Rule, delegated: Rule) -> Rule | None:
    """Return the delegate's rule under the root's, or None where they contradict each other."""
    matches = _matches(root.get("match") or (), delegated.get("match") or ())
    if matches is None:
        return None
    joined = {**{key: root[key] for key in FALLS_BACK if root.get(key) is not None}, **delegated}
    joined.pop("match", None)
    return {**joined, "match": matches, "name": _named(root, delegated)}


def _named(root: Mapping[str, Any], inner: Mapping[str, Any]) -> str:
    return "-".join(name for name in (root.get("name"), inner.get("name")) if name)


def _matches(root: Sequence[Match], inner: Sequence[Match]) -> list[Match] | None:
    if not root or not inner:
        return list(inner or root)
    joined: list[Match] = []
    for match in inner:
        fitting = [outer for outer in root if not _contradict(outer, match)]
        if not fitting:
            return None
        joined += [_joined(outer, match) for outer in fitting]
    return joined


def _joined(root: Match, inner: Match) -> Match:
    joined = {**inner, "name": _named(root, inner)}
    for key in (*SINGLE, *OTHERS):
        if not joined.get(key) and root.get(key):
            joined[key] = root[key]
    for key in (*BY_NAME, "sourceLabels"):
        both = {**(root.get(key) or {}), **(inner.get(key) or {})}
        if both:
            joined[key] = both
    return joined


def _contradict(root: Match, inner: Match) -> bool:
    return any(
        (
            any(_texts_contradict(root.get(key), inner.get(key)) for key in SINGLE),
            any(_named_contradict(root.get(key) or {}, inner.get(key) or {}) for key in BY_NAME),
            bool(root.get("ignoreUriCase")) != bool(inner.get("ignoreUriCase")),
            _differ(root.get("port"), inner.get("port")),
            bool(root.get("sourceNamespace")) and root["sourceNamespace"] != inner.get("sourceNamespace"),
            _labels_contradict(root.get("sourceLabels") or {}, inner.get("sourceLabels") or {}),
            _gateways_contradict(root.get("gateways") or (), inner.get("gateways") or ()),
        )
    )


def _differ(one: Any, other: Any) -> bool:
    return bool(one) and bool(other) and one != other


def _labels_contradict(root: Mapping[str, str], inner: Mapping[str, str]) -> bool:
    return any(root.get(name, value) != value for name, value in inner.items())


def _gateways_contradict(root: Iterable[str], inner: Iterable[str]) -> bool:
    outer, narrower = list(root), list(inner)
    if not outer or not narrower:
        return False
    return len(outer) < len(narrower) or not set(narrower) <= set(outer)


def _named_contradict(root: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
    return any(name in root and _texts_contradict(root[name], said) for name, said in inner.items())


def _texts_contradict(root: Mapping[str, str] | None, inner: Mapping[str, str] | None) -> bool:
    """Tell whether the inner text is not a part of the root's. Patterns join with nothing else."""
    if root is None or inner is None:
        return False
    if root.get("regex") or inner.get("regex"):
        other = inner if root.get("regex") else root
        if any(other.get(kind) for kind in ("regex", "prefix", "exact")):
            return True
    if exact := root.get("exact"):
        return bool(inner.get("prefix")) or inner.get("exact") != exact
    if prefix := root.get("prefix"):
        narrower = inner.get("prefix") or inner.get("exact") or ""
        return not narrower.startswith(prefix)
    return True
