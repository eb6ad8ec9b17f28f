"""The pure evaluator and a real Envoy with the mesh's tables say the same of generated questions.

They share no code. `AGREEMENT_PAIRS` (default 1,000) and `AGREEMENT_SEED` change what is asked; differences
are written to the folder AGREEMENT_OUT, if it is set.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from grayrelease.domain.evaluate import caller, evaluate, request
from grayrelease.domain.evaluate.written import written
from grayrelease.sandbox.evaluate.__main__ import answers
from tests.agreement.pairs import questions

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1800)]

JSON = dict[str, Any]
PAIRS = int(os.environ.get("AGREEMENT_PAIRS", "1000"))
SEED = int(os.environ.get("AGREEMENT_SEED", "5"))
OUT = os.environ.get("AGREEMENT_OUT", "")
TOLERANCE = 1e-6
COMPARED = ("timeout", "retries")


def pure(question: JSON) -> JSON:
    """Ask the one that only thinks."""
    asked = caller(question["caller"]), request(question["request"])
    answer = evaluate(question["objects"], *asked)
    # A share that nothing may take has no name among the destinations; it gets 500.
    mixed = [500, *(each.status for each in answer.destinations)]
    possible = mixed if answer.status is None else [answer.status]
    return written(answer) | {"statuses": sorted(set(possible)), "path": answer.path or None}


def target(item: JSON) -> tuple[str, str, int | None]:
    return item["host"], item.get("subset") or "", item.get("port")


def shares(destinations: list[JSON]) -> dict[tuple[str, str, int | None], float]:
    """Each destination's share, equal ones added up."""
    found: dict[tuple[str, str, int | None], float] = {}
    for item in destinations:
        found[target(item)] = found.get(target(item), 0) + item.get("weight", 100)
    total = sum(found.values())
    return {key: round(weight / total, 6) for key, weight in found.items() if weight}


def copies(mirrors: list[JSON]) -> list[tuple[tuple[str, str, int | None], float]]:
    return sorted((target(item), item.get("percent", 100)) for item in mirrors if item.get("percent", 100))


def difference(pure: JSON, real: JSON) -> str | None:
    """The first thing in which they differ."""
    if "error" in real or "error" in pure:
        return f"error: {pure.get('error')} / {real.get('error')}"
    ours, theirs = shares(pure["destinations"]), shares(real["destinations"])
    if ours.keys() != theirs.keys() or any(abs(ours[key] - theirs[key]) > TOLERANCE for key in ours):
        return f"destinations: {ours} / {theirs}"
    if copies(pure["mirrors"]) != copies(real["mirrors"]):
        return f"mirrors: {pure['mirrors']} / {real['mirrors']}"
    if real["status"] not in pure["statuses"]:
        return f"status: {pure['statuses']} / {real['status']}"
    if real["answered"] and target(real["answered"]) not in theirs:
        return f"answered by {real['answered']}, which is none of {theirs}"
    told = [(key, pure[key], real[key]) for key in COMPARED if key in pure and key in real]
    if real["answered"]:
        # Of what is changed, the authority may depend on the destination that is drawn; the path never does.
        told.append(("path", pure["path"], (real.get("rewrite") or {}).get("path")))
    return next((f"{key}: {ours} / {theirs}" for key, ours, theirs in told if ours != theirs), None)


def write(number: int, question: JSON, pure: JSON, real: JSON, told: str) -> None:
    if OUT:
        Path(OUT).mkdir(parents=True, exist_ok=True)
        content = {"differ": told, "envoy": real, "pure": pure, **question}
        (Path(OUT) / f"{SEED}-{number}.json").write_text(json.dumps(content, indent=1))


def test_the_pure_evaluator_says_what_envoy_does() -> None:
    asked = questions(SEED, PAIRS)
    real = answers([json.dumps(question) for question in asked])
    found = []
    for number, (question, theirs) in enumerate(zip(asked, real, strict=True)):
        ours = pure(question)
        told = difference(ours, theirs)
        if told:
            write(number, question, ours, theirs, told)
            found.append(f"{number}: {told}")
    assert found == [], f"{len(found)} of {len(asked)} differ"


def test_the_questions_are_of_many_kinds() -> None:
    """Agreement about nothing but 404s would be worth little."""
    real = answers([json.dumps(question) for question in questions(SEED, 1000)])
    seen = {answer["status"] for answer in real}
    assert seen >= {200, 301, 404, 500, 503}
    assert sum(len(answer["destinations"]) > 1 for answer in real) > 50
    assert sum(bool(answer["mirrors"]) for answer in real) > 10
    assert sum(answer["status"] == 404 for answer in real) < 400
