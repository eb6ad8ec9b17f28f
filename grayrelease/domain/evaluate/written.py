"""An answer as the recordings write it: one JSON object."""

from __future__ import annotations

from typing import Any

from grayrelease.domain.evaluate.answer import Answer, Destination, Mirror, Retries


def written(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain data. Headers that versions answer with are not worked out."""
    found: dict[str, Any] = {
        "status": answer.status,
        "destinations": [_destination(each, answer.status is None) for each in answer.destinations],
        "mirrors": [_mirror(each) for each in answer.mirrors],
    }
    if len({each.reason for each in answer.destinations}) < 2:
        found["reason"] = answer.reason or None  # else it is different for each destination, too
    if answer.authority or len({each.authority for each in answer.destinations}) < 2:
        found["rewrite"] = _rewrite(answer)  # else it is different for each destination
    if answer.location:
        found["response_headers"] = {"location": answer.location}
    if answer.destinations:
        found["timeout"] = answer.timeout
        if answer.retries is None or not answer.retries.codes:
            found["retries"] = _retries(answer.retries)
    return found


def _destination(each: Destination, differs: bool) -> dict[str, Any]:
    found = {"host": each.host, "subset": each.subset, "port": each.port, "weight": each.weight}
    return {**found, "status": each.status, "reason": each.reason or None} if differs else found


def _mirror(each: Mirror) -> dict[str, Any]:
    return {"host": each.host, "subset": each.subset, "port": each.port, "percent": each.percent}


def _rewrite(answer: Answer) -> dict[str, str] | None:
    said = {"path": answer.path, "authority": answer.authority}
    return {key: value for key, value in said.items() if value} or None


def _retries(known: Retries | None) -> dict[str, Any] | None:
    if known is None:
        return None
    found: dict[str, Any] = {"attempts": known.attempts, "on": known.on}
    return {**found, "perTryTimeout": known.per_try} if known.per_try else found
