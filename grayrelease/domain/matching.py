"""Who is meant, for Istio: groups of conditions as HTTPMatchRequests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from grayrelease.domain import patterns
from grayrelease.domain.plan import Condition, Group

Match = dict[str, Any]

USER_AGENT, COOKIE = "user-agent", "cookie"


def istio_matches(groups: Sequence[Group]) -> list[Match]:
    """Return the matches of which one must hold; `[{}]`, which everyone meets, where there are no groups.

    An empty list is met by nobody (two conditions contradict each other): leave such a rule out, since Istio
    takes an empty list for everyone. Several URLs or methods give a match each, so that one can be held
    against a prefix of somebody else's route. The groups are those that `conditions.check` lets through,
    and what `compose` adds to them.
    """
    if not groups:
        return [{}]
    return [match for group in groups for match in _of_group(group.conditions)]


def _of_group(conditions: Sequence[Condition]) -> list[Match]:
    common = {
        "headers": _headers(conditions),
        "withoutHeaders": _absent(conditions),
        "queryParams": _named("query", conditions),
    }
    shared = {field: value for field, value in common.items() if value}
    return [{**uri, **method, **shared} for uri, method in product(_uris(conditions), _methods(conditions))]


def _uris(conditions: Iterable[Condition]) -> list[Match]:
    """Return what to demand of the URL, one way or another; nothing, once, where no condition is on it."""
    wanted = [each for each in conditions if each.on == "url"]
    if not wanted:
        return [{}]
    return [_uri(each, value) for each in wanted for value in each.values]


def _uri(condition: Condition, value: str) -> Match:
    pattern = patterns.whole(value) if condition.how == "regex" else value
    ignored = condition.ignore_case and condition.how != "regex"
    return {"uri": {condition.how: pattern}, **({"ignoreUriCase": True} if ignored else {})}


def _methods(conditions: Iterable[Condition]) -> list[Match]:
    """Return what to demand of the method: those that all conditions on it allow."""
    wanted = [each.values for each in conditions if each.on == "method"]
    if not wanted:
        return [{}]
    first, *others = wanted
    return [{"method": {"exact": value}} for value in first if all(value in other for other in others)]


def _headers(conditions: Sequence[Condition]) -> Match:
    found = _named("header", conditions)
    for each in conditions:
        if each.on == "system":
            found[USER_AGENT] = {"regex": patterns.systems(each.values)}
    wanted = [cookie_pair(each) for each in conditions if each.on == "cookie" and each.how != "absent"]
    if wanted:
        found[COOKIE] = {"regex": patterns.cookies(wanted)}
    return found


def _absent(conditions: Sequence[Condition]) -> Match:
    found: Match = {
        each.name.lower(): {} for each in conditions if each.on == "header" and each.how == "absent"
    }
    pairs = [cookie_pair(each) for each in conditions if each.on == "cookie" and each.how == "absent"]
    if pairs:
        found[COOKIE] = {"regex": patterns.one_cookie(pairs)}
    return found


def _named(kind: str, conditions: Iterable[Condition]) -> Match:
    """Return the string matches of headers or query parameters, by name."""
    return {
        each.name.lower() if kind == "header" else each.name: string_match(each)
        for each in conditions
        if each.on == kind and each.how != "absent"
    }


def string_match(condition: Condition) -> Mapping[str, str]:
    """Return Istio's StringMatch for a value; `{}` demands that it is there."""
    how, values = condition.how, condition.values
    if how == "present":
        return {}
    if how == "regex":
        return {"regex": patterns.any_of([patterns.whole(value) for value in values])}
    if len(values) == 1:
        return {how: values[0]}
    quoted = patterns.any_of([patterns.quoted(value) for value in values])
    return {"regex": f"(?:{quoted}).*" if how == "prefix" else quoted}


def cookie_pair(condition: Condition) -> str:
    """Return the pattern of one `name=value`; of any value for a cookie that is present, or absent."""
    name, how = patterns.quoted(condition.name), condition.how
    if how in ("present", "absent"):
        return f"{name}=[^;]*"
    if how == "regex":
        values = [patterns.inside_cookie(value) or "" for value in condition.values]
    else:
        values = [patterns.quoted(value) for value in condition.values]
    inner = values[0] if len(values) == 1 and how == "exact" else f"(?:{'|'.join(values)})"
    return f"{name}={inner}{'[^;]*' if how == 'prefix' else ''}"
