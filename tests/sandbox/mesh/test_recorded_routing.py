"""The mesh against what real Istio and Envoy were recorded doing."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grayrelease.sandbox.mesh.translate.actions import RETRY_ON
from tests.sandbox.mesh.recorded_cases import NOT_YET, Case, load
from tests.sandbox.mesh.recorded_envoy import Answer, RecordedEnvoy

pytestmark = pytest.mark.processes

JSON = dict[str, Any]
DEFAULT_RETRIES = {"attempts": 2, "on": RETRY_ON}


def destinations(route: JSON | None) -> dict[str, float]:
    """Give each cluster's share of a route of ours."""
    action = (route or {}).get("route") or {}
    if "cluster" in action:
        return {action["cluster"]: 1.0}
    weights: Counter[str] = Counter()
    for target in (action.get("weighted_clusters") or {}).get("clusters", []):
        weights[target["name"]] += target["weight"]
    return {name: round(weight / weights.total(), 6) for name, weight in weights.items()}


def expected_destinations(expect: JSON) -> dict[str, float]:
    weights: Counter[str] = Counter()
    for target in expect["destinations"]:
        weights[cluster(target)] += target["weight"]
    return {name: round(weight / weights.total(), 6) for name, weight in weights.items() if weight}


def cluster(target: JSON) -> str:
    if target["host"] == "PassthroughCluster":
        return str(target["host"])
    return f"outbound|{target['port']}|{target.get('subset') or ''}|{target['host']}"


def mirrors(route: JSON | None) -> dict[str, float]:
    policies = ((route or {}).get("route") or {}).get("request_mirror_policies", [])
    share = {
        policy["cluster"]: policy["runtime_fraction"]["default_value"]["numerator"] for policy in policies
    }
    return {name: numerator / 10_000 for name, numerator in share.items()}


def retries(route: JSON | None) -> JSON | None:
    policy = ((route or {}).get("route") or {}).get("retry_policy")
    if not policy:
        return None
    on = ",".join([policy["retry_on"], *map(str, policy.get("retriable_status_codes", []))])
    told = {"attempts": policy["num_retries"], "on": on}
    return told | ({"perTryTimeout": policy["per_try_timeout"]} if "per_try_timeout" in policy else {})


def differences(expect: JSON, answer: Answer) -> list[str]:
    route = answer.route
    told: list[tuple[str, Any, Any]] = [
        ("destinations", expected_destinations(expect), _plain(destinations(route))),
        ("mirrors", {cluster(m): m["percent"] for m in expect["mirrors"]}, _plain(mirrors(route))),
    ]
    if "status" in expect:
        told.append(("status", expect["status"], answer.status))
    if "reason" in expect and "status" in expect and answer.status != 400:
        told.append(("reason", True, expect["reason"] in (answer.flags, *answer.details.split("{"))))
    if route and "timeout" in (route.get("route") or {}):
        told.append(("retries", expect.get("retries", DEFAULT_RETRIES), retries(route)))
        told.append(("timeout", expect.get("timeout", "0s"), route["route"]["timeout"]))
    if answer.body:
        told += _seen(expect, answer.body)
    return [f"{what}: {wanted} is {got}" for what, wanted, got in told if wanted != got]


def _plain(shares: dict[str, float]) -> dict[str, float]:
    """Drop the end of names that tells callers with different DestinationRules apart."""
    return {"|".join(name.split("|")[:4]): share for name, share in shares.items()}


def _seen(expect: JSON, body: JSON) -> list[tuple[str, Any, Any]]:
    told: list[tuple[str, Any, Any]] = []
    headers: dict[str, list[str]] = {}
    for name, value in body["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    rewrite = expect.get("rewrite") or {}
    if "path" in rewrite:
        told.append(("path", rewrite["path"], body["path"]))
    if "authority" in rewrite:
        told.append(("authority", [rewrite["authority"]], headers["host"]))
    for name, value in (expect.get("request_headers") or {}).items():
        got = ",".join(headers[name]) if name in headers else None
        told.append((f"header {name}", value, got))
    return told


def all_differences(answers: list[tuple[Case, JSON, Answer]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for case, request, answer in answers:
        for line in differences(request["expect"], answer):
            found.setdefault(case.name, []).append(f"{request['authority']} {request['path']} {line}")
    return found


def test_only_these_cases_are_not_obeyed_yet(recordings: Path) -> None:
    assert sorted(NOT_YET) == ["delegate", "delegate-conflict", "delegate-missing"]
    assert NOT_YET.keys() <= {case.name for case in load(recordings)}


def test_it_routes_as_istio_was_recorded_doing(recordings: Path, tmp_path: Path) -> None:
    cases = [case for case in load(recordings) if case.name not in NOT_YET]
    answers = asyncio.run(RecordedEnvoy(tmp_path, cases).ask_all())
    print(f"{len(cases)} cases, {len(answers)} requests")
    assert all_differences(answers) == {}
