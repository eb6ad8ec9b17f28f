"""Patterns in the frames that we know: cookies by name, and operating systems."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

from grayrelease.domain import patterns
from grayrelease.domain.routing.strings import (
    StringMatch,
    Unsaid,
    both,
    of_prefixes,
    of_texts,
    pattern,
    prefixes,
    texts,
)

MOST = 4
"""Cookies in one pattern: each order of them is written out."""
ANY = "[^;]*"
_START, _, _END = patterns.cookies(["\0"]).partition("\0")
_BETWEEN = patterns.cookies(["\0", "\1"]).split("\0")[1].split("\1")[0]
_SYSTEMS_START, _, _SYSTEMS_END = r"[^(]*\((?:|).*".partition("|")


def both_cookies(one: StringMatch, other: StringMatch) -> StringMatch | None:
    """Return what two matches of the Cookie header have in common; None for nothing. Raises Unsaid."""
    mine, theirs = pairs(one), pairs(other)
    if mine is None or theirs is None:
        return both(one, other)
    found = dict(_named(each) for each in mine)
    for name, value in map(_named, theirs):
        common = _both_values(found[name], value) if name in found else value
        if common is None:
            return None
        found[name] = common
    if len(found) > MOST:
        raise Unsaid
    joined = [f"{name}={value}" for name, value in found.items()]
    for match, its in ((one, mine), (other, theirs)):
        if sorted(joined) == sorted(its):
            return match
    return {"regex": patterns.cookies(joined)}


def pairs(match: StringMatch) -> list[str] | None:
    """Return the `name=value` patterns that a match demands all; None if it isn't in our frame."""
    regex = patterns.whole(str(match.get("regex", "")))
    for count in range(1, MOST + 1):
        found = _first_order(regex, count)
        if found is not None and patterns.cookies(found) == regex:
            return found
    return None


def _first_order(regex: str, count: int) -> list[str] | None:
    """Return the pairs of the first order written out: all orders are equally long."""
    orders = factorial(count)
    first = regex if count == 1 else regex[3 : (len(regex) + 1) // orders - 2]
    if not first.startswith(_START) or not first.endswith(_END):
        return None
    found = first[len(_START) : -len(_END)].split(_BETWEEN)
    return found if len(found) == count and len({each.split("=")[0] for each in found}) == count else None


def _named(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name, value


def _both_values(one: str, other: str) -> str | None:
    if one == other:
        return one
    common = both(_as_match(one), _as_match(other))
    return None if common is None else _as_value(common)


def _as_match(value: str) -> StringMatch:
    """Return a value's pattern as a match; a cookie that is there has some value."""
    if value == ANY:
        return {}
    if value.endswith(ANY):
        return of_prefixes(prefixes({"regex": value.removesuffix(ANY) + ".*"}) or []) or {"regex": value}
    inner = value[3:-1] if value.startswith("(?:") and value.endswith(")") else value
    return of_texts(texts({"regex": inner}) or []) or {"regex": value}


def _as_value(match: StringMatch) -> str:
    counted, begun = texts(match), prefixes(match)
    if counted is not None:
        return _grouped(counted)
    if begun is not None:
        return _grouped(begun) + ANY
    return pattern(match)


def _grouped(found: Sequence[str]) -> str:
    quoted = [patterns.quoted(each) for each in found]
    return quoted[0] if len(quoted) == 1 else f"(?:{'|'.join(quoted)})"


def both_browsers(one: StringMatch, other: StringMatch) -> StringMatch | None:
    """Return what two matches of the User-Agent have in common; None for nothing. Raises Unsaid."""
    mine, theirs = _systems(one), _systems(other)
    if mine and theirs and (mine <= theirs or theirs <= mine):
        return one if mine <= theirs else other
    return both(one, other)


def _systems(match: StringMatch) -> frozenset[str]:
    regex = str(match.get("regex", ""))
    if not regex.startswith(_SYSTEMS_START) or not regex.endswith(_SYSTEMS_END):
        return frozenset()
    found, rest = [], regex[len(_SYSTEMS_START) : -len(_SYSTEMS_END)] + "|"
    while rest:
        name = next((each for each, inner in patterns.SYSTEMS.items() if rest.startswith(f"{inner}|")), "")
        if not name:
            return frozenset()
        found.append(name)
        rest = rest[len(patterns.SYSTEMS[name]) + 1 :]
    return frozenset(found)
