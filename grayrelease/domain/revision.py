"""Canonical JSON (RFC 8785 style), and a plan's revision: the hash of the text as it was stored."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from grayrelease.domain.marks import digest
from grayrelease.domain.plan import Manifest, Plan

LARGEST = 2**53 - 1
"""Larger integers are not the same number in every JSON reader."""


def freeze(plan: Plan) -> str:
    """Return the plan's canonical JSON. It is stored as this text and never serialised again."""
    return canonical(plan.model_dump(mode="python"))


def revision(text: str) -> str:
    """Return the SHA-256 of a stored plan, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str) -> Plan:
    """Read a stored plan; raises pydantic's ValidationError if it isn't one."""
    return Plan.model_validate_json(text)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, integers only, NFC, UTC microseconds.

    Raises ValueError for a float, an integer beyond 2^53, a naive time or a key that isn't text.
    """
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Mapping):
        return _sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _text(value: str) -> str:
    value.encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError
    return unicodedata.normalize("NFC", value)


def _integer(value: int) -> int:
    if abs(value) > LARGEST:
        raise ValueError(f"{value} is larger than JSON numbers can be")
    return value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone has no canonical form")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sorted(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in value):
        raise ValueError("a key that isn't text has no canonical form")
    plain = {_text(key): _plain(item) for key, item in value.items()}
    if len(plain) != len(value):
        raise ValueError("two keys are the same text")
    return dict(sorted(plain.items(), key=lambda item: item[0].encode("utf-16-be")))


def base(routes: Iterable[Manifest]) -> str:
    """Return the SHA-256 of the routes that were there when a plan is frozen, whatever their order."""
    digests = sorted(f"{m.get('kind', '')}/{m['metadata']['name']} {digest(m.get('spec'))}" for m in routes)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
