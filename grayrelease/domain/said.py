"""Whether the routes that are there can say an exposure, asked before people's wish is saved."""

from __future__ import annotations

from collections.abc import Iterable

from grayrelease.domain import carrying
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Exposure
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.subsets import stays
from grayrelease.domain.state import Reason, Seen


def chooses(exposure: Exposure) -> bool:
    """Tell if an exposure chooses requests; a share of everyone can be said wherever it could before."""
    return bool(exposure.audience or exposure.mirror or exposure.sticky)


def cannot_say(service: Name, stable: str, seen: Seen, exposing: Iterable[Exposing]) -> Reason | None:
    """Return why some route object can't say these exposures, oldest release first; None if all can."""
    scene = carrying.scene(service, seen)
    releases = tuple(each for each in exposing if each.exposure.meets)
    try:
        for carrier in scene.carriers(stable):
            carrier.expanded(stable, releases, stays(scene.rule, stable))
    except CannotSay as why:
        return why.reason
    return None
