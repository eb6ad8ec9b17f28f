"""Which of a cluster's many route objects can matter to one service, found without reading each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.found import namespace, routes_of, spec, targets_of

Place = tuple[str, str]
"""A service's name and its namespace."""
ANYBODY: Place = "", ""


class Concerning:
    """Route objects by the services whose hosts they may name.

    Those that may concern anybody are given for every service: wildcards, what delegates, and what is bound
    to a gateway, where objects of one host are merged.
    """

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._manifests = manifests
        self._at: dict[Place, set[int]] = defaultdict(set)
        for at, manifest in enumerate(manifests):
            for place in _places(manifest):
                self._at[place].add(at)

    def of(self, service: str, namespace: str) -> list[Manifest]:
        """Return those for a service, in the order in which they were given."""
        found = self._at[ANYBODY] | self._at.get((service, namespace), set())
        return [self._manifests[at] for at in sorted(found)]


def _places(manifest: Manifest) -> Iterator[Place]:
    told, here = spec(manifest), namespace(manifest)
    if manifest.get("kind") == "Gateway" or any(str(each) != "mesh" for each in told.get("gateways") or []):
        yield ANYBODY
    for host in (told.get("host"), *(told.get("hosts") or []), *_led_to(manifest)):
        if host:
            name, _, rest = str(host).lower().partition(".")
            yield ANYBODY if "*" in name else (name, rest.partition(".")[0] or here)


def _led_to(manifest: Manifest) -> Iterator[str]:
    """Yield the hosts to which routes lead; "*" where another object tells it."""
    for to in targets_of(manifest):
        yield str(to.get("host", ""))
    if any(route.get("delegate") for _, route in routes_of(manifest)):
        yield "*"
