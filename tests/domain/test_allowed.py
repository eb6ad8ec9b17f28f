"""Who may do what in which phase: the whole table, and the ways out of a frozen release."""

from __future__ import annotations

import pytest

from grayrelease.domain.allowed import allowed
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Goal, Phase, Reason

TABLE = {
    Phase.PREPARING: ("", "still-preparing", "", "take-over-first"),
    Phase.RUNNING: ("", "", "", "take-over-first"),
    Phase.TAKEN_OVER: ("", "", "", ""),
    Phase.ROLLING_BACK: (
        "rolled-back-already",
        "rolled-back-already",
        "rolled-back-already",
        "take-over-first",
    ),
    Phase.ROLLED_BACK: ("rolled-back-already", "rolled-back-already", "rolled-back-already", ""),
    Phase.FINISHING: ("finishing-already", "finishing-already", "", "finishing-already"),
    Phase.FINISHED: ("release-over",) * 4,
    Phase.FAILED: ("release-over",) * 4,
}


@pytest.mark.parametrize("role", ["operator", "lead", "admin"])
@pytest.mark.parametrize("phase", TABLE)
def test_each_deed_in_each_phase(phase: Phase, role: str) -> None:
    found = allowed(phase, role)
    assert list(found) == ["set-share", "take-over", "roll-back", "finish"]
    reasons = [reason for reason in found.values() if reason]
    assert all(set(reason.facts) == set(REASONS[reason.code]) for reason in reasons)
    assert tuple(reason.code if reason else "" for reason in found.values()) == TABLE[phase]


def test_a_viewer_and_a_stranger_never_may() -> None:
    assert allowed(Phase.RUNNING, "viewer") == {} == allowed(None, "viewer") == allowed(Phase.RUNNING, "")


def test_only_creating_is_there_before_a_release() -> None:
    assert allowed(None, "operator") == {"create": None}


@pytest.mark.parametrize(
    ("code", "goal", "codes"),
    [
        ("cluster-ahead", Goal.RUN, ("frozen-now", "frozen-now", "", "frozen-now")),
        ("edited-by-other", Goal.RUN, ("", "", "", "frozen-now")),
        ("edited-by-other", Goal.FINISH, ("", "", "", "")),
        ("stable-gone", Goal.ROLL_BACK, ("frozen-now", "frozen-now", "", "")),
        ("service-gone", Goal.RUN, ("frozen-now", "frozen-now", "", "")),
    ],
)
def test_a_frozen_release_has_a_way_out(code: str, goal: Goal, codes: tuple[str, ...]) -> None:
    found = allowed(Phase.FROZEN, "operator", Reason(code), goal)
    assert tuple(reason.code if reason else "" for reason in found.values()) == codes
