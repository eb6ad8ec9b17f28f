"""Stories that once broke a rule or never ended, as the generator found and shortened them."""

from __future__ import annotations

import pytest

from tests.domain.runs.acting import Act
from tests.domain.runs.story import Story, tell

RUN: tuple[Act, ...] = (("run: whole", 0, 0),)
ON: tuple[Act, ...] = (*RUN, ("seconds", 0, 20))

STORIES: dict[str, tuple[Story, int | None]] = {
    "subsets settle after a route that was given back, though another route leads to stable again": (
        Story(
            "all at once",
            "canary",
            "by time",
            (("create", 7, 0), *RUN, ("agree", 7, 0), *ON, *ON, *ON, ("seconds", 0, 20))
            + (*ON, *ON, *RUN, *RUN)
            + (("take-over", 7, 4), *ON, *ON, ("finish", 7, 21), ("run: whole", 0, 2))
            + (("applied again: routes", 8, 15), ("run: 409", 0, 6), ("seconds", 0, 40))
            + (("run: overtaken", 0, 5), ("seconds", 0, 20)),
        ),
        0,
    ),
    "finished after stable was deleted, traffic comes to a candidate that has its subset and ready pods": (
        Story(
            "wildcard",
            "by time",
            "blue-green",
            (("create", 8, 1), *ON, *ON, *RUN, ("roll-back", 8, 0), *RUN, ("deleted: stable", 0, 0))
            + (("finish", 8, 0), *RUN),
        ),
        None,
    ),
    "kept beside another, and that one deleted, routes are given back once this has settled": (
        Story(
            "gateway",
            "by time",
            "by request",
            (("create", 8, 1), *ON, *ON, *ON, ("abandon", 8, 1), *RUN, ("deleted: stable", 0, 0), *RUN),
        ),
        None,
    ),
    "kept beside a stable version without pods, routes are given back": (
        Story(
            "several rules",
            "mirror",
            "by time",
            (("create", 7, 1), *ON, *ON, *RUN, ("scaled: stable to 0", 0, 0), ("abandon", 7, 1), *ON, *ON),
        ),
        1,
    ),
    "a killed run's scale-down is settled anew before routes are given back": (
        Story(
            "rule",
            "by request",
            "sticky",
            (("create", 7, 0), *RUN, ("agree", 7, 0), *ON, *ON, *ON, ("abandon", 7, 0))
            + (("run: killed before it is stored", 0, 2), *RUN),
        ),
        2,
    ),
    "edited routes are rolled back where only stable runs": (
        Story("rule", "by request", "by request", (("create", 7, 2), *ON, *RUN, ("drift: unpinned", 0, 0))),
        0,
    ),
    "abandoned and then edited, a release can be abandoned again": (
        Story(
            "delegate",
            "blue-green",
            "elsewhere",
            (("create", 8, 1), *ON, *RUN, ("drift: unpinned", 0, 0), *RUN, ("abandon", 8, 0)),
        ),
        2,
    ),
    "a rule listed as it was before we deleted it has not settled": (
        Story(
            "own",
            "elsewhere",
            "canary",
            (("create", 7, 1), *ON, *RUN, *RUN, ("finish", 7, 0), *ON, *ON, *ON, *RUN)
            + (("create", 8, 1), ("run: stale lists", 0, 0)),
        ),
        None,
    ),
    "rolled back without any routes, nothing is awaited": (
        Story(
            "several rules",
            "by time",
            "mixed",
            (("create", 7, 2), *ON, *ON, *ON, ("seconds", 0, 20), *ON, *RUN)
            + (("scaled: candidate to 0", 0, 0), ("deleted: their routes", 0, 0), ("roll-back", 7, 0)),
        ),
        5,
    ),
    "given up beside one kept, where the Service is gone, routes do not come and go": (
        Story(
            "none",
            "canary",
            "canary",
            (("create", 7, 1), *ON, *ON, *ON, ("abandon", 7, 1), *ON, ("create", 8, 1), *ON, *ON)
            + (("service: gone", 0, 0), ("deleted: stable", 0, 0), ("abandon", 8, 0)),
        ),
        0,
    ),
    "where one of two route objects was edited, one deed leads out": (
        Story(
            "gateway",
            "sticky",
            "by time",
            (("create", 7, 2), *ON, *ON, *ON, ("seconds", 0, 20), *ON, *ON, *RUN)
            + (("scaled: candidate to 0", 0, 0), ("drift: unpinned", 0, 0)),
        ),
        3,
    ),
    "routes deleted just after they were written have not settled": (
        Story(
            "delegate",
            "sticky",
            "elsewhere",
            (("create", 7, 3), ("create", 8, 1), *ON, *RUN, *ON, *RUN, ("finish", 8, 0), ("run: 409", 0, 4))
            + (("seconds", 0, 40), ("abandon", 7, 2), ("run: overtaken", 0, 1))
            + (("deleted: their routes", 0, 0), *RUN),
        ),
        None,
    ),
    "finished without a Service and without stable, no route names a subset that is not there": (
        Story(
            "wildcard",
            "by time",
            "mirror",
            (("create", 7, 3), *ON, *ON, *RUN, ("service: gone", 0, 0), ("scaled: stable to 0", 0, 0)),
        ),
        2,
    ),
    "another version that was there a moment ago is waited for": (
        Story(
            "own",
            "canary",
            "mirror",
            (("create", 7, 1), *ON, *ON, ("another version comes or goes", 0, 0), ("abandon", 7, 0))
            + (*ON * 5, ("another version comes or goes", 0, 0), *RUN),
        ),
        1,
    ),
    "finished beside another after stable was deleted, routes come to the winner before it is stable": (
        Story(
            "rule",
            "canary",
            "blue-green",
            (
                ("create", 7, 2),
                ("create", 8, 1),
                *ON,
                *ON,
                *RUN,
                ("roll-back", 7, 0),
                ("deleted: stable", 0, 0),
            )
            + (("seconds", 0, 40), ("run: 409", 0, 4), ("seconds", 0, 20), ("finish", 7, 0), *RUN),
        ),
        1,
    ),
}


@pytest.mark.parametrize("words", STORIES)
def test_a_story_that_once_broke_a_rule(words: str) -> None:
    story, ending = STORIES[words]
    course, broke = tell(story, ending)
    assert broke == ""
    assert course.ops, "something was written"


# Broken: §3.2, §3.5: a version gets more only once enough of its pods have been ready for the settle time
def test_a_finish_without_pods_of_either_version_moves_nobody() -> None:
    runs: tuple[Act, ...] = (("run: whole", 0, 0), ("seconds", 0, 20))
    acts: tuple[Act, ...] = (
        ("create", 7, 3),
        *runs * 3,
        ("seconds", 0, 20),
        *runs * 2,
        ("run: whole", 0, 0),
        ("scaled: candidate to 0", 0, 25),
        ("run: a write refused", 0, 4),
        ("take-over", 7, 11),
        ("deleted: stable", 0, 2),
        ("service: another of its name", 0, 20),
    )
    assert tell(Story("several rules", "sticky", "elsewhere", acts), 4)[1] == ""
