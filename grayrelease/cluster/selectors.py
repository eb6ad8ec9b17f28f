"""Label selectors, as `kubectl -l` takes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from grayrelease.cluster.interface import Refused

Labels = Mapping[str, str]

COMMA = re.compile(r",(?![^(]*\))")
TERM = re.compile(
    r"\s*(?P<absent>!)?\s*(?P<key>[\w./-]+)\s*"
    r"(?:(?P<operator>==?|!=)\s*(?P<value>[\w.-]*)|(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?\s*"
)


def parse(selector: str) -> Callable[[Labels], bool]:
    """Return the test that labels must pass; an empty selector takes everything. Raises Refused."""
    terms = [_term(text) for text in COMMA.split(selector) if selector.strip()]
    return lambda labels: all(_fulfils(term, labels) for term in terms)


def _term(text: str) -> re.Match[str]:
    if (found := TERM.fullmatch(text)) is None:
        raise Refused(f"unable to parse requirement: {text!r}")
    return found


def _fulfils(term: re.Match[str], labels: Labels) -> bool:
    value = labels.get(term["key"])
    if term["set"]:
        chosen = value in [part.strip() for part in term["values"].split(",")]
        return chosen if term["set"] == "in" else not chosen
    if term["operator"]:
        return (value == term["value"]) is (term["operator"] != "!=")
    return (value is None) is bool(term["absent"])
