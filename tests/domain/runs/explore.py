"""Makes stories: the rarer of what can happen where comes first, from places that earlier stories came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from random import Random

from grayrelease.domain.allowed import Steps, allowed
from grayrelease.domain.state import LIVE, Goal, Phase, Reason
from tests.domain.runs import deeds
from tests.domain.runs.acting import Act
from tests.domain.runs.course import Course
from tests.domain.runs.ends import finish
from tests.domain.runs.runs import RUNS
from tests.domain.runs.scenes import ALL_STRATEGIES, ELSEWHERE, SCENES, TIMED, begin
from tests.domain.runs.story import BREAKS, Story, act, can_create
from tests.domain.runs.trouble import KEPT as KEPT_IN_GIT
from tests.domain.runs.trouble import TROUBLES

Cell = tuple[str, str]
"""What happened, and the phase of a release that it happened to."""
KEPT = 24
"""Places that are kept of each phase."""
LONGEST = 90
AT_START = "(no release)"
UNREACHABLE = {("agree", phase) for phase in LIVE - {Phase.PREPARING}}
"""Only who has not started asks before the start."""

UNFINISHED = (Phase.PREPARING, Phase.RUNNING, Phase.ROLLING_BACK)
"""In these only what brings no version may be finished."""
SUITED = {"vouch": "sticky", "continue": "canary", "pause": "canary", "resume": TIMED}
WAYS: dict[str, tuple[str, ...]] = {
    Phase.TAKEN_OVER: ("take-over",),
    Phase.ROLLING_BACK: ("roll-back",),
    Phase.ROLLED_BACK: ("roll-back",),
    Phase.FINISHING: ("take-over", "finish"),
    Phase.ABANDONING: ("abandon",),
    Phase.FROZEN: ("drift: weights",),
}
"""What leads from a release that runs to a phase."""
AGAIN = {("finish", str(Phase.FINISHING)), ("abandon", str(Phase.ABANDONING))}
"""Possible where a tool keeps what goes."""
ENDING = {"roll-back", "finish", "abandon"}


def permitted() -> set[Cell]:
    """Return each deed with each phase in which `allowed` has it, whatever else it depends on."""
    found = {("create", AT_START)}
    codes = ("edited-by-other", "stable-gone", "service-gone", "led-away")
    reasons = [None, *map(Reason, codes)]
    stands = [Steps(*each) for each in product((True, False), repeat=6)]
    for phase, now, goal, steps in product(sorted(LIVE), reasons, Goal, stands):
        if (phase == Phase.FROZEN) != (now is not None):
            continue
        table = allowed(phase, "operator", now, goal, steps)
        found |= {(deed, str(phase)) for deed, why in table.items() if why is None}
    return found - {(deed, str(phase)) for deed, phase in UNREACHABLE}


@dataclass
class Place:
    """Somewhere a story came to."""

    course: Course
    story: Story


class Failed(AssertionError):
    """A story that broke a rule."""

    def __init__(self, story: Story, error: Exception, number: int, end: int | None) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.story, self.number, self.end = story, number, end


@dataclass
class Explorer:
    seed: int
    counts: Counter[Cell] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=dict)
    told: int = 0
    writes: int = 0
    teller: Teller = field(init=False)
    """Of the present story."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.wanted = sorted(permitted())

    def one(self) -> None:
        """Tell one story. Raises Failed."""
        self.told += 1
        cell = self._rarest()
        try:
            place = self._place(cell)
            self.teller = Teller(self, place.course.copy(), place.story)
            self._happens(self.teller, cell)
            self.teller.ending = self.random.randint(0, 5)
            self.teller.end()
        except BREAKS as error:
            raise Failed(self.teller.story, error, self.told, self.teller.ending) from error
        self.writes += self.teller.course.ops - place.course.ops

    def _happens(self, teller: Teller, cell: Cell) -> None:
        for what in self._try(teller, cell[0]):
            if teller.do(what):
                break
        self._more_deeds(teller)
        for _ in range(self.random.randint(3, 6)):
            teller.do(self._next(teller))
            teller.do((self.random.choice(sorted(RUNS)), 0, self.random.randint(0, 7)))
            teller.do(("seconds", 0, self.random.choice((3, 10, 20, 20, 40))))

    def _more_deeds(self, teller: Teller) -> None:
        """Do what was rare so far, one thing after another, before any run sees it."""
        tried = set[tuple[str, int]]()
        for _ in range(6):
            could = [
                (deed, pk) for pk in teller.course.phases() for deed in deeds.possible(teller.course, pk)
            ]
            could = [each for each in could if each[0] not in ENDING and each not in tried]
            if not could:
                return
            what, pk = min(could, key=lambda each: (self._count(teller.course, *each), self.random.random()))
            tried.add((what, pk))
            if self._count(teller.course, what, pk) < 60:
                teller.do((what, pk, self.random.randint(0, 29)))

    def _try(self, teller: Teller, what: str) -> list[Act]:
        found = [(what, pk, self.random.randint(0, 29)) for pk in (7, 8)]
        self.random.shuffle(found)
        return found

    def _rarest(self) -> Cell:
        few = min(self.counts[cell] for cell in self.wanted)
        if few >= 50 or self.random.random() < 0.1:
            troubles = [(what, str(p)) for what in (*TROUBLES, *RUNS) for p in sorted(LIVE)]
            return min(troubles, key=lambda cell: (self.counts[cell], self.random.random()))
        return min(self.wanted, key=lambda cell: (self.counts[cell], self.random.random()))

    def _place(self, cell: Cell) -> Place:
        what, phase = cell
        kept = self.places.get(phase, [])
        if phase == AT_START:
            return self._fresh()
        if cell in AGAIN or len(kept) < KEPT // 2 or self.random.random() < 0.1:
            return self._grown(cell)
        tried = self.random.sample(kept, min(len(kept), 8))
        return next((each for each in tried if self._could(each.course, what, phase)), tried[0])

    def _could(self, course: Course, what: str, phase: str) -> bool:
        if what not in deeds.DEEDS:
            return True
        at = [pk for pk in course.phases() if deeds.phase(course, pk) == phase]
        return any(what in deeds.possible(course, pk) for pk in at)

    def _fresh(self, cell: Cell = ("", "")) -> Place:
        pick = self.random.choice
        strategy = SUITED.get(cell[0]) or pick(ALL_STRATEGIES)
        if cell[1] in (Phase.FROZEN, Phase.TAKEN_OVER) and self.random.random() < 0.6:
            strategy = "sticky"  # Of which all may be done.
        if cell[0] == "finish" and cell[1] in UNFINISHED:
            strategy = ELSEWHERE
        story = Story(pick(sorted(SCENES)), strategy, pick(ALL_STRATEGIES))
        return Place(begin(story.scene, story.first, story.second), story)

    def _grown(self, cell: Cell) -> Place:
        """Return a place in a phase, to which deeds lead where nobody interferes."""
        fresh, phase = self._fresh(cell), cell[1]
        teller = self.teller = Teller(self, fresh.course, fresh.story)
        teller.do(("create", 7, self.random.randint(0, 3)))
        if self.random.random() < 0.3:
            teller.do(("create", 8, 1))
        self._until(teller, phase if phase == Phase.PREPARING else Phase.RUNNING)
        if cell in AGAIN:
            return self._kept(teller, cell)
        for what in WAYS.get(phase, ()):
            teller.do((what, 7, 1) if what in deeds.DEEDS else (what, 0, 0))
            self._until(teller, phase if what == WAYS[phase][-1] else Phase.TAKEN_OVER)
        return Place(teller.course, teller.story)

    def _kept(self, teller: Teller, cell: Cell) -> Place:
        """Return a place where the version that goes is left to a tool."""
        teller.do((KEPT_IN_GIT, 0, 0))
        for what in WAYS[cell[1]]:
            teller.do((what, 7, 4))
            self._until(teller, cell[1] if what == cell[0] else Phase.TAKEN_OVER)
        for _ in range(10):
            if 7 in teller.course.phases() and cell[0] in deeds.possible(teller.course, 7):
                break
            teller.do(("run: whole", 0, 0))
            teller.do(("seconds", 0, 20))
        return Place(teller.course, teller.story)

    def _until(self, teller: Teller, phase: str) -> None:
        for _ in range(10):
            teller.do(("agree", 7, 0))
            teller.do(("run: whole", 0, 0))
            if phase in at(teller.course, "", 0):
                return
            teller.do(("seconds", 0, 20))

    def _next(self, teller: Teller) -> Act:
        """Return something that can happen now: a deed as often as trouble, the rarer first."""
        course, choice = teller.course, self.random.randint(0, 29)
        could = [("create", pk) for pk in (7, 8) if can_create(course, pk)]
        could += [(deed, pk) for pk in course.phases() for deed in deeds.possible(course, pk)]
        troubles = [(what, 0) for what in self.random.sample(sorted(TROUBLES), 3)]
        these = could if could and self.random.random() < 0.6 else troubles
        what, pk = min(these, key=lambda each: (self._count(course, *each), self.random.random()))
        return (what, pk, choice)

    def _count(self, course: Course, what: str, pk: int) -> int:
        return min((self.counts[what, phase] for phase in at(course, what, pk)), default=0)

    def keep(self, course: Course, story: Story) -> None:
        """Keep a place for later stories to begin at."""
        if len(story.acts) > LONGEST:
            return
        for phase in at(course, "", 0):
            kept = self.places.setdefault(phase, [])
            if len(kept) < KEPT:
                kept.append(Place(course.copy(), story))
            elif self.random.random() < 0.1:
                kept[self.random.randrange(KEPT)] = Place(course.copy(), story)


def at(course: Course, what: str, pk: int) -> list[str]:
    """Return the phases in which something happens: of its release, or of all."""
    if what == "create":
        return [AT_START]
    if pk:
        return [str(deeds.phase(course, pk))] if pk in course.phases() else []
    return sorted({str(deeds.phase(course, each)) for each in course.phases()})


class Teller:
    """Lets a story happen, act by act, and notes it."""

    def __init__(self, explorer: Explorer, course: Course, story: Story) -> None:
        self.explorer, self.course, self.story = explorer, course, story
        self.ending: int | None = None

    def do(self, one: Act) -> bool:
        of_one = one[0] == "create" or one[0] in deeds.DEEDS
        phases = at(self.course, one[0], one[1] if of_one else 0)
        if self.ending is None:
            self.story = self.story.then(one)
        done = act(self.course, one)
        if done and one[0] != "seconds":
            self.explorer.counts.update((one[0], phase) for phase in phases)
        if one[0] in RUNS and self.ending is None:
            self.explorer.keep(self.course, self.story)
        return done

    def end(self) -> None:
        finish(self.course, self.do, self.ending or 0)
