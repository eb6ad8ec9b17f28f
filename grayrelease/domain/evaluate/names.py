"""Names of hosts and gateways as Istio completes and compares them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

DOMAIN = "svc.cluster.local"
MESH = "mesh"


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def complete(host: str, namespace: str) -> str:
    """Return a host as Istio takes it: a name without a dot means a Service of `namespace`."""
    if not host or "." in host or host == "*" or is_address(host):
        return host
    return f"{host}.{namespace}.{DOMAIN}"


def complete_gateway(name: str, namespace: str) -> str:
    """Return `mesh`, or a gateway as namespace/name. The old form name.namespace.… is understood."""
    if name == MESH:
        return name
    before, slash, after = name.partition("/")
    if slash:
        return f"{namespace}/{after}" if before == "." else name
    first, dot, rest = name.partition(".")
    return f"{rest.partition('.')[0]}/{first}" if dot else f"{namespace}/{name}"


def is_wild(host: str) -> bool:
    return host.startswith("*")


def within(host: str, other: str) -> bool:
    """Tell whether each name that `host` stands for is one that `other` stands for."""
    if not is_wild(other):
        return host == other
    if is_wild(host):
        return len(host) >= len(other) and host[1:].endswith(other[1:])
    return host.endswith(other[1:])


def overlap(host: str, other: str) -> bool:
    return within(host, other) or within(other, host)


def intersection(hosts: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the narrower name of each overlapping pair, once, in order."""
    known = list(others)
    found: dict[str, None] = {}
    for host in hosts:
        for other in known:
            if within(host, other):
                found[host] = None
            elif within(other, host):
                found[other] = None
    return list(found)


def specificity(host: str) -> tuple[bool, int, str]:
    """Sort key: names before wildcards, longer before shorter, then by letter."""
    return (is_wild(host), -len(host), host)


def most_specific(host: str, names: Collection[str]) -> str | None:
    """Return the name that is the host, else the longest wildcard that covers it."""
    if host in names:
        return host
    covering = [name for name in names if is_wild(name) and within(host, name)]
    return min(covering, key=specificity, default=None)
