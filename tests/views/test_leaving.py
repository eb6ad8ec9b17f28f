"""What the pages say of a version that goes and isn't ours to take."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from grayrelease.domain.state import Phase
from grayrelease.models import Release, Target
from tests.views.test_deeds import address, browser, generation, running

__all__ = ["running"]


def finishing(release: Release, code: str, facts: dict[str, Any], **columns: Any) -> None:
    """Have a release wait like this while it finishes."""
    told = {"now": ["finishing", {"version": "v2", "loser": "v1"}], "waits": [code, facts], "next": None}
    usual = {"phase": Phase.FINISHING, "goal": "finish", "winner": "v2", "share": 1000}
    Release.objects.filter(pk=release.pk).update(**usual, status=told, **columns)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (["Argo CD", "shop"], "Argo CD keeps the Deployment reviews-v1 (shop)"),
        (["Helm", "shop-1.4.0"], "Helm keeps the Deployment reviews-v1 (chart shop-1.4.0)"),
    ],
)
def test_finishing_says_before_that_a_tool_keeps_the_loser(
    kept: list[str], said: str, release: Release, operator: Client
) -> None:
    Release.objects.update(phase=Phase.TAKEN_OVER, winner="v2", share=1000, share_in_effect=1000)
    observed = release.target.observed
    for version in observed["versions"]:
        for workload in version["workloads"]:
            workload["kept"] = kept
    Target.objects.update(observed=observed, observed_at=Now())
    text = operator.get(address(release, "finish")).content.decode()
    assert said in text
    assert "with all visitors pinned to v2; then it goes on by itself." in text
    assert "Delete it all the same" in text


def test_what_waits_for_a_tool_can_be_finished_once_more_another_way(running: Release) -> None:
    facts = {"workload": "reviews-v1", "holder": "Argo CD", "part": "shop"}
    finishing(running, "remove-from-git", facts)
    text = browser("operator").get(f"/p/demo/releases/{running.pk}/").content.decode()
    assert "reviews-v1 to be removed from Git, where Argo CD keeps it (shop)" in text
    asked = {"generation": generation(), "loser": "scale"}
    assert browser("operator").post(address(running, "finish"), asked).status_code == 302
    running.refresh_from_db()
    assert (running.goal, running.scale_held, running.delete_loser) == ("finish", True, False)


def test_a_loser_that_comes_back_can_be_taken_once_more(running: Release) -> None:
    facts = {"workload": "reviews-v1", "manager": "keda-operator", "times": 3}
    finishing(running, "loser-comes-back", facts, scale_held=True)
    before = generation()
    text = browser("operator").get(address(running, "finish")).content.decode()
    assert "keda-operator brought its pods back each time" in text
    asked = {"generation": before, "loser": "scale"}
    assert browser("operator").post(address(running, "finish"), asked).status_code == 302
    assert generation() == before + 1, "the same asked for once more is a deed"
