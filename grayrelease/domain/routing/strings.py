"""What two of Istio's StringMatches have in common: `{}` (is there), exact, prefix, regex."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import re2

from grayrelease.domain import patterns

StringMatch = Mapping[str, Any]

_SPECIAL = r"\\.+*?()|\[\]{}^$"
_TEXT = rf"(?:[^{_SPECIAL}]|\\[{_SPECIAL}])+"
_ONE = rf"(?:\(\?:{_TEXT}\)|{_TEXT})"
_TEXTS = re2.compile(rf"{_ONE}(?:\|{_ONE})*")
_EACH = re2.compile(_TEXT)
_ESCAPED = re2.compile(rf"\\([{_SPECIAL}])")
_NOT_A_BRACKET = re2.compile(r"\(\?:")


class Unsaid(Exception):
    """No StringMatch says what two of them have in common. The argument is the field's name."""


def texts(match: StringMatch) -> list[str] | None:
    """Return the texts that a match lets through, where they can be counted."""
    if "exact" in match:
        return [str(match["exact"])]
    return _alternatives(patterns.whole(str(match["regex"]))) if "regex" in match else None


def prefixes(match: StringMatch) -> list[str] | None:
    """Return the beginnings of which a match demands one, and nothing else."""
    if "prefix" in match:
        return [str(match["prefix"])]
    pattern = patterns.whole(str(match.get("regex", "")))
    if not pattern.endswith(".*"):
        return None
    start = pattern.removesuffix(".*")
    if start.startswith("(?:") and start.endswith(")") and _alternatives(start[3:-1]):
        return _alternatives(start[3:-1])
    return [unquoted(start)] if not start or re2.fullmatch(_TEXT, start) else None


def _alternatives(pattern: str) -> list[str] | None:
    if not _TEXTS.fullmatch(pattern):
        return None
    plain = [each.replace("(?:", "", 1) for each in _EACH.findall(_NOT_A_BRACKET.sub("", pattern))]
    return [unquoted(each) for each in plain]


def unquoted(pattern: str) -> str:
    """Return the text of a quoted pattern."""
    return str(_ESCAPED.sub(r"\1", pattern))


def lets(match: StringMatch, text: str) -> bool:
    """Tell if a match lets a text through."""
    if "exact" in match:
        return bool(text == match["exact"])
    if "prefix" in match:
        return text.startswith(str(match["prefix"]))
    return bool(patterns.compiled(str(match["regex"])).fullmatch(text)) if "regex" in match else True


def of_texts(wanted: Iterable[str]) -> dict[str, str] | None:
    """Return the match that lets these texts through; None if there are none."""
    found = list(dict.fromkeys(wanted))
    if len(found) < 2:
        return {"exact": found[0]} if found else None
    return {"regex": patterns.any_of([patterns.quoted(each) for each in found])}


def both(one: StringMatch, other: StringMatch) -> StringMatch | None:
    """Return the match that lets through what both do; None for nothing. Raises Unsaid.

    A header or cookie is taken to be sent once: sent twice, it might meet both though no text does.
    """
    if one == other or not other:
        return one
    if not one:
        return other
    for first, second in ((one, other), (other, one)):
        counted = texts(first)
        if counted is not None:
            kept = [text for text in counted if lets(second, text)]
            return first if kept == counted else of_texts(kept)
    return _narrower(one, other)


def _narrower(one: StringMatch, other: StringMatch) -> StringMatch | None:
    mine, theirs = prefixes(one), prefixes(other)
    if theirs == [""]:
        return one
    if mine == [""]:
        return other
    if mine is None or theirs is None:
        raise Unsaid
    longer = [max(a, b, key=len) for a in mine for b in theirs if a.startswith(b) or b.startswith(a)]
    for kept, whole in ((one, mine), (other, theirs)):
        if set(longer) == set(whole):
            return kept
    return of_prefixes(longer)


def of_prefixes(wanted: Iterable[str]) -> dict[str, str] | None:
    """Return the match that demands one of these beginnings; None if there are none."""
    found = list(dict.fromkeys(wanted))
    if len(found) < 2:
        return {"prefix": found[0]} if found else None
    return {"regex": f"(?:{'|'.join(patterns.quoted(each) for each in found)}).*"}


def pattern(match: StringMatch) -> str:
    """Return the pattern of what a match lets through; the match says more than that the text is there."""
    if "exact" in match:
        return patterns.quoted(str(match["exact"]))
    if "prefix" in match:
        return f"{patterns.quoted(str(match['prefix']))}.*"
    return patterns.whole(str(match["regex"]))


def either(one: StringMatch, other: StringMatch) -> StringMatch:
    """Return the match that lets through what one of both does; `{}` or the regex `*` is all."""
    if one == other:
        return one
    if any(not each or each.get("regex") == "*" for each in (one, other)):
        return {}
    return {"regex": patterns.any_of([pattern(one), pattern(other)])}
