"""What the routes may say now: for all releases of a target at once, in all of its route objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from grayrelease.domain import istio
from grayrelease.domain.carrying import Carrier
from grayrelease.domain.look import Look
from grayrelease.domain.one import One, lowered
from grayrelease.domain.order import Step, awaited, wanted_subsets, writing
from grayrelease.domain.plan import NOBODY
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.subsets import stays, with_subsets
from grayrelease.domain.stand import Other, no_room
from grayrelease.domain.state import Goal, Write
from grayrelease.domain.writes import put


@dataclass(frozen=True)
class Table:
    """The routes of a target as they may be now."""

    look: Look
    ones: Sequence[One]

    @cached_property
    def _grants(self) -> tuple[frozenset[int], Mapping[int, Step]]:
        """Return who may have all that is wanted, and what the others wait for; the oldest comes first."""
        granted: set[int] = set()
        steps: dict[int, Step] = {}
        now = {one.id: lowered(one.most, one.wanted) for one in self.ones}
        for one in self.ones:
            step = (awaited(one) if one.forward or self.must_pin else None) or (
                self._no_room(one, now) if one.raises else None
            )
            if step is None:
                granted.add(one.id)
                now[one.id] = one.wanted
            else:
                steps[one.id] = step
        return frozenset(granted), steps

    def _no_room(self, one: One, now: Mapping[int, Exposing]) -> Step | None:
        """Return why a raise can't be written: others have too much, or a route can't say it."""
        others = [(each, now[each.id]) for each in self.ones if each is not one]
        named = [Other(each.release.plan.name, exposing.exposure) for each, exposing in others]
        if reason := no_room(one.wanted.exposure, named):
            return Step(reason)
        then = [one.wanted if each is one else now[each.id] for each in self.ones]
        try:
            for carrier in self.look.carriers:
                self._expanded(carrier, tuple(each for each in then if each.exposure.meets))
        except CannotSay as error:
            return Step(error.reason)
        return None

    def step(self, one: One) -> Step | None:
        """Return what a release waits for until the routes say what is wanted; None if they do."""
        steps = self._grants[1]
        for carrier in self._differing:
            if self._of(carrier, one) != _present(carrier, one) or (one.forward and not carrier.stands):
                return writing(carrier.key)
        return steps.get(one.id)

    def desired(self, carrier: Carrier) -> tuple[Exposing, ...]:
        """Return the exposures that an object may carry now, oldest release first."""
        return tuple(found for one in self.ones if (found := self._of(carrier, one)) is not None)

    def _of(self, carrier: Carrier, one: One) -> Exposing | None:
        present = carrier.exposing(one.id) or Exposing(one.id, one.candidate, NOBODY)
        found = one.wanted if one.id in self._grants[0] else lowered(present, one.wanted)
        return found if found.exposure.meets else None

    def _expanded(self, carrier: Carrier, releases: tuple[Exposing, ...]) -> dict[str, object]:
        stable = self.look.stable
        return carrier.expanded(stable, releases, stays(self.look.scene.rule, stable))

    @cached_property
    def must_pin(self) -> bool:
        """Tell if each request must come to a version by name: there are, or are to be, several versions."""
        running = [version for version in set(self.look.versions) if self.look.runs(version)]
        forward = any(one.forward for one in self.ones)
        left = self.look.intent.pinned and len(self.look.endpoints.versions()) > 1
        # Repaired together with whatever else is written, unless all is given back at once.
        exposes = any(each.stands and each.stands[1] for each in self.look.carriers)
        more = exposes or len(self.ones) > 1 or running not in ([], [self.look.stable])
        repaired = self._edited and more
        return left or forward or repaired or len(running) > 1

    @cached_property
    def _edited(self) -> bool:
        """Tell if somebody else changed our marks in a route: what it does now isn't what it says."""
        return any(each.edited for each in self.look.carriers)

    @cached_property
    def _differing(self) -> list[Carrier]:
        found = [each for each in self.look.carriers if self._may_write(each)]
        return [each for each in found if each.stands != (self.look.stable, self.desired(each))]

    def _may_write(self, carrier: Carrier) -> bool:
        look = self.look
        if not look.has_subset(look.stable) or (self._broken and not self._backing):
            return False
        repairs = self._edited and self.must_pin and not self._backing
        if (carrier.stands and not repairs) or (carrier.edited and self._backing):
            return True
        # What was edited is repaired with all others at the same time: one written later would seem edited
        # since people decided.
        return self.must_pin and not look.settles_in(look.since(look.subsets_key))

    @cached_property
    def _backing(self) -> bool:
        return any(one.goal == Goal.ROLL_BACK for one in self.ones)

    @cached_property
    def _broken(self) -> bool:
        """Tell if a subset is missing that a route names."""
        return not all(map(self.look.has_subset, self.look.exposed_versions))

    def routes(self) -> tuple[Write, ...]:
        """Return the writes of all route objects that say else, all at the same time."""
        return tuple(
            put(self.look, each.key, self._expanded(each, self.desired(each)), self._whose(each))
            for each in self._differing
        )

    def _whose(self, carrier: Carrier) -> int | None:
        """Return the release whose exposure a write changes, the newest; stable's pins are the oldest's."""
        changed = [one.id for one in self.ones if self._of(carrier, one) != _present(carrier, one)]
        return next(iter([*reversed(changed), *(one.id for one in self.ones)]), None)

    def rule(self) -> tuple[Write, ...]:
        """Return the write of the DestinationRule if a subset is missing, or one of ours is left over."""
        look, scene = self.look, self.look.scene
        needed = self.must_pin or any(each.marked for each in look.carriers)
        wanted = wanted_subsets(look, self.ones)
        missing = [version for version in wanted if not look.has_subset(version)] if needed else []
        extra = self._left_over(wanted)
        if not missing and not extra:
            return ()
        own = scene.own_subsets(look.stable)
        kept = [version for name, version in self._ours.items() if name not in extra]
        versions = list(dict.fromkeys([*(wanted if needed else ()), *kept]))
        try:
            manifest = with_subsets(scene.rule, versions, own, scene.source)
        except CannotSay:  # somebody took our note away: what is left counts as theirs
            return ()
        return (put(look, look.subsets_key, manifest, self._who_needs(missing, extra)),)

    @cached_property
    def _ours(self) -> dict[str, str]:
        """Return the versions that our subsets select, by the names of these."""
        spec = (self.look.subsets or {}).get("spec") or {}
        selected = [(each.get("labels") or {}).get("version", "") for each in spec.get("subsets") or []]
        return {istio.subset(version): version for version in selected if self.look.has_subset(version)}

    def _left_over(self, wanted: Sequence[str]) -> set[str]:
        """Return our subsets that nobody needs, once no route has named them for the settle time."""
        look = self.look
        if self._differing or self._edited or look.settles_in(look.routes_since()):
            return set()
        return self._unneeded(wanted)

    def _unneeded(self, wanted: Sequence[str]) -> set[str]:
        # The last release gives all back at once.
        alone = len(self.ones) == 1 and self.ones[0].goal in (Goal.FINISH, Goal.ABANDON)
        if alone and not self.look.intent.pinned:
            return set()
        return set(self._ours) - {istio.subset(version) for version in wanted}

    @property
    def untidy(self) -> bool:
        """Tell if a subset of ours is left that nobody needs, and that can go before the end."""
        return not self._edited and bool(self._unneeded(wanted_subsets(self.look, self.ones)))

    def _who_needs(self, missing: Sequence[str], extra: set[str]) -> int | None:
        def needs(one: One) -> bool:
            return one.candidate in missing or istio.subset(one.candidate) in extra

        brought = [one.id for one in self.ones if one.brings and needs(one)]
        return next(iter([*brought, *(one.id for one in self.ones)]), None)


def _present(carrier: Carrier, one: One) -> Exposing | None:
    found = carrier.exposing(one.id)
    return found if found and found.exposure.meets else None
