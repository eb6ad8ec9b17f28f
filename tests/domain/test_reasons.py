"""Every reason that the code gives is on the one list."""

from __future__ import annotations

import ast
from pathlib import Path

from grayrelease.domain import departures, reasons, refusals
from grayrelease.domain.state import Phase

PACKAGE = Path(reasons.__file__).parent.parent


def given() -> set[str]:
    """Return the codes that stand in the source as a Reason's or a Drain's first argument."""
    calls = [
        node
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Reason", "Drain") and node.args
    ]
    first = [call.args[0] for call in calls]
    return {str(argument.value) for argument in first if isinstance(argument, ast.Constant)}


def test_every_code_in_the_source_is_listed() -> None:
    assert given() - set(reasons.REASONS) == set()


def test_no_code_is_listed_twice() -> None:
    groups = (
        reasons.NOW,
        reasons.FROZEN,
        reasons.WAITS,
        reasons.ALARMS,
        reasons.NEXT,
        reasons.REFUSED,
        reasons.UNFIT,
        reasons.LIMITS,
        reasons.KNOWN,
        reasons.REMEDIES,
        reasons.FIELDS,
        refusals.CONDITIONS,
        refusals.ROUTES,
        refusals.ISTIO,
        refusals.PASTED,
        departures.FAILING,
    )
    assert sum(map(len, groups)) == len(reasons.REASONS)


def test_each_phase_says_what_visitors_get() -> None:
    assert set(reasons.NOW) >= set(Phase) - {Phase.FAILED, Phase.FROZEN}
