"""Who may do what in which phase: the whole table, and the ways out of a frozen release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from grayrelease.domain.allowed import FORGETTERS, Deed, Steps, allowed
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import LIVE, Goal, Phase, Reason

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
    Phase.ABANDONING: ("abandoning-already",) * 4,
    Phase.FINISHED: ("release-over",) * 4,
    Phase.ABANDONED: ("release-over",) * 4,
    Phase.FAILED: ("release-over",) * 4,
    Phase.FORGOTTEN: ("release-over",) * 4,
}


def codes_of(found: Mapping[Deed, Reason | None], *deeds: Deed) -> tuple[str, ...]:
    table = [found[deed] for deed in deeds or ("set-share", "take-over", "roll-back", "finish")]
    return tuple(reason.code if reason else "" for reason in table)


@pytest.mark.parametrize("role", ["operator", "lead", "admin"])
@pytest.mark.parametrize("phase", TABLE)
def test_each_deed_in_each_phase(phase: Phase, role: str) -> None:
    found = allowed(phase, role)
    leads = set() if role in FORGETTERS else {"forget"}
    assert set(found) == set(get_args(Deed)) - {"create"} - leads
    reasons = [reason for reason in found.values() if reason]
    assert all(set(reason.facts) == set(REASONS[reason.code]) for reason in reasons)
    assert codes_of(found) == TABLE[phase]


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
    assert codes_of(found) == codes


ABANDON = {
    Phase.PREPARING: "",
    Phase.RUNNING: "",
    Phase.TAKEN_OVER: "",
    Phase.ROLLED_BACK: "",
    Phase.FINISHING: "finishing-already",
    Phase.ABANDONED: "release-over",
}


@pytest.mark.parametrize(("phase", "code"), ABANDON.items())
def test_a_release_is_given_up_from_anywhere_until_it_finishes(phase: Phase, code: str) -> None:
    assert codes_of(allowed(phase, "operator"), "abandon") == (code,)


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        (Steps(), ("no-more-steps", "no-more-steps", "not-paused")),
        (Steps(more=True), ("", "", "not-paused")),
        (Steps(more=True, paused=True), ("", "paused-already", "")),
    ],
)
def test_steps_follow_are_paused_and_resumed(steps: Steps, codes: tuple[str, ...]) -> None:
    found = allowed(Phase.RUNNING, "operator", steps=steps)
    assert codes_of(found, "continue", "pause", "resume") == codes


def test_what_brings_no_version_cannot_take_over_and_is_finished_at_once() -> None:
    found = allowed(Phase.RUNNING, "operator", steps=Steps(brings=False))
    assert not {"take-over", "set-share"} & set(found)
    assert found["finish"] is None


@pytest.mark.parametrize("phase", sorted(LIVE))
@pytest.mark.parametrize("role", ["lead", "admin"])
def test_leads_and_admins_may_forget_whatever_lives(role: str, phase: Phase) -> None:
    found = allowed(phase, role, Reason("service-gone"))
    assert codes_of(found, "forget") == ("",)
    assert "forget" not in allowed(phase, "operator", Reason("service-gone"))


def test_what_is_left_to_somebody_may_be_finished_or_abandoned_another_way() -> None:
    left = Steps(left=True)
    assert codes_of(allowed(Phase.FINISHING, "operator", steps=left), "finish") == ("",)
    assert codes_of(allowed(Phase.ABANDONING, "operator", steps=left), "abandon") == ("",)
