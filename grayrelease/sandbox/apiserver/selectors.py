"""Label and field selectors of lists and watches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from grayrelease.sandbox.apiserver import errors, names
from grayrelease.sandbox.apiserver.objects import Object, look_up, metadata_of

TOKEN = re.compile(r"\s*(==|!=|[=!,()]|[^\s=!,()]+)")
END = ""

Test = Callable[[Object], bool]


@dataclass(frozen=True)
class Requirement:
    """One condition on a label: `values` are those it may (or, negated, may not) have; None: any."""

    key: str
    values: frozenset[str] | None
    negated: bool

    def holds(self, labels: Object) -> bool:
        has = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return has != self.negated


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens = TOKEN.findall(text)
        self._position = 0

    def peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else END

    def take(self) -> str:
        token = self.peek()
        self._position += 1
        return token


def parse_labels(text: str) -> list[Requirement]:
    """Read a label selector; 400 with Kubernetes' words if it cannot be."""
    tokens = _Tokens(text)
    found: list[Requirement] = []
    while tokens.peek() != END:
        found.append(_requirement(tokens))
        after = tokens.take()
        if after not in (",", END):
            raise errors.bad_request(f"found '{after}', expected: ',' or 'end of string'")
        if after == "," and tokens.peek() == END:
            raise errors.bad_request("found '', expected: identifier after ','")
    return found


def _requirement(tokens: _Tokens) -> Requirement:
    first = tokens.take()
    if first == "!":
        return Requirement(_identifier(tokens.take()), None, True)
    key = _identifier(first)
    operator = tokens.peek()
    if operator in (",", END):
        return Requirement(key, None, False)
    tokens.take()
    if operator in ("in", "notin"):
        return Requirement(key, _values(tokens), operator == "notin")
    if operator in ("=", "==", "!="):
        value = "" if tokens.peek() in (",", END) else tokens.take()
        return Requirement(key, frozenset({value}), operator == "!=")
    expected = "in, notin, =, ==, !=, gt, lt"
    raise errors.bad_request(f"unable to parse requirement: found '{operator}', expected: {expected}")


def _identifier(token: str) -> str:
    if token in ("=", "==", "!=", ",", "(", ")", END):
        raise errors.bad_request(f"unable to parse requirement: found '{token}', expected: identifier")
    for problem in names.qualified_problems(token):
        shown = errors.shown(token)
        raise errors.bad_request(f"unable to parse requirement: key: Invalid value: {shown}: {problem}")
    return token


def _values(tokens: _Tokens) -> frozenset[str]:
    if (opening := tokens.take()) != "(":
        raise errors.bad_request(f"unable to parse requirement: found '{opening}', expected: '('")
    values: set[str] = set()
    while True:
        token = tokens.take()
        values.add("" if token in (",", ")") else token)
        after = token if token in (",", ")") else tokens.take()
        if after == ")":
            return frozenset(values)
        if after != ",":
            raise errors.bad_request(f"unable to parse requirement: found '{after}', expected: ',' or ')'")


def labels_test(text: str) -> Test:
    """Make the test of a label selector."""
    requirements = parse_labels(text)

    def test(item: Object) -> bool:
        labels = metadata_of(item).get("labels") or {}
        return all(requirement.holds(labels) for requirement in requirements)

    return test


@dataclass(frozen=True)
class FieldTerm:
    """One condition of a field selector."""

    path: str
    value: str
    negated: bool


def parse_fields(text: str) -> list[FieldTerm]:
    """Read a field selector; 400 with Kubernetes' words if it cannot be."""
    found = []
    for term in filter(None, text.split(",")):
        parts = re.fullmatch(r"([^=!]*)(==|!=|=)(.*)", term)
        if parts is None:
            raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        found.append(FieldTerm(parts[1], parts[3], parts[2] == "!="))
    return found


def fields_test(text: str, known: tuple[str, ...], words: str = "") -> Test:
    """Make the test of a field selector over the `known` paths; `words` replaces the usual refusal."""
    terms = parse_fields(text)
    for term in terms:
        if term.path not in known:
            raise errors.bad_request(words.format(path=term.path) if words else _unknown_field(term.path))

    def test(item: Object) -> bool:
        return all((_shown(look_up(item, term.path)) == term.value) != term.negated for term in terms)

    return test


def _unknown_field(path: str) -> str:
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def both(first: Test | None, second: Test | None) -> Test | None:
    """Combine two tests, either of which may be absent."""
    if first is None or second is None:
        return first or second
    return lambda item: first(item) and second(item)
