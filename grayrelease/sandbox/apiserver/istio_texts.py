"""What istiod's admission says of single values: names of hosts, headers, subsets; patterns, durations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.rules import AMOUNT, UNIT_MS

LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
WILDCARD_LABEL = re.compile(r"(?:\*|[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?|\*-[-a-zA-Z0-9]*[a-zA-Z0-9])")
HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+")
TAG_KEY = re.compile(r"(?:[-a-z0-9A-Z.]{1,253}/)?[a-zA-Z0-9](?:[-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
TAG_VALUE = re.compile(r"(?:[a-zA-Z0-9](?:[-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)?")
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
EXPRESSION = re.compile(r"%%|%[^%(]+(?:\([^)]*\))?%")
PSEUDO = (":method", ":scheme", ":authority", ":path", ":status")
CLAIMS = "@request.auth.claims"
LONGEST_PATTERN = 1024
RE2_WORDS = (
    ("invalid perl operator", "invalid or unsupported Perl syntax"),
    ("bad repetition operator", "invalid nested repetition operator"),
    ("invalid repetition size", "invalid repeat count"),
    ("missing ]", "missing closing ]"),
    ("missing )", "missing closing )"),
    ("no argument for repetition operator", "missing argument to repetition operator"),
)
"""What RE2 in C++ says, and what its Go twin, which istiod uses, says instead."""

Found = Iterator[str]


def fqdn(name: str) -> Found:
    """Say what is wrong with the full name of a host."""
    yield from _length(name) or _labels(name)


def host(name: str) -> Found:
    """Say what is wrong with the name of a host whose first part may be `*`."""
    problems = _length(name)
    if problems:
        yield from problems
        return
    first, dot, rest = name.partition(".")
    if not WILDCARD_LABEL.fullmatch(first) or len(first) > 63:
        yield f'domain name "{name}" invalid (label "{first}" invalid)'
    elif dot:
        yield from _labels(rest)


def is_address(name: str) -> bool:
    """Say whether a name is an IP address."""
    return bool(ADDRESS.fullmatch(name))


def is_label(name: str) -> bool:
    """Say whether a name is a DNS label."""
    return len(name) <= 63 and bool(LABEL.fullmatch(name))


def subset(name: str) -> Found:
    """Say what is wrong with the name of a subset."""
    if not name:
        yield "subset name cannot be empty"
    elif not is_label(name):
        yield f"subset name is invalid: {name}"


def port(number: int) -> Found:
    """Say what is wrong with a port."""
    if not 1 <= number <= 65535:
        yield f"port number {number} must be in the range 1..65535"


def duration(text: str) -> Found:
    """Say what is wrong with a length of time."""
    amounts = AMOUNT.findall(text)
    millis = sum(float(amount) * UNIT_MS[unit] for amount, unit in amounts)
    if millis < 1 or text.startswith("-"):
        yield "duration must be greater than 1ms"
    elif abs(millis - round(millis)) > 1e-6:
        yield "only durations to ms precision are supported"


def is_no_time(text: str) -> bool:
    """Say whether a length of time is none, to the millisecond."""
    return -1 < sum(float(amount) * UNIT_MS[unit] for amount, unit in AMOUNT.findall(text)) < 1


def labels(found: Mapping[str, str]) -> Found:
    """Say what is wrong with labels."""
    for key, value in found.items():
        if not TAG_KEY.fullmatch(key):
            yield f'invalid tag key: "{key}"'
        if not TAG_VALUE.fullmatch(value):
            yield f'invalid tag value: "{value}"'


def string_match(condition: Object | None, where: str) -> Found:
    """Say what is wrong with a match of a text."""
    if condition and condition.get("prefix") == "":
        yield f'"{where}": prefix string match should not be empty'
    yield from pattern_of(condition, where)


def pattern_of(condition: Object | None, where: str) -> Found:
    """Say what is wrong with the pattern of a match."""
    if condition and "regex" in condition:
        if condition["regex"] == "":
            yield f'"{where}": regex string match should not be empty'
        else:
            yield from pattern(condition["regex"], where)


def pattern(text: str, where: str) -> Found:
    """Say what is wrong with a pattern."""
    if len(text) > LONGEST_PATTERN:
        yield f'"{where}": regex is too large, max length allowed is {LONGEST_PATTERN}'
        return
    try:
        re2.compile(text, _quiet())
    except re2.error as error:
        told = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        style = "Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)"
        yield f'"{where}": error parsing regexp: {_in_go(told)}; {style}'


def matched_header(name: str) -> Found:
    """Say what is wrong with the name of a header that is matched."""
    if not name:
        yield "header name cannot be empty"
    elif name not in PSEUDO and not name.startswith(CLAIMS) and not HEADER_NAME.fullmatch(name):
        yield f"header name {name} is not a valid header name"


def shared_header(name: str) -> Found:
    """Say what is wrong with the name of a header in a CORS policy."""
    if not name:
        yield "header name cannot be empty"
    elif not HEADER_NAME.fullmatch(name):
        yield f"header name {name} is not a valid header name"


def set_header(name: str, *, authority: bool) -> Found:
    """Say what is wrong with the name of a header that is changed; `authority`: whether that one may be."""
    if not name:
        yield "header name cannot be empty"
    elif name.lower() == "host" and not authority:
        yield f'invalid header "{name}": cannot set Host header'
    elif name.startswith(":") and not (authority and name.lower() == ":authority"):
        yield f'invalid header "{name}": header cannot have ":" prefix'


def header_value(value: str) -> Found:
    """Say what is wrong with a value that a header is set to; `%…%` means something in it."""
    if CONTROL.search(value):
        yield f"header value configuration {value} is invalid"
        return
    rest = EXPRESSION.sub("", value)
    if rest.endswith("%"):
        yield "header value configuration: invalid header configuration. Un-escaped %"
    elif "%" in rest:
        told = f"Un-terminated variable expression '{value}'"
        yield f"header value configuration: invalid header configuration. {told}"


def exports(allowed: list[str], namespace: str) -> Found:
    """Say what is wrong with an `exportTo`."""
    seen: set[str] = set()
    for entry in allowed:
        key = namespace if entry == "." else entry
        if key in seen:
            same = f". and current namespace {namespace}" if key != entry else ""
            yield f"duplicate entries in exportTo{f': {same}' if same else f' for entry {entry}'}"
        elif key == "~":
            yield "exportTo ~ (none) is not allowed for Istio configuration objects"
        elif key != "*" and not is_label(key):
            yield "only .,*, or a valid DNS 1123 label is allowed as exportTo entry"
        seen.add(key)
    if "*" in seen and len(allowed) > 1:
        yield "cannot have both public (*) and non-public exportTo values for a resource"


def gateways(names: list[str]) -> Found:
    """Say what is wrong with names of Gateways."""
    for name in names:
        namespace, slash, own = name.partition("/")
        if not slash:
            yield from fqdn(name)
            return
        if not namespace or not own:
            yield "config namespace and gateway name cannot be empty"
        if not is_label(namespace):
            yield f'invalid value for namespace: "{namespace}"'
        if not is_label(own):
            yield f'invalid value for gateway name: "{own}"'


def _length(name: str) -> list[str]:
    if len(name) > 255:
        return [f'domain name "{name}" too long (max 255)']
    return [] if name else ["empty domain name not allowed"]


def _labels(name: str) -> list[str]:
    parts = name.split(".")
    if re.fullmatch(r"[-+]?\d+", parts[-1]):
        return [f'domain name "{name}" invalid (top level domain "{parts[-1]}" cannot be all-numeric)']
    checked = parts[:-1] if parts[-1] == "" else parts
    bad = next((part for part in checked if not is_label(part)), None)
    return [] if bad is None else [f'domain name "{name}" invalid (label "{bad}" invalid)']


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _in_go(told: str) -> str:
    words, colon, what = told.partition(": ")
    for ours, theirs in RE2_WORDS:
        words = theirs if words == ours else words
    return f"{words}: `{what}`" if colon else words
