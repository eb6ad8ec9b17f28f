"""Whether an audience is everyone: held against visitors who have nothing special about them."""

from __future__ import annotations

from collections.abc import Sequence

from grayrelease.domain import patterns
from grayrelease.domain.plan import Audience, Condition, Group

Axis = tuple[str, str]
Value = str | None

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = ("/", "/zq", "/zq/", "/Zq7/x-y_z.js", "/7/%E4%BD%A0;v=1", "/zq/7/" + "n" * 300)
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6",
    "Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
)
UNUSUAL: tuple[Value, ...] = (None, "zq7-x", "7", "")
"""What a cookie, a parameter or a header that few send may be; None: it isn't sent."""

ORDINARY: dict[str, tuple[Value, ...]] = {
    "user-agent": BROWSERS,
    "accept": ("*/*", "text/html,application/xhtml+xml"),
    "accept-encoding": ("gzip, deflate, br",),
    "accept-language": ("en", "zh-CN,zh;q=0.9"),
    "x-forwarded-for": ("10.0.0.1", "2001:db8::1"),
    "x-forwarded-proto": ("http", "https"),
    "x-request-id": ("2d9c1e0c-8a55-4f0e-8d34-b6a1fd0e2a11",),
}
"""What each visitor's request carries, or the mesh adds to it."""


def covers(audience: Audience) -> bool:
    """Tell if no ordinary visitor is outside of all the groups.

    Patterns can't be compared, so that they are tried on visitors from anywhere with any browser: a pattern
    that takes all of these takes everyone, or might as well.
    """
    return not _escapes(audience.groups, {}, set())


def covers_alone(group: Group) -> bool:
    """Tell if a group takes each ordinary visitor."""
    return covers(Audience(groups=(group,)))


def _escapes(
    groups: Sequence[Group], left: dict[Axis, frozenset[Value]], tried: set[tuple[int, object]]
) -> bool:
    """Look for a visitor who misses one condition of each group; `left` is what they may still be."""
    state = (len(groups), frozenset(left.items()))
    if state in tried:
        return False
    tried.add(state)
    if not groups:
        return True
    for condition in groups[0].conditions:
        at = axis(condition)
        missing = frozenset(value for value in left.get(at, options(at)) if not holds(condition, value))
        if missing and _escapes(groups[1:], {**left, at: missing}, tried):
            return True
    return False


def axis(condition: Condition) -> Axis:
    """Return what of a request a condition looks at."""
    if condition.on == "system":
        return "header", "user-agent"
    return condition.on, condition.name.lower() if condition.on == "header" else condition.name


def options(at: Axis) -> frozenset[Value]:
    """Return what an ordinary visitor may have there."""
    match at:
        case ("url", _):
            return frozenset(PATHS)
        case ("method", _):
            return frozenset(METHODS)
        case ("header", name) if name in ORDINARY:
            return frozenset(ORDINARY[name])
    return frozenset(UNUSUAL)


def holds(condition: Condition, value: Value) -> bool:
    """Tell if a condition holds for what stands there; None: nothing does."""
    if value is None or condition.how == "absent":
        return (value is None) == (condition.how == "absent")
    if condition.how == "present":
        return True
    if condition.on == "system":
        return _whole(patterns.systems(condition.values), value)
    return any(_one(condition, wanted, value) for wanted in condition.values)


def _one(condition: Condition, wanted: str, value: str) -> bool:
    if condition.how == "regex":
        return _whole(patterns.whole(wanted), value)
    if condition.ignore_case:
        wanted, value = wanted.lower(), value.lower()
    return value.startswith(wanted) if condition.how == "prefix" else value == wanted


def _whole(pattern: str, value: str) -> bool:
    return bool(patterns.compiled(pattern).fullmatch(value))
