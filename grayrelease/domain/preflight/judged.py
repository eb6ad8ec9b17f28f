"""The table, asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grayrelease.domain.preflight.scene import Scene
from grayrelease.domain.preflight.services import Facts
from grayrelease.domain.preflight.table import ALONE, RELEASE, TABLE, Check, Part
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Reason


@dataclass(frozen=True)
class Finding:
    """What is in the way, what would help, and what it stops: nothing, where it's a warning."""

    reason: Reason
    remedy: Reason
    stops: frozenset[Part] = RELEASE


def findings(scene: Scene, table: Sequence[Check] = TABLE) -> list[Finding]:
    """Return all that the table finds, in its order."""
    found: list[Finding] = []
    for check in table:
        codes = {each.reason.code for each in found}
        if not codes & check.unless:
            found += _found(check, scene)
    return [each for each in found if each.reason.code in ALONE] or found


def check(scene: Scene) -> list[Finding]:
    """Return what is in the way of a release; empty if nothing is."""
    return [each for each in findings(scene) if "release" in each.stops]


def warnings(scene: Scene) -> list[Finding]:
    """Return what stops nothing and should be known."""
    return [each for each in findings(scene) if not each.stops]


def limits(scene: Scene) -> list[Finding]:
    """Return what stops some exposures and not the release."""
    return [each for each in findings(scene) if each.stops and "release" not in each.stops]


def _found(check: Check, scene: Scene) -> Iterator[Finding]:
    for facts in check.finds(scene):
        yield Finding(_reason(check.code, facts), _reason(check.remedy, facts), check.stops)


def _reason(code: str, facts: Facts) -> Reason:
    return Reason(code, {name: facts[name] for name in REASONS[code]})
