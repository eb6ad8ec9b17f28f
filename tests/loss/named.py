"""Which versions the routes of a service named at a time, by the API server's record of their writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.story.api import Change, Manifest

SLACK_S = 1.0
"""What a watch or a push may take beside the lag."""
KINDS = ("http", "tcp")


@dataclass(frozen=True)
class Stand:
    """Versions named from a moment on (time.monotonic), by kind of routes; `crew` is the audience's part."""

    at: float
    everyone: dict[str, frozenset[str]]
    crew: dict[str, frozenset[str]]

    def versions(self, kind: str, crew: bool) -> frozenset[str]:
        return self.crew[kind] if crew else self.everyone[kind]


@dataclass
class Named:
    """The stands of one service's own VirtualService, beginning with `first`, its only version.

    `loose`: the changes that led to no version by name while several had traffic.
    """

    service: str
    first: str
    crew: str
    stands: list[Stand] = field(default_factory=list)
    loose: list[Change] = field(default_factory=list)

    def read(self, changes: Iterable[Change]) -> Named:
        """Take the changes, in order."""
        only = dict.fromkeys(KINDS, frozenset({self.first}))
        self.stands = [Stand(0, only, only)]
        for change in changes:
            if change.object["metadata"]["name"] == self.service:
                self.stands.append(self._stand(change))
        return self

    def during(self, since: float, until: float, kind: str, crew: bool, lag_s: float) -> set[str]:
        """Return the versions named for what was asked and answered within a time."""
        since, until = since - lag_s - SLACK_S, until + SLACK_S
        before = [stand for stand in self.stands if stand.at <= since]
        meanwhile = [stand for stand in self.stands if since < stand.at <= until]
        return set().union(*(stand.versions(kind, crew) for stand in (before[-1], *meanwhile)))

    def _stand(self, change: Change) -> Stand:
        spec = {} if change.type == "DELETED" else change.object["spec"]
        last = self.stands[-1]
        found = {
            crew: {kind: self._versions(change, spec.get(kind) or [], last, kind, crew) for kind in KINDS}
            for crew in (False, True)
        }
        return Stand(change.at, found[False], found[True])

    def _versions(
        self, change: Change, routes: Sequence[Manifest], last: Stand, kind: str, crew: bool
    ) -> frozenset[str]:
        mine = [route for route in routes if crew or not self._is_for_the_crew(route)]
        parts = [part for route in mine for part in route["route"] if part.get("weight", 100)]
        subsets = {part["destination"].get("subset", "") for part in parts} or {""}
        named = frozenset(subset.removeprefix("gr-") for subset in subsets if subset)
        if "" not in subsets:
            return named
        # Whoever is an endpoint: it must be the one version that was named until now.
        if len(last.everyone[kind]) > 1:
            self.loose.append(change)
        return named | last.everyone[kind]

    def _is_for_the_crew(self, route: Manifest) -> bool:
        return self.crew in json.dumps(route.get("match") or [])
