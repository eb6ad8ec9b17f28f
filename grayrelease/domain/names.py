"""Rules of the wizard's fields: each returns what was meant, and what is wrong or worth a word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import re2

from grayrelease.domain.state import Reason

NAME_LENGTH = 63
VERSION_LENGTH = 16
_NAME = re2.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_VERSION = re2.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_ENV = re2.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_DOMAIN = r"([a-zA-Z0-9]|[a-zA-Z0-9][-a-zA-Z0-9]*[a-zA-Z0-9])"
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re2.compile(
    rf"({_DOMAIN}(\.{_DOMAIN})*(:[0-9]+)?/)?{_PART}(/{_PART})*"
    r"(:[A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?(@[a-zA-Z][a-zA-Z0-9]*:[0-9a-fA-F]{32,})?"
)
IMAGE_LENGTH = 255


@dataclass(frozen=True)
class Checked:
    """A field as it will be used. `wrong` refuses it; `note` only says what was made of it."""

    value: str
    wrong: Reason | None = None
    note: Reason | None = None


def name(typed: str, taken: Collection[str] = ()) -> Checked:
    """Check a release's or an application's name; names are compared exactly."""
    value = typed.strip()
    wrong = _length(value, NAME_LENGTH) or _spelled(
        value, _NAME, Reason("bad-name", {"example": "reviews-v2"})
    )
    if wrong is None and value in taken:
        wrong = Reason("name-taken", {"name": value})
    return Checked(value, wrong)


def version(typed: str) -> Checked:
    """Check a version: it becomes a label, a part of the workload's name, and is written in lower case."""
    plain = typed.strip()
    value = plain.lower()
    bad = Reason("bad-version", {"example": "v2"})
    wrong = _length(value, VERSION_LENGTH) or _spelled(value, _VERSION, bad)
    lowered = Reason("lowered", {"typed": plain, "value": value}) if value != plain and not wrong else None
    return Checked(value, wrong, lowered)


def new_version(
    typed: str,
    *,
    prefix: str,
    versions: Collection[str],
    workloads: Collection[str],
    left: Collection[str] = (),
) -> Checked:
    """Check a candidate's version: neither it nor its workload may be there; both are compared exactly.

    `left`: workloads that stand at 0 pods and may be brought again.
    """
    checked = version(typed)
    workload = f"{prefix}-{checked.value}"
    wrong = checked.wrong
    if wrong is None and checked.value in versions:
        wrong = Reason("version-taken", {"version": checked.value})
    if wrong is None and workload in workloads and workload not in left:
        wrong = Reason("workload-taken", {"workload": workload})
    if wrong is None and len(workload) > NAME_LENGTH:
        wrong = Reason("too-long", {"limit": NAME_LENGTH - len(prefix) - 1})
    again = Reason("brought-again", {"workload": workload}) if workload in left else None
    return Checked(checked.value, wrong, None if wrong else again or checked.note)


def image(typed: str) -> Checked:
    """Check an image's reference: [registry[:port]/]path[:tag][@digest]."""
    value = typed.strip()
    bad = Reason("bad-image", {"example": "istio/examples-bookinfo-reviews-v2:1.16.2"})
    return Checked(value, _length(value, IMAGE_LENGTH) or _spelled(value, _IMAGE, bad))


def env_name(typed: str, taken: Collection[str] = ()) -> Checked:
    """Check an environment variable's name; `taken` are those of the rows above it."""
    value = typed.strip()
    wrong = _length(value, IMAGE_LENGTH) or _spelled(value, _ENV, Reason("bad-env", {"name": value}))
    if wrong is None and value in taken:
        wrong = Reason("twice", {"name": value})
    return Checked(value, wrong)


def replicas(typed: str) -> Checked:
    """Check a number of pods: a whole number, at least 1."""
    value = typed.strip()
    if not value:
        return Checked(value, Reason("required"))
    whole = value.isascii() and value.isdecimal() and int(value) >= 1
    return Checked(value, None if whole else Reason("too-small-number", {"least": 1}))


def _length(value: str, limit: int) -> Reason | None:
    if not value:
        return Reason("required")
    return Reason("too-long", {"limit": limit}) if len(value) > limit else None


def _spelled(value: str, pattern: re2._Regexp, bad: Reason) -> Reason | None:
    return None if pattern.fullmatch(value) else bad
