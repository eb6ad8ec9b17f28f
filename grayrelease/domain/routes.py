"""The route table of a target: who gets which version, composed from its releases' exposures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from grayrelease.domain.plan import ALL, Condition, Elsewhere, Exposure, Group, Mirror

READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Part:
    """A version's part of a rule; weights are relative to their sum, and never zero.

    `cookie`, "name=value", is given to those who are sent here.
    """

    version: str
    weight: int
    cookie: str = ""


@dataclass(frozen=True)
class Copies:
    """Copies of a rule's requests: to a version, or elsewhere; share in per mille."""

    share: int
    version: str = ""
    to: Elsewhere | None = None


@dataclass(frozen=True)
class Rule:
    """Whom it concerns (no groups: everyone), how they are split, and what is copied.

    `key` names the rule within its table and begins with the release's id; the default's is "".
    """

    parts: tuple[Part, ...]
    groups: tuple[Group, ...] = ()
    copies: tuple[Copies, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class RouteTable:
    """The rules in order; the last one is the default, concerns everyone and is always there."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Exposing:
    """One release's exposure. `version` "" brings none: it only copies requests elsewhere.

    `drawn`: for a sticky one, the shares at which users have been drawn, oldest first; the last is the
    present one's. A number's place in it is the number in the cookie; 0: what was drawn there is void.
    """

    release: int
    version: str
    exposure: Exposure
    drawn: tuple[int, ...] = ()


def compose(stable: str, releases: Sequence[Exposing]) -> RouteTable:
    """Compose the table, oldest release first: stable gets what the candidates don't.

    A part of nothing is left out: so a version is named exactly where it has traffic, and a subset that no
    route names can be taken away. Raises ValueError where everyone's shares add up to more than 100 %, or
    where a release draws everyone for good beside another one's share.
    """
    everyone = [each for each in releases if each.exposure.everyone]
    _check(everyone)
    rules = [rule for each in releases if each.exposure.audience for rule in _of_audience(stable, each)]
    rules += [rule for each in everyone if each.exposure.sticky for rule in _kept(stable, each)]
    rules.append(_default(stable, everyone))
    for each in releases:
        if each.exposure.mirror:
            rules = list(_mirrored(rules, stable, each, each.exposure.mirror))
    return RouteTable(tuple(rules))


def _check(everyone: Sequence[Exposing]) -> None:
    if sum(each.exposure.share for each in everyone) > ALL:
        raise ValueError("exposures add up to more than everyone")
    if len(everyone) > 1 and any(each.exposure.sticky for each in everyone):
        raise ValueError("a sticky share for everyone suffers no other")


def _of_audience(stable: str, each: Exposing) -> Iterator[Rule]:
    audience = each.exposure.audience
    if audience is None or not each.exposure.share:
        return
    if each.exposure.sticky:
        yield from _kept(stable, each)
    parts = _split(stable, each)
    yield Rule(parts, audience.groups, key=str(each.release))


def _default(stable: str, everyone: Sequence[Exposing]) -> Rule:
    if len(everyone) == 1 and everyone[0].exposure.sticky:
        return Rule(_split(stable, everyone[0]))
    candidates = [Part(each.version, each.exposure.share) for each in everyone]
    rest = Part(stable, ALL - sum(part.weight for part in candidates))
    return Rule(tuple(part for part in (rest, *candidates) if part.weight))


def _split(stable: str, each: Exposing) -> tuple[Part, ...]:
    """Return stable's and the candidate's part; a sticky one gives a cookie on both sides."""
    share, now = each.exposure.share, len(each.drawn) - 1
    parts = (
        Part(stable, ALL - share, _cookie(each, stable, now)),
        Part(each.version, share, _cookie(each, each.version, now)),
    )
    return tuple(part for part in parts if part.weight)


def cookie_name(release: int) -> str:
    """Return the name of a sticky release's cookie."""
    return f"gr-{release}"


def _cookie(each: Exposing, version: str, step: int) -> str:
    return f"{cookie_name(each.release)}={version}.{step}" if each.exposure.sticky else ""


def _kept(stable: str, each: Exposing) -> Iterator[Rule]:
    """Return the rules for those who were drawn before.

    Who was drawn at the present step stays. Who was drawn at share p, and now it is q: raised, the
    candidate's stay and the others are drawn with (q-p)/(1-p); lowered, the candidate's stay with q/p. All
    of them get the present step's cookie: else a later lowering would find them in the wrong proportion.
    """
    *earlier, _ = each.drawn or (each.exposure.share,)
    now = len(earlier)
    for version in _given(stable, each, each.exposure.share):
        yield _cookie_rule(each, version, [now], (Part(version, ALL),))
    alike: dict[tuple[str, tuple[Part, ...]], list[int]] = {}
    for step, share in enumerate(earlier):
        for version in _given(stable, each, share):
            parts = _drawn_again(stable, each, version, share, now)
            alike.setdefault((version, parts), []).append(step)
    # One rule for all who fare alike: there may be many steps, and each rule is a copy of each route.
    for (version, parts), steps in alike.items():
        yield _cookie_rule(each, version, steps, parts)


def _given(stable: str, each: Exposing, share: int) -> tuple[str, ...]:
    """Return the versions that somebody was given at a share; at a share of 0 nobody was drawn."""
    if not share:
        return ()
    return (each.version, stable) if share < ALL else (each.version,)


def _drawn_again(stable: str, each: Exposing, had: str, before: int, now: int) -> tuple[Part, ...]:
    share = each.exposure.share
    if had == each.version:
        weights = (0, ALL) if share >= before else (before - share, share)
    else:
        weights = (ALL, 0) if share <= before else (ALL - share, share - before)
    kept, brought = weights
    parts = (
        Part(stable, kept, _cookie(each, stable, now)),
        Part(each.version, brought, _cookie(each, each.version, now)),
    )
    return tuple(part for part in parts if part.weight)


def _cookie_rule(each: Exposing, had: str, steps: Sequence[int], parts: tuple[Part, ...]) -> Rule:
    name = cookie_name(each.release)
    carries = Condition(on="cookie", name=name, values=tuple(f"{had}.{step}" for step in steps))
    audience = each.exposure.audience
    groups = audience.groups if audience else (Group(conditions=()),)
    joined = tuple(Group(conditions=(*group.conditions, carries)) for group in groups)
    role = "c" if had == each.version else "s"
    return Rule(parts, joined, key=f"{each.release}.{role}{steps[0]}")


def _mirrored(rules: Iterable[Rule], stable: str, each: Exposing, mirror: Mirror) -> Iterator[Rule]:
    """Attach copies to the rules whose traffic goes to stable and not to where the copies go."""
    copies = Copies(mirror.share, "" if mirror.to else each.version, mirror.to)
    for rule in rules:
        to = {part.version for part in rule.parts}
        if stable not in to or copies.version in to:
            yield rule
        elif mirror.get_only:
            yield from _reading_first(rule, each, copies)
        else:
            yield replace(rule, copies=(*rule.copies, copies))


def _reading_first(rule: Rule, each: Exposing, copies: Copies) -> Iterator[Rule]:
    reads = Condition(on="method", values=READING)
    groups = rule.groups or (Group(conditions=()),)
    joined = tuple(Group(conditions=(*group.conditions, reads)) for group in groups)
    key = f"{each.release}.m{rule.key and '.'}{rule.key}"
    yield replace(rule, groups=joined, copies=(*rule.copies, copies), key=key)
    yield rule
