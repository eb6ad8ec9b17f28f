"""The objects that carry a target's routes, and what each of them carries now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from grayrelease.domain import marks
from grayrelease.domain.breaking import named
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.carriers import carriers as found_carriers
from grayrelease.domain.routing.collapse import collapse, strip
from grayrelease.domain.routing.destinations import Destination, Service, names_ours, split_ones
from grayrelease.domain.routing.effect import in_effect_on, own
from grayrelease.domain.routing.expand import Place, expand, expanded
from grayrelease.domain.routing.found import namespace, routes_of
from grayrelease.domain.routing.notes import carried, marked
from grayrelease.domain.routing.rules import Rules, own_rule, rules_of
from grayrelease.domain.routing.subsets import added_by_us, selecting, standing_for_all, stays, subset_names
from grayrelease.domain.state import Key, Seen

Stands = tuple[str, tuple[Exposing, ...]]
"""The stable version and the exposures that an object carries."""


@dataclass(frozen=True)
class Carrier:
    """A VirtualService by which requests come to the target; `manifest` as it is, or as we would make it."""

    key: Key
    manifest: Manifest
    base: Manifest = field(compare=False)
    """It without the expansion for this service."""
    service: Name
    place: Place = field(compare=False)
    there: bool = True
    stands: Stands | None = None
    """What it carries; None: it isn't expanded, or our marks in it were edited."""

    @property
    def namespace(self) -> str:
        return namespace(self.manifest)

    @property
    def marked(self) -> bool:
        """Tell if it has our marks, edited or not."""
        return self.there and marked(self.manifest, self.service)

    @property
    def ours(self) -> bool:
        """Tell if something of ours is in it, though somebody may have taken the marks away."""
        called = self._called
        return self.there and (self.marked or any(names_ours(called, each) for each in _ways(self.manifest)))

    @property
    def edited(self) -> bool:
        return self.ours and self.stands is None

    @cached_property
    def leads(self) -> bool:
        """Tell if a route of it leads to the service, as its users wrote it."""
        return any(split_ones(self._called, each) for each in _ways(self.base))

    @property
    def _called(self) -> Service:
        return Service(self.service, self.namespace, self.place.own, self.place.broad)

    def exposing(self, release: int) -> Exposing | None:
        """Return what it carries of a release."""
        return next((each for each in (self.stands or ("", ()))[1] if each.release == release), None)

    def expanded(self, stable: str, releases: Sequence[Exposing], subset: str) -> Manifest:
        """Return it with these exposures; `subset` is what its own routes name for a stable that is new.

        Raises CannotSay.
        """
        said = carried(self.manifest, self.service)
        if said is not None and said.stable != stable:
            base = strip(self.manifest, self.service, subset, self.place.added)
            return expand(base, self.service, stable, releases, self.place)
        return expanded(self.base, self.service, stable, releases, self.place)

    def collapsed(self, winner: str, subset: str) -> Manifest:
        """Return it as it was; where it named a subset of stable's and another version won, it names this."""
        return collapse(self.manifest, self.service, winner, named=subset, added=self.place.added)


@dataclass(frozen=True)
class Scene:
    """The route objects around a target."""

    service: Name
    seen: Seen
    rules: Rules

    @property
    def selector(self) -> dict[str, str]:
        return ((self.seen.service or {}).get("spec") or {}).get("selector") or {}

    @property
    def rule(self) -> Manifest:
        """The DestinationRule that has our subsets, or is to have them: the oldest for the service."""
        return self.rules.mine[0] if self.rules.mine else own_rule(self.service)

    @property
    def source(self) -> Manifest | None:
        """The rule that ours hides."""
        return self.rules.source

    def own_subsets(self, version: str) -> list[str]:
        """Return users' subsets of a version's pods."""
        return selecting(self.rules.effective, version, self.selector)

    @property
    def ports(self) -> list[Manifest]:
        return ((self.seen.service or {}).get("spec") or {}).get("ports") or []

    def carriers(self, stable: str) -> tuple[Carrier, ...]:
        found = self._found(stable)
        carriers = [self._carrier(manifest, place, stable) for manifest, place in found[0]]
        if not found[1]:
            made = own(self.service.namespace, self.service.service, self.ports)
            carriers.append(Carrier(_key(made), made, made, self.service, self._alone(stable), there=False))
        return tuple(carriers)

    def _found(self, stable: str) -> tuple[list[tuple[Manifest, Place]], bool]:
        seen = self.seen
        found = found_carriers(
            self.service, stable, seen.virtual_services, seen.gateways, self.rules, self.selector
        )
        plain = stays(self.rule, stable)
        places = [
            (
                each.manifest,
                replace(each.place, own=each.place.own | {plain}, added=self._added(each.manifest)),
            )
            for each in found.objects
        ]
        return places, found.served

    def _added(self, manifest: Manifest) -> frozenset[str]:
        """Return the subsets of ours, with those that an object's routes name as if they were ours."""
        ours = {*added_by_us(self.rule)}
        theirs = subset_names(self.rules.effective) - ours
        return frozenset(ours | (named(manifest, self.service) - theirs))

    def _carrier(self, manifest: Manifest, place: Place, stable: str) -> Carrier:
        said = carried(manifest, self.service)
        reads = place
        if said is not None and said.stable != stable:
            former, _ = self._found(said.stable)
            reads = next(each for it, each in former if it is manifest)
        base = strip(manifest, self.service, added=place.added)
        stands = in_effect_on(base, manifest, self.service, reads)
        return Carrier(_key(manifest), manifest, base, self.service, place, stands=stands)

    def _alone(self, stable: str) -> Place:
        mine = {*self.own_subsets(stable), stays(self.rule, stable)}
        return Place(
            own=frozenset(mine), broad=frozenset(standing_for_all(self.rules.effective, self.selector))
        )


def scene(service: Name, seen: Seen) -> Scene:
    return Scene(service, seen, rules_of(service, seen.destination_rules))


def _ways(manifest: Manifest) -> Iterator[list[Destination]]:
    """Yield the destinations of each route."""
    for _, route in routes_of(manifest):
        yield route.get("route") or []


def _key(manifest: Manifest) -> Key:
    return Key("VirtualService", marks.name(manifest))
