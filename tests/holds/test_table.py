"""Each fault in each phase of a release: pages answer and name it, and the deed made meanwhile comes once.

A release is led through its phases, with a fault in each; `make soak` tries every fault in every phase.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from tests.depth import SOAK
from tests.holds.breaking import BROKEN, NO_API, NO_METRICS, Broken
from tests.holds.record import DEPLOYMENTS, ROUTES
from tests.holds.world import World
from tests.story.rows import in_phase, verified

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]
AFTER_S = 10
ROLL_BACK_S = 2.0
SAYS_S = 12
HOLDS_S = 1.5
"""A fault lasts so long after the deed, at least: whoever carries it out runs into it."""
TAG = re.compile(r"<[^>]*>")
PHASES = ("preparing", "running", "taken-over", "rolled-back")
WALKS: list[tuple[str, ...]] = (
    [(fault,) * len(PHASES) for fault in BROKEN]
    if SOAK
    else [
        ("the candidate is not ready", "the API server is down", "watches are cut", "calls are throttled"),
        ("writes conflict", "Prometheus is slow", "the candidate crashes", "the API server is down"),
        ("Valkey hangs", "the API server errs", "Prometheus is down", "the API server takes 0.5 s a call"),
    ]
)


@pytest.fixture
def free(whole: World) -> Iterator[World]:
    """The stack, with nothing broken and no release afterwards."""
    yield whole
    whole.finish_if_any()


@pytest.mark.parametrize("faults", WALKS, ids=lambda faults: " / ".join(dict.fromkeys(faults)))
def test_a_deed_made_meanwhile_comes_once(
    free: World, faults: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for phase, fault in zip(PHASES, faults, strict=True):
        took = CELLS[phase](free, BROKEN[fault])
        with capsys.disabled():
            print(f"\n{phase}: in effect {took:.1f} s after: {fault}", end="")


def preparing(world: World, broken: Broken) -> float:
    world.bring(wait=False)
    return moved(world, broken, 60, "preparing")


def running(world: World, broken: Broken) -> float:
    world.operator.rows.wait(world.name, verified(600), 30)
    return moved(world, broken, 20, "running")


def moved(world: World, broken: Broken, percent: int, phase: str) -> float:
    """Ask for another share while something is broken. Returns the seconds from its end to the effect."""
    since = world.journal.version()
    with broken.make(world):
        assert world.operator.rows.release(world.name)["phase"] == phase
        if broken.falls and phase == "running":
            world.wait_share(0, AFTER_S)
        world.look()
        world.move(percent)
        meanwhile(world, broken)
    began = monotonic()
    world.operator.rows.wait(world.name, verified(percent * 10), AFTER_S)
    assert world.journal.times_set(percent * 10, since) == 1
    assert world.share() == percent * 10
    return monotonic() - began


def taken_over(world: World, broken: Broken) -> float:
    """Roll back from the version that has taken over."""
    rows = world.operator.rows
    rows.wait(world.name, verified(200), 30)
    world.operator.deed(world.page, "take-over", version="v2")
    rows.wait(world.name, in_phase("taken-over"), 30)
    since = world.journal.version()
    asked = world.operator.ok(world.operator.person.get(f"{world.page}roll-back/"))
    with broken.make(world):
        world.look()
        began = monotonic()
        world.operator.confirm(world.page, "roll-back", world.operator.generation(asked))
        if broken.rolls_back:
            wait(lambda: world.journal.times_set(0, since) == 1, AFTER_S)
            assert monotonic() - began <= ROLL_BACK_S
        meanwhile(world, broken)
    began = monotonic()
    rows.wait(world.name, in_phase("rolled-back"), AFTER_S)
    assert world.journal.times_set(0, since) == 1
    return monotonic() - began


def rolled_back(world: World, broken: Broken) -> float:
    """Finish: the candidate and our routes go, each once."""
    since = world.journal.version()
    with broken.make(world):
        world.look()
        world.operator.deed(world.page, "finish")
        meanwhile(world, broken)
    began = monotonic()
    world.operator.rows.wait(world.name, in_phase("finished"), AFTER_S)
    assert world.share() is None
    assert world.journal.deleted(ROUTES, "reviews", since) == 1
    assert world.journal.deleted(DEPLOYMENTS, "reviews-v2", since) == 1
    return monotonic() - began


CELLS: dict[str, Callable[[World, Broken], float]] = {
    "preparing": preparing,
    "running": running,
    "taken-over": taken_over,
    "rolled-back": rolled_back,
}


def meanwhile(world: World, broken: Broken) -> None:
    """Look at every page for a while; they say what fails, and since when, as long as they need it."""
    until = monotonic() + HOLDS_S
    world.look()
    while monotonic() < until:
        world.look()
    if broken.says:
        wait(lambda: says(world, world.page, broken.says) or no_longer_measured(world, broken), SAYS_S)
    if broken.says == NO_API:
        wait(lambda: says(world, "/p/demo/applications/bookinfo/", NO_API), SAYS_S)


def says(world: World, path: str, pattern: str) -> bool:
    return re.search(pattern, TAG.sub("", world.open(path).text)) is not None


def no_longer_measured(world: World, broken: Broken) -> bool:
    return broken.says == NO_METRICS and world.operator.rows.release(world.name)["phase"] == "finished"


def wait(holds: Callable[[], bool], within: float) -> None:
    end = monotonic() + within
    while not holds():
        assert monotonic() < end, f"not within {within} s"
        time.sleep(0.05)
