"""Comparing texts as Envoy does. Patterns are RE2's, and hold for a whole value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import re2

TextKind = Literal["exact", "prefix", "path-prefix", "suffix", "regex", "present"]
KINDS: tuple[TextKind, ...] = ("exact", "prefix", "regex")


@lru_cache(maxsize=4096)
def pattern(text: str) -> Any:
    """Return the compiled pattern, or None if it is not RE2."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


def fits_whole(text: str, value: str) -> bool:
    compiled = pattern(text)
    return compiled is not None and compiled.fullmatch(value) is not None


def lowered(value: str) -> str:
    """Return the text with the letters A to Z made small; all others stay as they are."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in value)


@dataclass(frozen=True)
class Text:
    """What a value must be. `path-prefix` is a prefix that ends where a segment of the path ends."""

    kind: TextKind
    value: str = ""
    ignore_case: bool = False

    def fits(self, value: str) -> bool:
        if self.kind == "present":
            return True
        if self.kind == "regex":
            return fits_whole(self.value, value)
        asked, had = (lowered(self.value), lowered(value)) if self.ignore_case else (self.value, value)
        if self.kind == "exact":
            return asked == had
        if self.kind == "suffix":
            return had.endswith(asked)
        return had.startswith(asked) and (self.kind == "prefix" or had[len(asked) :][:1] in ("", "/"))


def text(match: Mapping[str, Any] | None) -> Text:
    """Return Istio's StringMatch; an empty one asks only for presence, as does the pattern `*`."""
    for kind in KINDS:
        value = (match or {}).get(kind)
        if value is not None and (kind, value) != ("regex", "*"):
            return Text(kind, str(value))
    return Text("present")


def replace_all(text_: str, replacement: str, value: str) -> str:
    """Replace each part that the pattern finds, as RE2's GlobalReplace: `\\1` is the first group."""
    compiled = pattern(text_)
    if compiled is None:
        return value
    pieces: list[str] = []
    end = 0
    for found in compiled.finditer(value):
        if found.end() == found.start() == end and pieces:
            continue  # an empty part right after another one is not replaced
        pieces += (value[end : found.start()], _expanded(replacement, found))
        end = found.end()
    return "".join(pieces) + value[end:]


def _expanded(replacement: str, found: Any) -> str:
    pieces: list[str] = []
    letters = iter(replacement)
    for letter in letters:
        if letter != "\\":
            pieces.append(letter)
            continue
        following = next(letters, "")
        pieces.append((found.group(int(following)) or "") if following.isdigit() else following)
    return "".join(pieces)
