"""The path as Envoy's routes see it: normalised before anything is compared."""

from __future__ import annotations

import re2

UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
ESCAPED = frozenset('"<>^`{|}')
HEX = frozenset("0123456789abcdefABCDEF")
PARAMETERS = re2.compile(r"(^|/)(\.\.?);[^/]*")
"""`..;x` counts as `..`: some servers behind would take it so."""


def normalised(target: str) -> str | None:
    """Return a path (with its query) with dots resolved and letters unescaped; None if it can't be.

    Doubled slashes, `%2F` and the query stay as they are. Probed with Envoy 1.40.
    """
    if "#" in target:
        return None
    path, question, query = target.partition("?")
    spelled = _spelled(PARAMETERS.sub(r"\1\2", path).replace("\\", "/"))
    return None if spelled is None else _resolved(spelled) + question + query


def _spelled(path: str) -> str | None:
    pieces: list[str] = []
    at = 0
    while at < len(path):
        letter = path[at]
        if letter == "%" and len(path) > at + 2 and HEX.issuperset(path[at + 1 : at + 3]):
            meant = chr(int(path[at + 1 : at + 3], 16))
            if meant == "\0":
                return None
            pieces.append(meant if meant in UNRESERVED else path[at : at + 3])
            at += 3
            continue
        pieces.append(f"%{ord(letter):02X}" if letter in ESCAPED else letter)
        at += 1
    return "".join(pieces)


def _resolved(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def parameters(query: str) -> dict[str, str]:
    """Return each query parameter's first value; nothing is decoded."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if part:
            found.setdefault(name, value)
    return found
