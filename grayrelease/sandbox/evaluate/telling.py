"""Answers in the words of a cluster: destinations, mirrors, what was changed."""

from __future__ import annotations

from collections.abc import Iterator

from grayrelease.sandbox.evaluate.trial import Answer
from grayrelease.sandbox.mesh.translate.clusters import PASSTHROUGH
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.mesh.translate.routes import UNKNOWN

ALONE = 100
WHOLE = 10_000
NO_FLAGS = "-"
BEFORE = ("FI", "DI", "NR")
"""Flags of what happens before a destination is drawn."""


def told(answer: Answer, request: Object) -> Object:
    """Write an answer as a JSON object."""
    action = (answer.route or {}).get("route") or {}
    written: Object = {
        "status": answer.status,
        "destinations": list(_destinations(action)),
        "mirrors": list(_mirrors(action)),
        "answered": _target(answer.cluster) if answer.upstream else None,
    }
    written |= {name: value for name, value in _changed(answer, request).items() if value}
    return written | _reason(answer) | _waits(action)


def _destinations(action: Object) -> Iterator[Object]:
    single = {"name": action.get("cluster", UNKNOWN), "weight": ALONE}
    chosen = (action.get("weighted_clusters") or {}).get("clusters") or [single]
    for each in chosen:
        if each["name"] != UNKNOWN:
            yield {**_target(each["name"]), "weight": ALONE if len(chosen) == 1 else each["weight"]}


def _mirrors(action: Object) -> Iterator[Object]:
    for policy in action.get("request_mirror_policies") or []:
        share = policy["runtime_fraction"]["default_value"]["numerator"] / WHOLE
        yield {**_target(policy["cluster"]), "percent": share}


def _target(cluster: str) -> Object:
    if cluster == PASSTHROUGH:
        return {"host": cluster}
    # What follows the host tells callers with different DestinationRules apart.
    _, port, subset, host, *_ = cluster.split("|")
    return {"host": host, **({"subset": subset} if subset else {}), "port": int(port)}


def _changed(answer: Answer, request: Object) -> Object:
    route = answer.route or {}
    written: Object = {"response_headers": _response_headers(answer, route)}
    if answer.seen is not None:
        written["rewrite"] = _rewrite(answer.seen, request)
        written["request_headers"] = _request_headers(answer.seen, route, request)
    return written


def _rewrite(seen: Object, request: Object) -> Object:
    authority = next((value for name, value in seen["headers"] if name.lower() == "host"), "")
    pairs = (("path", seen["path"], request["path"]), ("authority", authority, request["authority"]))
    return {name: now for name, now, before in pairs if now != before}


def _request_headers(seen: Object, route: Object, request: Object) -> dict[str, str | None]:
    had = {name.lower() for name in request["headers"] or {}}
    now = _joined((name.lower(), value) for name, value in seen["headers"])
    return {
        name: now.get(name) for name in _touched(route, "request") if name in had or now.get(name) is not None
    }


def _response_headers(answer: Answer, route: Object) -> dict[str, str | None]:
    now = _joined(answer.headers)
    touched = _touched(route, "response") if answer.upstream else []
    if "location" in now and not answer.upstream:
        touched = [*touched, "location"]
    return {name: now.get(name) for name in touched}


def _joined(headers: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _touched(route: Object, side: str) -> list[str]:
    chosen = ((route.get("route") or {}).get("weighted_clusters") or {}).get("clusters") or []
    # Where destinations change different things, it depends on the one that is drawn.
    parts = [route, *chosen] if len(chosen) == 1 else [route]
    names = [
        name
        for part in parts
        for name in (
            *(entry["header"]["key"] for entry in part.get(f"{side}_headers_to_add") or []),
            *(part.get(f"{side}_headers_to_remove") or []),
        )
    ]
    return list(dict.fromkeys(name.lower() for name in names))


def _reason(answer: Answer) -> Object:
    route = answer.route or {}
    if answer.upstream or "redirect" in route or "direct_response" in route:
        return {}
    if answer.flags in (NO_FLAGS, ""):
        return {"reason": answer.details} if answer.details else {}
    # What became of a share depends on the destination that was drawn.
    drawn = "weighted_clusters" in (route.get("route") or {})
    return {} if drawn and not answer.flags.startswith(BEFORE) else {"reason": answer.flags}


def _waits(action: Object) -> Object:
    if not action:
        return {}
    policy = action.get("retry_policy")
    retries: Object | None = None
    if policy:
        codes = policy.get("retriable_status_codes", [])
        retries = {"attempts": policy["num_retries"], "on": ",".join([policy["retry_on"], *map(str, codes)])}
        if "per_try_timeout" in policy:
            retries["perTryTimeout"] = policy["per_try_timeout"]
    return {"timeout": action.get("timeout", "0s"), "retries": retries}
