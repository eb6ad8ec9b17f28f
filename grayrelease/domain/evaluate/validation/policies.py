"""Traffic policies of DestinationRules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grayrelease.domain.evaluate.durations import seconds
from grayrelease.domain.evaluate.registry import items
from grayrelease.domain.evaluate.validation import values
from grayrelease.domain.evaluate.validation.values import Found
from grayrelease.domain.state import Reason

Said = Mapping[str, Any]

OF_PORT = ("outlierDetection", "connectionPool", "loadBalancer", "tls")
OF_ALL = (*OF_PORT, "portLevelSettings", "tunnel", "proxyProtocol", "retryBudget")
MOST = 2**31 - 1
COUNTS = ("http1MaxPendingRequests", "http2MaxRequests", "maxRequestsPerConnection", "maxRetries")
CERTIFICATES = ("clientCertificate", "privateKey")
LARGEST_TABLE = 5_000_010


def policy(path: str, said: Said | None) -> Found:
    if said is None:
        return
    if all(said.get(key) is None for key in OF_ALL):
        yield Reason("istio-missing", {"path": path})
    if said.get("tunnel") is not None and said.get("proxyProtocol") is not None:
        yield Reason("istio-together", {"path": path, "one": "tunnel", "other": "proxyProtocol"})
    yield from _parts(path, said)
    for number, each in enumerate(items(said, "portLevelSettings")):
        at = f"{path}.portLevelSettings[{number}]"
        if each.get("port") is None:
            yield Reason("istio-missing", {"path": f"{at}.port"})
        if all(each.get(key) is None for key in OF_PORT):
            yield Reason("istio-missing", {"path": at})
        yield from _parts(at, each)


def _parts(path: str, said: Said) -> Found:
    yield from _outliers(f"{path}.outlierDetection", said.get("outlierDetection") or {})
    if said.get("connectionPool") is not None:
        yield from _pool(f"{path}.connectionPool", said["connectionPool"])
    yield from _balancer(f"{path}.loadBalancer", said.get("loadBalancer") or {})
    yield from _tls(f"{path}.tls", said.get("tls") or {})


def _durations(path: str, said: Said, keys: tuple[str, ...]) -> Found:
    for key in keys:
        if said.get(key) is not None:
            yield from values.duration(f"{path}.{key}", said[key])


def _outliers(path: str, said: Said) -> Found:
    yield from _durations(path, said, ("baseEjectionTime", "interval"))
    if said.get("consecutiveLocalOriginFailures") and not said.get("splitExternalLocalOriginErrors"):
        yield Reason("istio-missing", {"path": f"{path}.splitExternalLocalOriginErrors"})
    for key in ("maxEjectionPercent", "minHealthPercent"):
        yield from values.within(f"{path}.{key}", int(said.get(key) or 0), 0, 100)


def _pool(path: str, said: Said) -> Found:
    http, tcp = said.get("http"), said.get("tcp")
    if http is None and tcp is None:
        yield Reason("istio-missing", {"path": path})
    yield from _http(f"{path}.http", http or {})
    yield from _tcp(f"{path}.tcp", tcp or {})


def _http(path: str, said: Said) -> Found:
    for key in (*COUNTS, "maxConcurrentStreams"):
        yield from values.within(f"{path}.{key}", int(said.get(key) or 0), 0, MOST)
    yield from _durations(path, said, ("idleTimeout",))
    if said.get("h2UpgradePolicy") == "UPGRADE" and said.get("useClientProtocol"):
        facts = {"path": path, "one": "h2UpgradePolicy", "other": "useClientProtocol"}
        yield Reason("istio-together", facts)


def _tcp(path: str, said: Said) -> Found:
    yield from values.within(f"{path}.maxConnections", int(said.get("maxConnections") or 0), 0, MOST)
    yield from _durations(path, said, ("connectTimeout", "maxConnectionDuration"))
    if seconds(said.get("idleTimeout")):
        yield from _durations(path, said, ("idleTimeout",))
    yield from _durations(f"{path}.tcpKeepalive", said.get("tcpKeepalive") or {}, ("time", "interval"))


def _balancer(path: str, said: Said) -> Found:
    hashed = said.get("consistentHash") or {}
    cookie = hashed.get("httpCookie")
    if cookie is not None and not cookie.get("name"):
        yield Reason("istio-missing", {"path": f"{path}.consistentHash.httpCookie.name"})
    if (maglev := hashed.get("maglev")) is not None:
        size = int(maglev.get("tableSize") or 0)
        at = f"{path}.consistentHash.maglev.tableSize"
        if not _is_prime(size):
            yield Reason("istio-choice", {"path": at, "value": str(size)})
        yield from values.within(at, size, 1, LARGEST_TABLE)
    if said.get("localityLbSetting") is not None and said.get("zoneAwareLbSetting") is not None:
        facts = {"path": path, "one": "localityLbSetting", "other": "zoneAwareLbSetting"}
        yield Reason("istio-together", facts)


def _is_prime(number: int) -> bool:
    if number < 4:
        return number > 0
    return number % 2 == 1 and all(number % factor for factor in range(3, int(number**0.5) + 1, 2))


def _tls(path: str, said: Said) -> Found:
    """Client TLS: mutual TLS needs its own certificate, from files or by name, not both."""
    mode, named = said.get("mode") or "DISABLE", said.get("credentialName")
    for key in CERTIFICATES:
        if mode == "MUTUAL" and not named and not said.get(key):
            yield Reason("istio-missing", {"path": f"{path}.{key}"})
        if mode in ("MUTUAL", "SIMPLE") and named and said.get(key):
            yield Reason("istio-together", {"path": path, "one": "credentialName", "other": key})
