"""Lengths of time as Kubernetes writes them (`1h30m`, `500ms`) and as Envoy's configuration does."""

from __future__ import annotations

import re2

PART = re2.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|us|µs|ns|m|s)")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
WHOLE = re2.compile(r"-?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|us|µs|ns|m|s))+|-?0")


def seconds(said: object) -> float | None:
    """Return a duration in seconds, None for nothing or what is no duration."""
    text = str(said or "")
    if not WHOLE.fullmatch(text):
        return None
    length = sum(float(part.group(1)) * UNITS[part.group(2)] for part in PART.finditer(text))
    return -length if text.startswith("-") else length


def spelled(length: float) -> str:
    """Return seconds as protobuf's JSON does: `3s`, `0.500s`."""
    nanoseconds = round(length * 1e9)
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    if not rest:
        return f"{whole}s"
    digits = f"{rest:09d}"
    for keep in (3, 6):
        if not digits[keep:].strip("0"):
            return f"{whole}.{digits[:keep]}s"
    return f"{whole}.{digits}s"
