"""What istiod says of policies: of traffic in a DestinationRule, of sharing with other origins."""

from __future__ import annotations

from math import isqrt

from grayrelease.sandbox.apiserver import istio_texts as texts
from grayrelease.sandbox.apiserver.istio_texts import Found
from grayrelease.sandbox.apiserver.objects import Object

POLICIES = ("outlierDetection", "connectionPool", "loadBalancer", "tls")
FURTHER_POLICIES = ("portLevelSettings", "tunnel", "proxyProtocol", "retryBudget")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")
LARGEST_TABLE = 5000011


def cors(spec: Object | None) -> Found:
    """Say what is wrong with a policy of sharing with other origins."""
    if spec is None:
        return
    for origin in spec.get("allowOrigins") or []:
        yield from texts.string_match(origin, "corsPolicy.allowOrigins")
    for method in spec.get("allowMethods") or []:
        if method not in METHODS:
            yield f'"{method}" is not a supported HTTP method'
    for name in [*(spec.get("allowHeaders") or []), *(spec.get("exposeHeaders") or [])]:
        yield from texts.shared_header(name)
    if "maxAge" in spec:
        yield from texts.duration(spec["maxAge"])


def traffic(policy: Object | None) -> Found:
    """Say what is wrong with a traffic policy of a DestinationRule."""
    if policy is None:
        return
    if not any(field in policy for field in (*POLICIES, *FURTHER_POLICIES)):
        yield "traffic policy must have at least one field"
        return
    yield from _parts(policy)
    for setting in policy.get("portLevelSettings") or []:
        if "port" not in setting:
            yield "portTrafficPolicy must have valid port"
        if any(field in setting for field in POLICIES):
            yield from _parts(setting)
        else:
            yield "port traffic policy must have at least one field"


def _parts(policy: Object) -> Found:
    yield from _outliers(policy.get("outlierDetection") or {})
    yield from _pool(policy)
    yield from _balancer(policy.get("loadBalancer") or {})


def _outliers(spec: Object) -> Found:
    for field in ("baseEjectionTime", "interval"):
        if field in spec:
            yield from texts.duration(spec[field])
    local = spec.get("consecutiveLocalOriginFailures") or 0
    if not spec.get("splitExternalLocalOriginErrors") and local > 0:
        yield (
            "outlier detection consecutive local origin failures is specified, "
            "but split external local origin errors is set to false"
        )
    for field in ("maxEjectionPercent", "minHealthPercent"):
        if not 0 <= spec.get(field, 0) <= 100:
            yield f"percentage {spec[field]} is not in range 0..100"


def _pool(policy: Object) -> Found:
    pool = policy.get("connectionPool")
    if pool is None:
        return
    if "tcp" not in pool and "http" not in pool:
        yield "connection pool must have at least one field"
    tcp, http = pool.get("tcp") or {}, pool.get("http") or {}
    for field in ("connectTimeout", "idleTimeout", "maxConnectionDuration"):
        if field in tcp and not (field == "idleTimeout" and texts.is_no_time(tcp[field])):
            yield from texts.duration(tcp[field])
    if "idleTimeout" in http:
        yield from texts.duration(http["idleTimeout"])
    if tcp.get("maxConnections", 0) < 0:
        yield "max connections must be non-negative"


def _balancer(spec: Object) -> Found:
    hashed = spec.get("consistentHash") or {}
    if "httpCookie" in hashed and not hashed["httpCookie"].get("name"):
        yield "name required for HttpCookie"
    if "maglev" in hashed:
        yield from _maglev(hashed["maglev"].get("tableSize", 0))
    if "warmup" in spec:
        yield from texts.duration(spec["warmup"].get("duration", "0s"))


def _maglev(size: int) -> Found:
    if size == 0:
        yield "tableSize must be set for maglev"
    if size >= LARGEST_TABLE:
        yield f"tableSize must be less than {LARGEST_TABLE} for maglev"
    if not _is_prime(size):
        yield "tableSize must be a prime number for maglev"


def _is_prime(number: int) -> bool:
    if number < 4:
        return number > 0  # to Envoy, 1 is one
    return number % 2 == 1 and all(number % factor for factor in range(3, isqrt(number) + 1, 2))
