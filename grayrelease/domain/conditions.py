"""What people typed about whom they mean: what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import re2

from grayrelease.domain import patterns
from grayrelease.domain.everyone import covers, covers_alone
from grayrelease.domain.plan import Audience, Condition, Group
from grayrelease.domain.state import Reason

MOST_GROUPS, MOST_CONDITIONS, MOST_VALUES, MOST_COOKIES = 8, 8, 20, 3
LONGEST_VALUE = 256
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOWS: dict[str, tuple[str, ...]] = {
    "cookie": ("exact", "prefix", "regex", "present", "absent"),
    "header": ("exact", "prefix", "regex", "present", "absent"),
    "url": ("prefix", "exact", "regex"),
    "query": ("exact", "prefix", "regex", "present"),
    "method": ("exact",),
    "system": ("exact",),
}
"""What can be asked of each kind of thing; Istio can't ask that a query parameter is absent."""

OURS = "gr-"
"""How the names of our own cookies begin."""

_HEADER = re2.compile(r"[-_A-Za-z0-9]+")
_TOKEN = re2.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_COOKIE_VALUE = re2.compile(r'[!#-+\--:<-\[\]-~"]([^;,\\]*[!#-+\--:<-\[\]-~"])?')
_PATH = re2.compile(r"[-!$&'()*+,./0-9:;=@A-Z_a-z~%]*")
_QUERY = re2.compile(r"[-!$'()*+,./0-9:;=?@A-Z_a-z~%]*")
_LOWER_STEPS = re2.compile(r"(.*/)?\.\.?(/.*)?")


class Wrong(NamedTuple):
    """What is wrong: with the audience as a whole where `group` is -1, with a group where `condition` is."""

    group: int
    condition: int
    field: str
    reason: Reason


def check(audience: Audience) -> list[Wrong]:
    """Return what is wrong; `field` is on, name, how, values, group or audience."""
    if not audience.groups:
        return [Wrong(-1, -1, "audience", Reason("audience-empty"))]
    found = [each for at, group in enumerate(audience.groups) for each in _group(at, group)]
    if len(audience.groups) > MOST_GROUPS:
        found.append(Wrong(-1, -1, "audience", Reason("too-many", {"limit": MOST_GROUPS})))
    return found or list(_everyone(audience))


def _everyone(audience: Audience) -> Iterator[Wrong]:
    alone = [at for at, group in enumerate(audience.groups) if covers_alone(group)]
    for at in alone:
        yield Wrong(at, 0, "values", Reason("matches-everyone"))
    if not alone and covers(audience):
        yield Wrong(-1, -1, "audience", Reason("together-everyone"))


def _group(at: int, group: Group) -> Iterator[Wrong]:
    if not group.conditions:
        yield Wrong(at, -1, "group", Reason("group-empty"))
    if len(group.conditions) > MOST_CONDITIONS:
        yield Wrong(at, -1, "group", Reason("too-many", {"limit": MOST_CONDITIONS}))
    cookies = [each for each in group.conditions if each.on == "cookie" and each.how != "absent"]
    if len(cookies) > MOST_COOKIES:
        yield Wrong(at, -1, "group", Reason("too-many-cookies", {"limit": MOST_COOKIES}))
    seen: set[tuple[str, str]] = set()
    for index, condition in enumerate(group.conditions):
        for field, reason in one(condition):
            yield Wrong(at, index, field, reason)
        if _thing(condition) in seen:
            yield Wrong(at, index, "name" if condition.name else "on", Reason("condition-twice"))
        seen.add(_thing(condition))


def _thing(condition: Condition) -> tuple[str, str]:
    """Return what a condition looks at: Istio can ask each thing once in a match."""
    if condition.on == "system":
        return "header", "user-agent"
    name = condition.name.lower() if condition.on == "header" else condition.name
    return condition.on, name


def one(condition: Condition) -> list[tuple[str, Reason]]:
    """Return what is wrong with a condition by itself, with the field."""
    if condition.how not in HOWS[condition.on]:
        return [("how", Reason("how-impossible"))]
    found = [("name", wrong) for wrong in [_name(condition)] if wrong]
    if condition.how not in ("present", "absent"):
        found += [("values", wrong) for wrong in _values(condition)]
    return found


def _name(condition: Condition) -> Reason | None:
    checks: dict[str, Callable[[str], Reason | None]] = {
        "cookie": _cookie_name,
        "header": _header_name,
        "query": _query_name,
    }
    if condition.on not in checks:
        return None
    return checks[condition.on](condition.name) if condition.name else Reason("required")


def _cookie_name(name: str) -> Reason | None:
    if name.startswith(OURS):
        return Reason("our-cookie")
    return None if _TOKEN.fullmatch(name) else Reason("bad-cookie-name", {"example": "user"})


def _header_name(name: str) -> Reason | None:
    if name.startswith(":") or name.lower() == "host":
        return Reason("no-such-header", {"name": name})
    if name.lower() == "cookie":
        return Reason("cookie-as-header")
    return None if _HEADER.fullmatch(name) else Reason("bad-header-name", {"example": "x-user"})


def _query_name(name: str) -> Reason | None:
    return None if _QUERY.fullmatch(name) and "=" not in name else Reason("not-encoded")


def _values(condition: Condition) -> Iterator[Reason]:
    values = condition.values
    if not values or not all(values):
        yield Reason("required")
    elif len(values) > MOST_VALUES:
        yield Reason("too-many", {"limit": MOST_VALUES})
    elif len(set(values)) < len(values):
        yield Reason("value-twice")
    else:
        yield from list(filter(None, (_value(condition, value) for value in values)))[:1]


def _value(condition: Condition, value: str) -> Reason | None:
    if len(value) > LONGEST_VALUE:
        return Reason("too-long", {"limit": LONGEST_VALUE})
    if condition.how == "regex":
        return _regex(condition, value)
    match condition.on:
        case "cookie":
            return None if _COOKIE_VALUE.fullmatch(value) else Reason("bad-cookie-value")
        case "url":
            return _path(value)
        case "query":
            return None if _QUERY.fullmatch(value) else Reason("not-encoded")
        case "method":
            return None if value in METHODS else Reason("bad-method", {"example": "GET"})
        case "system":
            return None if value in patterns.SYSTEMS else Reason("required")
    return None if value == value.strip() and value.isprintable() else Reason("bad-header-value")


def _regex(condition: Condition, value: str) -> Reason | None:
    pattern = patterns.whole(value)
    wrong = patterns.wrong(pattern) if pattern else Reason("required")
    if wrong is None and condition.on == "cookie" and patterns.inside_cookie(value) is None:
        return Reason("regex-past-cookie")
    return wrong


def _path(value: str) -> Reason | None:
    if not value.startswith("/"):
        return Reason("path-slash", {"example": "/reviews"})
    if "?" in value:
        return Reason("path-query")
    if not _PATH.fullmatch(value):
        return Reason("not-encoded")
    return Reason("path-dots") if _LOWER_STEPS.fullmatch(value) else None
