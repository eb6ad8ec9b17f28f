"""A story: where it begins and what happens, as data. Told again it comes out the same; it can be shrunk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import stand
from tests.domain.runs import deeds
from tests.domain.runs.acting import Act
from tests.domain.runs.course import Course
from tests.domain.runs.ends import finish
from tests.domain.runs.runs import RUNS
from tests.domain.runs.scenes import begin
from tests.domain.runs.trouble import TROUBLES

BREAKS = (AssertionError, ArithmeticError, ClusterError, LookupError, TypeError, ValueError)
"""What a story may end with that should not."""


@dataclass(frozen=True)
class Story:
    """`scene` and strategies as `scenes.begin` takes them."""

    scene: str
    first: str
    second: str
    acts: tuple[Act, ...] = ()

    def then(self, *acts: Act) -> Story:
        return replace(self, acts=self.acts + acts)


def act(course: Course, one: Act) -> bool:
    """Let one thing happen; False where it could not."""
    what, release, choice = one
    if what == "seconds":
        course.tick(choice / 10)
        return True
    if what in RUNS:
        RUNS[what](course, choice)
        return True
    if what in TROUBLES:
        return TROUBLES[what](course)
    if what == "create":
        return _create(course, release, choice)
    if release not in course.live or what not in deeds.possible(course, release):
        return False
    return deeds.do(course, release, what, choice)


def can_create(course: Course, release: int) -> bool:
    """Tell if a release may begin: its workload is not there, its version is nobody's, and there is room."""
    plan = course.plans[release]
    there = course.find_workload(plan.candidate.workload)
    begun = release in course.live or release in course.over
    room = stand.no_room(plan.steps[0].exposure, course.others(release)) is None
    return not begun and room and there is None and course.is_whole()


def _create(course: Course, release: int, choice: int) -> bool:
    if not can_create(course, release):
        return False
    course.start(release, "" if choice % 4 else "0" * 64)
    return True


def tell(story: Story, ending: int | None = None) -> tuple[Course, str]:
    """Let a story happen; return how it stands, and what broke, if anything did.

    ending: what becomes of it once nobody interferes is looked at too, as `ends.finish` does.
    """
    course = begin(story.scene, story.first, story.second)
    try:
        for one in story.acts:
            act(course, one)
        if ending is not None:
            finish(course, lambda one: act(course, one), ending)
    except BREAKS as error:
        return course, f"{type(error).__name__}: {error}"
    return course, ""


def shrink(story: Story, fails: Callable[[Story], bool], seconds: float = 30.0) -> Story:
    """Leave out what the failure does not need, as long as there is time."""
    until = time.monotonic() + seconds
    size = max(1, len(story.acts) // 2)
    while size:
        shorter = next((each for each in _without(story, size, until) if fails(each)), None)
        story, size = (shorter, size) if shorter else (story, size // 2)
    return story


def _without(story: Story, size: int, until: float) -> Iterator[Story]:
    for start in range(len(story.acts) - size, -1, -1):
        if time.monotonic() > until:
            return
        yield replace(story, acts=story.acts[:start] + story.acts[start + size :])


def pasted(story: Story, ending: int | None, error: str) -> str:
    """Return a regression test to paste."""
    lines = "".join(f"        {one!r},\n" for one in story.acts)
    begins = f"{story.scene!r}, {story.first!r}, {story.second!r}"
    return (
        f"# {error}\ndef test_a_story_that_once_broke_a_rule() -> None:\n"
        f"    acts: tuple[Act, ...] = (\n{lines}    )\n"
        f'    assert tell(Story({begins}, acts), {ending})[1] == ""\n'
    )
