"""What a rule adds to its route: retries, timeout, faults, mirrors, CORS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from grayrelease.domain.evaluate.answer import Fault, Mirror, Retries
from grayrelease.domain.evaluate.clusters import Clusters
from grayrelease.domain.evaluate.durations import seconds, spelled
from grayrelease.domain.evaluate.registry import items
from grayrelease.domain.evaluate.request import Arrived
from grayrelease.domain.evaluate.texts import text

Target = tuple[str, str, int | None]
"""Host, subset, port."""
USUAL_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
USUAL = Retries(2, USUAL_ON)
STATUSES = frozenset(int(status) for status in HTTPStatus)
BY_CODE = "retriable-status-codes"
GRPC_ABORTED = 200
"""The HTTP status of a request that is broken off with a gRPC status, whoever asked; probed with 1.40."""


def timeout(rule: Mapping[str, Any]) -> str:
    return spelled(seconds(rule.get("timeout")) or 0)


def retries(rule: Mapping[str, Any]) -> Retries | None:
    """Return a rule's retries: Istio's usual ones where it says nothing, None where it has none."""
    said = rule.get("retries")
    if said is None:
        return USUAL
    attempts = int(said.get("attempts") or 0)
    if attempts <= 0:
        return None
    on, codes = _retry_on(said.get("retryOn") or USUAL_ON)
    each = seconds(said.get("perTryTimeout"))
    return Retries(attempts, on, spelled(each) if each else "", codes)


def _retry_on(said: str) -> tuple[str, tuple[int, ...]]:
    parts = [part.strip() for part in said.split(",") if part.strip()]
    codes = tuple(int(part) for part in parts if part.isdecimal() and int(part) in STATUSES)
    words = [part for part in parts if not (part.isdecimal() and int(part) in STATUSES)]
    if codes and BY_CODE not in words:
        words.append(BY_CODE)
    return ",".join(words), codes


def tried_again(known: Retries | None, status: int) -> bool:
    """Tell whether an upstream's answer of this status makes the proxy try again."""
    if known is None:
        return False
    on = known.on.split(",")
    return any(
        (
            "5xx" in on and status >= 500,
            "gateway-error" in on and status in (502, 503, 504),
            "retriable-4xx" in on and status == 409,
            BY_CODE in on and status in known.codes,
        )
    )


def fault(rule: Mapping[str, Any]) -> Fault:
    said = rule.get("fault") or {}
    abort, delay = said.get("abort") or {}, said.get("delay") or {}
    pause = seconds(delay.get("fixedDelay")) or 0
    return Fault(
        abort=percent(abort.get("percentage"), 0) if _abort_status(abort) else 0,
        abort_status=_abort_status(abort),
        delay=percent(delay.get("percentage"), float(delay.get("percent") or 0)) if pause else 0,
        delay_s=pause,
    )


def _abort_status(abort: Mapping[str, Any]) -> int:
    if abort.get("grpcStatus"):
        return GRPC_ABORTED
    return int(abort.get("httpStatus") or 0)


def percent(said: Mapping[str, Any] | None, otherwise: float) -> float:
    """Return a percentage as Envoy gets it: in whole parts of a million."""
    if said is None:
        return otherwise
    return int(float(said.get("value") or 0) * 10_000) / 10_000


def mirrors(copied: Iterable[tuple[Target, float]], clusters: Clusters) -> tuple[Mirror, ...]:
    """Return where copies go, from targets and their percentages; one of 0 gets none."""
    return tuple(
        Mirror(*target, share, reachable=not clusters.state(*target)) for target, share in copied if share > 0
    )


def mirrored(rule: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Yield a rule's mirrors: destination and percentage."""
    if rule.get("mirror"):
        whole = rule.get("mirrorPercent")
        yield rule["mirror"], percent(rule.get("mirrorPercentage"), 100.0 if whole is None else float(whole))
    for each in items(rule, "mirrors"):
        yield each.get("destination") or {}, percent(each.get("percentage"), 100.0)


def preflight_status(rule: Mapping[str, Any], request: Arrived) -> int | None:
    """Return the status with which the proxy itself answers a CORS preflight, None if it doesn't."""
    policy = rule.get("corsPolicy")
    origins = request.values("origin")
    if not policy or not origins or request.method != "OPTIONS":
        return None
    if not request.values("access-control-request-method"):
        return None
    if _allowed(policy, origins[0]):
        return 200
    return 200 if policy.get("unmatchedPreflights") == "IGNORE" else None


def _allowed(policy: Mapping[str, Any], origin: str) -> bool:
    known = [text(each) for each in items(policy, "allowOrigins")]
    known = known or [text({"exact": each}) for each in items(policy, "allowOrigin")]
    return any(each == text({"exact": "*"}) or each.fits(origin) for each in known)
