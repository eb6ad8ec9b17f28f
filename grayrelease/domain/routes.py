"""The route table of a target: who gets which version, composed from its releases' exposures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grayrelease.domain.plan import ALL, Exposure


@dataclass(frozen=True)
class Part:
    """A version's part of a rule, in per mille; never zero."""

    version: str
    weight: int


@dataclass(frozen=True)
class Rule:
    """Whom it concerns (everyone, as yet), and how they are split; the parts add up to 1000."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class RouteTable:
    """The rules in order; the last one is the default and always there."""

    rules: tuple[Rule, ...]


def compose(stable: str, exposures: Iterable[tuple[str, Exposure]]) -> RouteTable:
    """Compose the table: stable gets what the candidates don't. Raises ValueError beyond 100 %.

    A part of nothing is left out: so a version is named exactly where it has traffic, and a subset
    that no route names can be taken away.
    """
    parts = [Part(version, exposure.share) for version, exposure in exposures]
    rest = ALL - sum(part.weight for part in parts)
    if rest < 0:
        raise ValueError("exposures add up to more than everyone")
    everyone = (Part(stable, rest), *parts)
    return RouteTable((Rule(tuple(part for part in everyone if part.weight)),))
