"""A candidate whose pods crash: within seconds nobody is sent there, and nothing rises by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from time import monotonic

import pytest

from grayrelease.sandbox.visitors.answers import classify
from tests.holds.breaking import CANDIDATE
from tests.holds.world import World
from tests.story.asking import ask
from tests.story.rows import verified

FALLS_WITHIN_S = 4.0
"""From the crash on: kubelet sees it, the watcher rings, two runs follow."""

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]


def fault(world: World, *words: str) -> None:
    place = ("--sandbox", str(world.stack.options.sandbox))
    subprocess.run([sys.executable, "-m", "grayrelease.sandbox.fault", *words, *place], check=True)


def faults(world: World, count: int) -> list[str]:
    """Ask so often for the product page; what was wrong with answers."""
    answers = [ask(world.stack) for _ in range(count)]
    return [found for each in answers if (found := classify(each.status_code, each.text).fault)]


def test_exposure_falls_within_seconds_and_waits_for_a_person(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.move(60)
    world.operator.rows.wait(world.name, verified(600), 30)
    began = monotonic()
    fault(world, "pod", "crash", CANDIDATE)
    try:
        world.wait_share(0, 15)
        took = monotonic() - began
        with capsys.disabled():
            print(f"\nfell {took:.1f} s after the crash")
        assert took <= FALLS_WITHIN_S
        world.wait_text(world.page, f"{CANDIDATE} has 0 of 1 pods")
        assert _soon(world), "requests succeed again"
        assert faults(world, 40) == []
    finally:
        fault(world, "clear", "pod")
    world.wait_text(world.page, "1 of 1 are ready again", 30)
    assert world.share() == 0
    world.move(30)
    world.wait_share(300, 10)
    world.wait_text(world.page, "30\u00a0% of all visitors meet v2")


def _soon(world: World) -> bool:
    """Tell if an answer is whole within 2 s: proxies have the lowered routes."""
    end = monotonic() + 2
    while monotonic() < end:
        if not faults(world, 5):
            return True
        time.sleep(0.05)
    return False
