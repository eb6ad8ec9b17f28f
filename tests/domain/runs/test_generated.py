"""Generated stories: the rules of SAFETY at every prefix of writes, and an end that is reached.

1,200 in two halves, each of a seed of its own; SOAK=1 (`make soak`): 10,000 of new ones, which are printed.
RUNS_SEED sets the first one's.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from grayrelease.domain.state import LIVE
from tests.depth import SOAK
from tests.domain.runs.acting import Act
from tests.domain.runs.ends import finish
from tests.domain.runs.explore import AT_START, Cell, Explorer, Failed
from tests.domain.runs.story import Story, act, pasted, shrink, tell

STORIES = int(os.environ.get("RUNS_STORIES") or (10_000 if SOAK else 1_200))
SEED = int(os.environ.get("RUNS_SEED") or (secrets.randbelow(10**6) if SOAK else 1))
HALVES = 2
ENOUGH = 50
"""So often each deed was done in each phase that allows it."""
RESULTS = Path(__file__).parents[3] / "test-results" / "runs.txt"


@dataclass(frozen=True)
class Half:
    """What one process has told: how many stories, with how many writes, and what happened in which phase."""

    stories: int
    writes: int
    counts: Counter[Cell]
    wanted: set[Cell]


def half(seed: int) -> Half | str:
    """Tell half of the stories; or return what was wrong with one."""
    explorer = Explorer(seed)
    for _ in range(STORIES // HALVES):
        try:
            explorer.one()
        except Failed as failed:
            return f"seed {seed}, story {failed.number}\n{replay(failed)}"
    return Half(explorer.told, explorer.writes, explorer.counts, set(explorer.wanted))


def both_halves() -> list[Half]:
    """Tell each half in a process of its own: alone they would be as long as all other quick tests."""
    with ProcessPoolExecutor(HALVES) as processes:
        halves = list(processes.map(half, range(SEED, SEED + HALVES)))
    if wrong := [each for each in halves if isinstance(each, str)]:
        pytest.fail("\n".join(wrong), pytrace=False)
    return [each for each in halves if isinstance(each, Half)]


def replay(failed: Failed) -> str:
    """Return the shortest story found that fails like this, as a test to paste."""
    story, error = failed.story, str(failed)

    def again(shorter: Story) -> str:
        return tell(shorter, failed.end)[1]

    # The cause is worth more than a class of causes: the same words, and then whatever place they name.
    kind = error.partition(" -- ")[0]
    short = shrink(story, lambda shorter: kind in again(shorter))
    return pasted(short, failed.end, error)


def table(counts: Counter[Cell]) -> str:
    """Return what happened by the phase that it happened in."""
    phases = [AT_START, *sorted(map(str, LIVE))]
    whats = sorted({what for what, _ in counts})
    width = max(map(len, whats))
    lines = [" " * width + "".join(f"{phase:>14}" for phase in phases)]
    for what in whats:
        lines.append(f"{what:<{width}}" + "".join(f"{counts[what, phase] or '':>14}" for phase in phases))
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_rules_hold_at_each_prefix_and_the_end_is_reached_whatever_happens() -> None:
    halves = both_halves()
    counts = sum((each.counts for each in halves), Counter[Cell]())
    stories, writes = sum(each.stories for each in halves), sum(each.writes for each in halves)
    told = f"seeds {SEED} to {SEED + HALVES - 1}: {stories} stories, {writes} writes held to each rule"
    text = f"{told}\n{table(counts)}\n"
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text)
    print(f"\n{text}")
    wanted = {cell for each in halves for cell in each.wanted}
    few = {cell: counts[cell] for cell in wanted if counts[cell] < ENOUGH}
    assert not few, "each deed in each phase that allows it, often enough"


def test_a_story_told_again_comes_out_the_same() -> None:
    runs: tuple[Act, ...] = (("run: whole", 0, 0), ("seconds", 0, 20)) * 8
    story = Story("own", "canary", "mirror", (("create", 7, 1), *runs))
    first, second = tell(story, None)[0], tell(story, None)[0]
    assert first.phases() == second.phases() and first.cluster._objects == second.cluster._objects
    again = first.copy()
    act(again, ("take-over", 7, 1))
    finish(again, lambda one: act(again, one), 1)
    assert not again.live and first.live, "a copy goes its own way"
