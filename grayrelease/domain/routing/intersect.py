"""What two of Istio's HTTPMatchRequests have in common: a match, nothing, or what can't be said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grayrelease.domain import patterns
from grayrelease.domain.routing.cookies import both_browsers, both_cookies
from grayrelease.domain.routing.strings import StringMatch, Unsaid, both, either, lets, prefixes, texts

Match = dict[str, Any]
_Both = Callable[[StringMatch, StringMatch], StringMatch | None]

TEXTS = ("scheme", "method", "authority")
NAMED = ("headers", "queryParams")


class Nothing(Exception):
    """No request meets both."""


def intersect(one: Match, other: Match) -> Match | None:
    """Return the match that a request meets exactly if it meets both; None if none does.

    All that doesn't look at the request (name, port, gateways, sourceLabels) must be in `one` alone. Raises
    Unsaid with the field's name where Istio has no match for it: it has one `uri`, and one matcher a header.
    """
    result = {**other, **one}
    try:
        result |= _uri(one, other)
        for field in TEXTS:
            if field in one and field in other:
                result[field] = _certain(both, one[field], other[field], field)
        for field in NAMED:
            if field in one and field in other:
                result[field] = _all_of(one[field], other[field])
        if "withoutHeaders" in one and "withoutHeaders" in other:
            result["withoutHeaders"] = _none_of(one["withoutHeaders"], other["withoutHeaders"])
    except Nothing:
        return None
    if not result.get("ignoreUriCase") and "ignoreUriCase" not in one:
        result.pop("ignoreUriCase", None)
    return None if _contradicts_itself(result) else result


def _certain(join: _Both, one: StringMatch, other: StringMatch, field: str) -> StringMatch:
    try:
        found = join(one, other)
    except Unsaid:
        raise Unsaid(field) from None
    if found is None:
        raise Nothing
    return found


def _all_of(one: Match, other: Match) -> Match:
    """Return the matchers of both; names of headers ignore case."""
    result, spelled = dict(one), {name.lower(): name for name in one}
    special: dict[str, _Both] = {"cookie": both_cookies, "user-agent": both_browsers}
    for name, match in other.items():
        known = spelled.get(name.lower())
        if known is None:
            result[name] = match
        else:
            result[known] = _certain(special.get(name.lower(), both), result[known], match, known)
    return result


def _none_of(one: Match, other: Match) -> Match:
    result, spelled = dict(one), {name.lower(): name for name in one}
    for name, match in other.items():
        known = spelled.get(name.lower(), name)
        result[known] = either(result[known], match) if known in result else match
    return result


def _contradicts_itself(match: Match) -> bool:
    """Tell if a header must be there and must not."""
    absent = {name.lower() for name, each in (match.get("withoutHeaders") or {}).items() if not each}
    return bool(absent & {name.lower() for name in match.get("headers") or {}})


def _uri(one: Match, other: Match) -> Match:
    """Return what both demand of the path, with `ignoreUriCase` where that is said ignoring case."""
    if "uri" not in one or "uri" not in other:
        found = other if "uri" in other else one
        return {"ignoreUriCase": found.get("ignoreUriCase", False)}
    mine, theirs = _folds(one), _folds(other)
    if mine == theirs:
        uri = _certain(_folded if mine else _paths, one["uri"], other["uri"], "uri")
        return {"uri": uri, "ignoreUriCase": mine and "regex" not in uri}
    strict, folded = (other, one) if mine else (one, other)
    return {"uri": _certain(_half_folded, strict["uri"], folded["uri"], "uri"), "ignoreUriCase": False}


def _folds(match: Match) -> bool:
    return bool(match.get("ignoreUriCase")) and "regex" not in match["uri"]


def _paths(one: StringMatch, other: StringMatch) -> StringMatch | None:
    """As `both`, knowing that each path begins with a slash."""
    for first, second in ((one, other), (other, one)):
        if prefixes(second) == ["/"] and texts(first) is None and prefixes(first) is None:
            return first
    return both(one, other)


def _folded(one: StringMatch, other: StringMatch) -> StringMatch | None:
    mine, theirs = _lower(one), _lower(other)
    found = both(mine, theirs)
    return one if found == mine else other if found == theirs else found


def _lower(match: StringMatch) -> StringMatch:
    return {how: str(value).lower() for how, value in match.items()}


def _half_folded(strict: StringMatch, folded: StringMatch) -> StringMatch | None:
    """Return what a match by case and one that ignores it (exact or prefix) have in common."""
    counted, begun = texts(strict), prefixes(strict)
    if counted is not None:
        kept = [text for text in counted if lets(_lower(folded), text.lower())]
        return both(strict, {"regex": patterns.any_of([patterns.quoted(t) for t in kept])}) if kept else None
    if folded.get("prefix") == "/":
        return strict
    if begun is None or len(begun) > 1:
        raise Unsaid
    return _begun(strict, begun[0], folded)


def _begun(strict: StringMatch, prefix: str, folded: StringMatch) -> StringMatch | None:
    text = str(folded.get("exact", folded.get("prefix", "")))
    if text.lower().startswith(prefix.lower()):
        rest, more = patterns.quoted(text[len(prefix) :]), "" if "exact" in folded else ".*"
        return {"regex": f"{patterns.quoted(prefix)}(?i:{rest}){more}"}
    if "prefix" in folded and prefix.lower().startswith(text.lower()):
        return strict
    return None
