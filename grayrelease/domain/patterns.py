"""RE2 patterns as Envoy compares them: a cookie within its header, operating systems, whole values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import re2

from grayrelease.domain.state import Reason

SYSTEMS: dict[str, str] = {
    "windows": r"[^)]*Windows NT \d",
    "macos": r"Macintosh;",
    "linux": r"(?:X11|Wayland);[^)]*Linux[ ;)]",
    "android": r"(?:Linux;[^)]*)?Android",
    "ios": r"iPhone|iPad|iPod",
}
"""What follows the first bracket of a browser's User-Agent, by system."""

LARGEST_PROGRAM = 8000
"""How big a compiled pattern may get; Istio's proxies refuse more than 32768, and ours are joined."""

_START, _END = r"(?:.*;[ \t]*)?", r"(?:[ \t]*;.*)?"
_BETWEEN = r"[ \t]*;(?:.*;)?[ \t]*"
_SPECIAL = frozenset(r"\.+*?()|[]{}^$")
_QUIET = re2.Options()
_QUIET.log_errors = False
_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_BACK_REFERENCE = re2.compile(r"(?:[^\\]|^)(?:\\\\)*\\[1-9]|\(\?P=")


def compiled(pattern: str) -> re2._Regexp:
    """Compile a pattern without a word on stderr. Raises re2.error."""
    return re2.compile(pattern, _QUIET)


def quoted(text: str) -> str:
    """Return the pattern of the text itself."""
    return "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in text)


def wrong(pattern: str) -> Reason | None:
    """Return why Envoy would not take a pattern, or None."""
    if any(sign in pattern for sign in _LOOK_AROUND):
        return Reason("regex-look-around")
    if _BACK_REFERENCE.search(pattern):
        return Reason("regex-back-reference")
    try:
        size = compiled(pattern).programsize
    except re2.error as error:
        return Reason("regex-wrong", {"error": _said(error)})
    if r"\C" in pattern:
        return Reason("regex-wrong", {"error": r"\C"})
    return Reason("regex-too-big") if size > LARGEST_PROGRAM else None


def _said(error: re2.error) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def whole(pattern: str) -> str:
    """Return the pattern without the `^` and `$` around it: values are compared whole anyway."""
    if r"\Q" in pattern:
        return pattern
    pattern = pattern.removeprefix("^")
    slashes = len(pattern) - 1 - len(pattern[:-1].rstrip("\\"))
    return pattern[:-1] if pattern.endswith("$") and slashes % 2 == 0 else pattern


def any_of(patterns: Sequence[str]) -> str:
    """Return the pattern of whatever one of them matches."""
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)


def systems(names: Sequence[str]) -> str:
    """Return the User-Agent's pattern for browsers on any of the systems."""
    return rf"[^(]*\((?:{'|'.join(SYSTEMS[name] for name in names)}).*"


def cookies(pairs: Sequence[str]) -> str:
    """Return the Cookie header's pattern that demands all of the `name=value` patterns, in any order.

    RE2 can't say "and", so each order of them is written out: keep them few.
    """
    orders = [_START + _BETWEEN.join(order) + _END for order in permutations(pairs)]
    return any_of(orders)


def one_cookie(pairs: Sequence[str]) -> str:
    """Return the Cookie header's pattern for at least one of the `name=value` patterns."""
    inner = pairs[0] if len(pairs) == 1 else f"(?:{'|'.join(pairs)})"
    return _START + inner + _END


def inside_cookie(pattern: str) -> str | None:
    """Return the pattern held to one cookie's value: nothing in it can match a semicolon.

    None where that can't be said: a range or class that has the semicolon in it, an anchor in the middle,
    an escape by number.
    """
    out, at, text = [], 0, whole(pattern)
    while at < len(text):
        size = _class_end(text, at) - at if text[at] == "[" else 2 if text[at] == "\\" else 1
        held = _held(text[at : at + size])
        if held is None:
            return None
        out.append(held)
        at += size
    return "".join(out)


_PLAIN_ESCAPES = frozenset(r"\.+*?()|[]{}^$-/dwst") | frozenset("!\"#%&',:<=>@_`~")
_BROAD = {".": "[^;]", r"\D": r"[^\d;]", r"\W": r"[^\w;]", r"\S": r"[^\s;]"}


def _held(piece: str) -> str | None:
    """Return one character, escape or class of a pattern without the semicolon in it."""
    if piece in _BROAD:
        return _BROAD[piece]
    if piece in (";", "^", "$") or (piece[0] == "\\" and piece[1:] not in _PLAIN_ESCAPES):
        return None
    if len(piece) < 3:
        return piece
    if piece.startswith("[^"):
        return f"{piece[:-1]};]"
    return None if compiled(piece).fullmatch(";") else piece


def _class_end(text: str, start: int) -> int:
    """Return where a character class that begins at `start` is over; the pattern is known to be right."""
    at = start + 2 if text.startswith("[^", start) else start + 1
    at += text.startswith("]", at)
    while text[at] != "]":
        if text.startswith("[:", at):
            at = text.index(":]", at) + 2
        else:
            at += 2 if text[at] == "\\" else 1
    return at + 1
