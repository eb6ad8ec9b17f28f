"""Delegation: a root VirtualService's rules with those that it hands requests on to, merged as Istio does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from grayrelease.sandbox.mesh.translate.objects import Object, exported_to, namespace_of, spec_of

INHERITED = (
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
"""Fields of the root's rule that a delegate's rule takes where it has none of its own."""
SINGLE = ("uri", "scheme", "method", "authority", "port", "sourceNamespace", "gateways", "statPrefix")
BY_NAME = ("headers", "withoutHeaders", "queryParams", "sourceLabels")

Delegates = Mapping[tuple[str, str], Object]
"""VirtualServices without hosts, by namespace and name, with full names in them."""


def with_delegates(root: Object, delegates: Delegates) -> Object:
    """Give a VirtualService with the delegates' rules in the place of those that name them."""
    rules = spec_of(root).get("http") or []
    if not any(rule.get("delegate") for rule in rules):
        return root
    merged = [each for rule in rules for each in _of_rule(rule, root, delegates)]
    return root | {"spec": spec_of(root) | {"http": merged}}


def _of_rule(rule: Object, root: Object, delegates: Delegates) -> Iterator[Object]:
    named = rule.get("delegate")
    if not named:
        yield rule
        return
    key = named.get("namespace") or namespace_of(root), named.get("name", "")
    delegate = delegates.get(key)
    # One that is missing or not to be seen takes its rule with it; requests go on to the next.
    if delegate is not None and exported_to(delegate, namespace_of(root)):
        for own in spec_of(delegate).get("http") or []:
            merged = _merged(rule, own)
            if merged is not None:
                yield merged


def _merged(root: Object, own: Object) -> Object | None:
    matches = _matches(root.get("match") or [], own.get("match") or [])
    if matches is None:
        return None
    name = "-".join(part for part in (root.get("name"), own.get("name")) if part)
    inherited = {field: root[field] for field in INHERITED if field in root and field not in own}
    return {**inherited, **own, "match": matches, "name": name}


def _matches(roots: list[Object], leaves: list[Object]) -> list[Object] | None:
    """Join the conditions; None when one of the delegate's fits none of the root's."""
    if not roots or not leaves:
        return leaves or roots
    joined = [(leaf, _joined(root, leaf)) for leaf, root in product(leaves, roots) if _fits(root, leaf)]
    fitting = {id(leaf) for leaf, _ in joined}
    if any(id(leaf) not in fitting for leaf in leaves):
        return None
    return [match for _, match in joined]


def _joined(root: Object, leaf: Object) -> Object:
    match = dict(leaf)
    name = "-".join(part for part in (root.get("name"), leaf.get("name")) if part)
    if name:
        match["name"] = name
    for field in SINGLE:
        if not leaf.get(field) and root.get(field):
            match[field] = root[field]
    for field in BY_NAME:
        both = {**(root.get(field) or {}), **(leaf.get(field) or {})}
        if both:
            match[field] = both
    return match


def _fits(root: Object, leaf: Object) -> bool:
    for field in ("uri", "scheme", "method", "authority"):
        if _conflict(root.get(field), leaf.get(field)):
            return False
    for field in ("headers", "withoutHeaders", "queryParams"):
        above = root.get(field) or {}
        if any(_conflict(above.get(name), value) for name, value in (leaf.get(field) or {}).items()):
            return False
    return bool(root.get("ignoreUriCase")) == bool(leaf.get("ignoreUriCase")) and _fits_caller(root, leaf)


def _fits_caller(root: Object, leaf: Object) -> bool:
    if root.get("port") and leaf.get("port") and root["port"] != leaf["port"]:
        return False
    # Contrary to the rest, a delegate that does not repeat the namespace does not fit.
    if root.get("sourceNamespace") and leaf.get("sourceNamespace") != root["sourceNamespace"]:
        return False
    above, below = root.get("sourceLabels") or {}, leaf.get("sourceLabels") or {}
    if any(above.get(name, value) != value for name, value in below.items()):
        return False
    gateways, own = root.get("gateways") or [], leaf.get("gateways") or []
    return not (gateways and own) or set(own) <= set(gateways)


def _conflict(root: Object | None, leaf: Object | None) -> bool:
    """Say whether a delegate's condition is not a part of the root's."""
    if root is None or leaf is None:
        return False
    if (root.get("regex") and any(leaf.values())) or (leaf.get("regex") and any(root.values())):
        return True
    if root.get("exact"):
        return bool(leaf.get("prefix")) or leaf.get("exact", "") != root["exact"]
    narrower = leaf.get("prefix") or leaf.get("exact") or ""
    # A root that only asks for presence fits no condition that the delegate repeats.
    return not (root.get("prefix") and narrower.startswith(root["prefix"]))
