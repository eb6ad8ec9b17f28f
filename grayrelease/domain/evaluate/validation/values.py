"""Single values: names, ports, patterns, headers, durations. Each check gives reasons, or none."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import re2

from grayrelease.domain.evaluate.durations import seconds
from grayrelease.domain.state import Reason

Found = Iterator[Reason]

LABEL = re2.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
WILD_LABEL = re2.compile(r"\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
NUMBER = re2.compile(r"[-+]?[0-9]+")
TAG = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
TAG_VALUE = re2.compile(f"(?:{TAG})?")
TAG_NAME = re2.compile(rf"(?:[a-zA-Z0-9][-a-zA-Z0-9]*(?:\.[a-zA-Z0-9][-a-zA-Z0-9]*)*/)?(?:{TAG})")
HEADER_NAME = re2.compile(r"[-!#$%&'*+,.^_`|~0-9A-Za-z]+")  # the comma is an oversight of Istio's
HEADER_VALUE = re2.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
ESCAPES = re2.compile(r'(?:[^%]|%%|%[^%(]*(?:\((?:\[[^\]]*\]|[^\[)"][^)]*)?\) *)?%)*')
PSEUDO = (":method", ":scheme", ":authority", ":path", ":status")
AUTHORITY = (":authority", "host")
CLAIMS = "@request.auth.claims"
LONGEST_NAME, LONGEST_LABEL, LONGEST_PATTERN = 255, 63, 1024
STATUSES = frozenset(int(status) for status in HTTPStatus)


def is_label(value: str) -> bool:
    return len(value) <= LONGEST_LABEL and LABEL.fullmatch(value) is not None


def label(path: str, value: str) -> Found:
    if not is_label(value):
        yield Reason("istio-name", {"path": path, "value": value})


def host(path: str, value: str) -> Found:
    """A host: labels with dots between, the first may be or begin with `*`."""
    if not value:
        yield Reason("istio-missing", {"path": path})
    elif not _is_host(value):
        yield Reason("istio-host", {"path": path, "value": value})


def _is_host(value: str) -> bool:
    first, dot, rest = value.partition(".")
    if len(value) > LONGEST_NAME or len(first) > LONGEST_LABEL or not WILD_LABEL.fullmatch(first):
        return False
    return not dot or _labels(rest)


def _labels(value: str) -> bool:
    parts = value.split(".")
    if NUMBER.fullmatch(parts[-1]):
        return False
    return all(is_label(part) or (not part and number == len(parts) - 1) for number, part in enumerate(parts))


def is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def gateways(path: str, said: Sequence[str]) -> Found:
    """Names of gateways: namespace/name, a name, or a host. Istio looks no further after a plain name."""
    for number, name in enumerate(said):
        home, slash, own = name.partition("/")
        at = f"{path}[{number}]"
        if not slash:
            if not name:
                yield Reason("istio-missing", {"path": at})
            elif len(name) > LONGEST_NAME or not _labels(name):
                yield Reason("istio-name", {"path": at, "value": name})
            return
        if not (is_label(home) and is_label(own)):
            yield Reason("istio-name", {"path": at, "value": name})


def within(path: str, value: float, least: float, most: float) -> Found:
    if not least <= value <= most:
        facts = {"path": path, "value": _plain(value), "least": _plain(least), "most": _plain(most)}
        yield Reason("istio-range", facts)


def _plain(value: float) -> str:
    return f"{value:g}" if value == value // 1 else repr(value)


def port(path: str, value: Any) -> Found:
    yield from within(path, int(value or 0), 1, 65535)


def percentage(path: str, said: Mapping[str, Any] | None) -> Found:
    """A percentage of a fault: nothing, or from a millionth on."""
    value = float((said or {}).get("value") or 0)
    if said is not None and 0 < value < 0.0001:
        yield Reason("istio-range", {"path": path, "value": repr(value), "least": "0.0001", "most": "100"})
    elif said is not None:
        yield from within(path, value, 0, 100)


def duration(path: str, said: Any) -> Found:
    """A length of time: whole milliseconds, at least one."""
    length = seconds(said)
    milliseconds = (length or 0) * 1000
    if milliseconds < 1 or abs(milliseconds - round(milliseconds)) > 1e-6:
        yield Reason("istio-duration", {"path": path, "value": str(said)})


def choice(path: str, value: str, known: Iterable[str]) -> Found:
    if value not in known:
        yield Reason("istio-choice", {"path": path, "value": value})


def regex(path: str, value: str) -> Found:
    if not value:
        yield Reason("istio-missing", {"path": path})
    elif len(value.encode()) > LONGEST_PATTERN:
        yield Reason("istio-regex-long", {"path": path, "limit": LONGEST_PATTERN})
    elif error := _error(value):
        yield Reason("istio-regex", {"path": path, "value": value, "error": error})


def _error(value: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        return told.decode(errors="replace") if isinstance(told, bytes) else str(told)
    return ""


def text(path: str, said: Mapping[str, Any] | None, *, empty_prefix: bool = False) -> Found:
    """A StringMatch. Only a uri may have an empty prefix."""
    if said is None:
        return
    if said.get("prefix") == "" and not empty_prefix:
        yield Reason("istio-missing", {"path": f"{path}.prefix"})
    if said.get("regex") is not None:
        yield from regex(f"{path}.regex", said["regex"])


def header_asked(path: str, name: str) -> Found:
    """The name of a header that a condition asks for."""
    if not name:
        yield Reason("istio-missing", {"path": path})
    elif name not in PSEUDO and not name.startswith(CLAIMS) and not HEADER_NAME.fullmatch(name):
        yield Reason("istio-header-name", {"path": path, "value": name})


def header_shown(path: str, name: str) -> Found:
    """The name of a header in a CORS policy."""
    if not name:
        yield Reason("istio-missing", {"path": path})
    elif name != "*" and not HEADER_NAME.fullmatch(name):
        yield Reason("istio-header-name", {"path": path, "value": name})


def header_written(path: str, name: str, *, authority: bool) -> Found:
    """The name of a header that is written or taken away; the authority only where that is said."""
    if not name:
        yield Reason("istio-missing", {"path": path})
    elif authority and name.lower() in AUTHORITY:
        return
    elif name.startswith(":") or name.lower() == "host":
        yield Reason("istio-header-fixed", {"path": path, "value": name})


def header_value(path: str, value: str) -> Found:
    if not HEADER_VALUE.fullmatch(value) or not ESCAPES.fullmatch(value):
        yield Reason("istio-header-value", {"path": path, "value": value})


def labels(path: str, said: Mapping[str, str] | None) -> Found:
    for name, value in (said or {}).items():
        if not _is_tag(name):
            yield Reason("istio-label", {"path": path, "value": name})
        if len(value) > LONGEST_LABEL or not TAG_VALUE.fullmatch(value):
            yield Reason("istio-label", {"path": path, "value": value})


def _is_tag(name: str) -> bool:
    own = name.rpartition("/")[2]
    return len(own) <= LONGEST_LABEL and TAG_NAME.fullmatch(name) is not None


def export_to(path: str, said: Sequence[str], namespace: str, *, selects: bool = False) -> Found:
    """The namespaces to which an object is shown. `selects`: a rule for some workloads stays at home."""
    places = [namespace if place == "." else place for place in said]
    for number, place in enumerate(places):
        if place in places[:number]:
            yield Reason("istio-twice", {"path": path, "value": said[number]})
        elif place not in ("*", ".") and not is_label(place):
            yield Reason("istio-choice", {"path": path, "value": said[number]})
    if "*" in places and len(said) > 1:
        yield Reason("istio-together", {"path": path, "one": "*", "other": next(p for p in said if p != "*")})
    if selects and said and set(places) != {namespace}:
        yield Reason("istio-choice", {"path": path, "value": ", ".join(said)})
