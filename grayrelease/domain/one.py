"""One release of a target, as a run sees it: what it wants, what it has, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grayrelease.domain import capacity
from grayrelease.domain.exposed import Exposed
from grayrelease.domain.look import Look
from grayrelease.domain.plan import ALL, NOBODY, Exposure, Mirror
from grayrelease.domain.routes import Exposing
from grayrelease.domain.state import Goal, Key, ReleaseIntent

FORWARD = (Goal.RUN, Goal.TAKE_OVER)


@dataclass(frozen=True)
class One:
    """A live release within its target's look."""

    look: Look
    release: ReleaseIntent

    @property
    def id(self) -> int:
        return self.release.id

    @property
    def goal(self) -> Goal:
        return self.release.goal

    @property
    def brings(self) -> bool:
        return self.release.plan.brings

    @property
    def candidate(self) -> str:
        """The version that it brings; "" where it brings none."""
        return self.release.plan.candidate.version

    @property
    def workload(self) -> Key:
        return Key("Deployment", self.release.plan.candidate.workload)

    @cached_property
    def others(self) -> tuple[ReleaseIntent, ...]:
        return tuple(each for each in self.look.releases if each.id != self.id)

    @cached_property
    def wins(self) -> bool:
        """Tell if the candidate keeps running alone: as people chose, but never a version that is gone."""
        look, chosen = self.look, self.release.wins
        other = look.stable if chosen else self.candidate
        mine = self.candidate if chosen else look.stable
        return not chosen if look.runs(other) and not look.runs(mine) else chosen

    @cached_property
    def held(self) -> bool:
        """Tell if another release is about to become stable: then nobody else is exposed."""
        return any(each.goal == Goal.FINISH and each.wins for each in self.others)

    @cached_property
    def started(self) -> bool:
        """Tell if some route object was written for it."""
        remembered = self.id in self.look.memory.started
        subset = self.brings and self.look.has_subset(self.candidate)
        return remembered or subset or any(each.exposing(self.id) for each in self.look.carriers)

    @cached_property
    def asks(self) -> bool:
        """Tell if its start waits for a person: the routes aren't those it was reviewed with (SAFETY §5)."""
        reviewed = self.release.base
        if not reviewed or self.goal not in FORWARD or self.started:
            return False
        return reviewed != self.look.base_digest

    @cached_property
    def wanted(self) -> Exposing:
        release = self.release
        if self.held or self.asks:
            exposure = NOBODY
        elif self.goal == Goal.FINISH and self.brings:
            # Without a Service nobody is sent anywhere: a route need not name who has no subset.
            could = self.look.seen.service is not None or self.look.has_subset(self.candidate)
            # Where neither has pods, nobody is moved to one who can't answer either.
            could = could and self.look.runs(self.candidate)
            exposure = Exposure(share=ALL) if self.wins and could else NOBODY
        else:
            exposure = release.wanted
        return Exposing(self.id, self.candidate, exposure, release.drawn if exposure.sticky else ())

    @cached_property
    def present(self) -> tuple[Exposing, ...]:
        """What each object carries of it, whether it's expanded or not."""
        nothing = Exposing(self.id, self.candidate, NOBODY)
        return tuple(each.exposing(self.id) or nothing for each in self.look.carriers)

    @property
    def most(self) -> Exposing:
        """The largest exposure that any object carries."""
        nothing = Exposing(self.id, self.candidate, NOBODY)
        # Of equals the first: copies have no share, and still are more than nothing.
        return max((*self.present, nothing), key=lambda each: (each.exposure.everyone, each.exposure.share))

    @cached_property
    def raises(self) -> bool:
        """Tell if some route gives it less than is wanted, or something else."""
        return any(lowered(present, self.wanted) != self.wanted for present in self.present)

    @property
    def forward(self) -> bool:
        """Tell if it is to be exposed, now or later: then it needs its workload and pinned routes."""
        if self.goal == Goal.FINISH:
            if self.look.seen.service is None:
                return False  # Nobody can be sent anywhere: its pods are no endpoints any more.
            return self.brings and self.wins and (self.look.runs(self.look.stable) or self._takes_over_late)
        if self.asks:
            return False
        return self.goal == Goal.RUN or (self.goal == Goal.TAKE_OVER and self.release.wins)

    @property
    def _takes_over_late(self) -> bool:
        """Tell if stable is gone before all routes' traffic came here: it comes in the same order as ever."""
        marked = [given for each, given in zip(self.look.carriers, self.present, strict=True) if each.marked]
        less = any(lowered(given, self.wanted) != self.wanted for given in marked)
        return less and self.look.runs(self.candidate)

    @property
    def exposed(self) -> Exposed | None:
        return self.look.memory.exposed.get(self.id)

    @property
    def needed(self) -> int:
        """How many pods it needs for what is wanted: rule 5, at least one; one where nobody else is left."""
        if self.goal == Goal.FINISH and not self.look.runs(self.look.stable):
            return 1
        return self.needs(self.wanted.exposure.everyone)

    def needs(self, share: int) -> int:
        """Return how many pods everyone's share asks for."""
        return capacity.needed(share, self.look.memory.capacity, self.look.intent.capacity_percent)

    @property
    def ready(self) -> int:
        """How many pods of its candidate are ready and in the EndpointSlices."""
        return self.look.ready(self.candidate)


def lowered(present: Exposing, wanted: Exposing) -> Exposing:
    """Return what may be in effect at once: what is wanted, as far as it isn't more than there is."""
    before, after = present.exposure, wanted.exposure
    share = _share(before, after)
    reached = share == after.share
    exposure = Exposure(
        share=share,
        audience=before.audience if share else after.audience,
        mirror=_mirror(before, after),
        sticky=after.sticky if reached else before.sticky,
    )
    if exposure == after:
        return wanted
    drawn = wanted.drawn if reached else present.drawn
    return Exposing(present.release, present.version, exposure, drawn if exposure.sticky else ())


def _share(before: Exposure, after: Exposure) -> int:
    if before.audience == after.audience:
        return min(before.share, after.share)
    # Who meets it because of an audience stays while everyone is on the way to, or back from, as much.
    stays = before.audience is not None and after.audience is None and after.share >= before.share
    return before.share if stays else 0


def _mirror(before: Exposure, after: Exposure) -> Mirror | None:
    """Return the copies that are wanted, as far as there are some of that kind already."""
    if before.mirror is None or after.mirror is None or before.mirror.to != after.mirror.to:
        return None
    if before.mirror.get_only and not after.mirror.get_only:
        return before.mirror.model_copy(update={"share": min(before.mirror.share, after.mirror.share)})
    return after.mirror.model_copy(update={"share": min(before.mirror.share, after.mirror.share)})
