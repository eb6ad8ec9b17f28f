"""Names of hosts as Istio reads them."""

from __future__ import annotations

from collections.abc import Iterable

DOMAIN = "svc.cluster.local"


def fqdn(name: str, namespace: str) -> str:
    """Give a service's full name."""
    return f"{name}.{namespace}.{DOMAIN}"


def full(host: str, namespace: str) -> str:
    """Give a host's full name: only one without a dot is completed, with its object's namespace."""
    return host if "." in host or ":" in host or host in ("", "*") else fqdn(host, namespace)


def is_wildcard(host: str) -> bool:
    """Say whether a host stands for several."""
    return host.startswith("*")


def covers(pattern: str, host: str) -> bool:
    """Say whether a pattern (a name, `*` or `*.domain`) takes in a host or another pattern."""
    if not is_wildcard(pattern):
        return pattern == host
    return host.lstrip("*").endswith(pattern[1:]) and len(host) >= len(pattern)


def narrower(one: str, other: str) -> str | None:
    """Give what two patterns have in common: the more specific of them, or None."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


def best_match(host: str, patterns: Iterable[str]) -> str | None:
    """Give the most specific of the patterns that cover a host."""
    return max((p for p in patterns if covers(p, host)), key=_specificity, default=None)


def names_for(name: str, namespace: str, caller_namespace: str) -> list[str]:
    """List how a caller may name a service; its short name works in its own namespace only."""
    full = fqdn(name, namespace)
    names = [full, f"{full}.", f"{name}.{namespace}.svc", f"{name}.{namespace}"]
    return [*names, name] if namespace == caller_namespace else names


def _specificity(pattern: str) -> tuple[bool, int]:
    return not is_wildcard(pattern), len(pattern)
