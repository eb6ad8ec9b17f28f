"""The validation rules (CEL) that can be evaluated here, by their text; others are taken as holding."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from grayrelease.sandbox.apiserver.objects import Object

DURATION = re.compile(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
AMOUNT = re.compile(r"([\d.]+)(ns|us|µs|ms|s|m|h)")
UNIT_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
WITH_MEMBER = re.compile(r"!\(!has\(self\.(\w+)\) && self\.type == '(\w+)'\)")

Rule = Callable[[Any], bool]


def _duration(value: Any) -> bool:
    amounts = AMOUNT.findall(value)
    return sum(float(amount) * UNIT_MS[unit] for amount, unit in amounts) >= 1


def _port_of_service(value: Any) -> bool:
    return bool(value.get("group")) or value.get("kind") != "Service" or "port" in value


def _absolute_path(value: Any) -> bool:
    return value.get("type") not in ("Exact", "PathPrefix") or str(value.get("value", "")).startswith("/")


def _unique_names(values: Any) -> bool:
    names = [each.get("name") for each in values]
    return len(names) == len(set(names))


def _not_both_certificates(value: Any) -> bool:
    return not (value.get("tlsCertificates") and value.get("credentialNames"))


IS_DURATION = "duration(self) >= duration('1ms')"
RULES: dict[str, Rule] = {
    IS_DURATION: _duration,
    "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true": _port_of_service,
    "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true": _absolute_path,
    "self.all(l1, self.exists_one(l2, l1.name == l2.name))": _unique_names,
    "!(has(self.tlsCertificates) && has(self.credentialNames))": _not_both_certificates,
}


def broken(value: Any, rule: Object) -> str | None:
    """What is said of a value that breaks a rule; None if it keeps it."""
    text, message = rule["rule"], rule.get("message", f"failed rule: {rule['rule']}")
    shown = 'Invalid value: "string": ' if isinstance(value, str) else "Invalid value: "
    if text == IS_DURATION and not DURATION.fullmatch(str(value)):
        told = "type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule"
        return f"{shown}{told}: {message}"
    if (found := WITH_MEMBER.fullmatch(text)) is not None:
        return shown + message if value.get("type") == found[2] and found[1] not in value else None
    check = RULES.get(text)
    return shown + message if check is not None and not check(value) else None
