"""How a release's routes differ from those that it was reviewed with: line by line, as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

import yaml

from grayrelease.domain.plan import Manifest
from grayrelease.models import Event, Release

AROUND = 4
"""So many lines that are the same stand above and below a change."""

Line = tuple[Literal["", "was", "is"], str]


@dataclass(frozen=True)
class Changed:
    """One object: whether it came, went or changed, and its lines."""

    kind: str
    name: str
    how: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...]


def changed(release: Release) -> list[Changed]:
    """Return what differs in the routes that a release asks about; empty where it asks about none."""
    reviewed = {_title(each): each for each in _reviewed(release)}
    present = {_title(each): each for each in _found(release, release.asks)}
    titles = sorted(reviewed.keys() | present.keys())
    return [
        Changed(*title, _how(title in reviewed, title in present), tuple(lines))
        for title in titles
        if (lines := list(_lines(reviewed.get(title), present.get(title))))
    ]


def _reviewed(release: Release) -> Sequence[Manifest]:
    """Return the routes that a person agreed to last: at the review, or when it asked before."""
    if release.base:
        return _found(release, release.base)
    created = Event.objects.filter(release=release, kind="created").first()
    return (created.data.get("base") or []) if created else []


def _found(release: Release, base: str) -> Sequence[Manifest]:
    """Return the routes that a release once asked about, by their hash."""
    asked = Event.objects.filter(release=release, kind="base", data__base=base).order_by("-id").first()
    return (asked.data["routes"] or []) if asked else []


def _title(manifest: Manifest) -> tuple[str, str]:
    return str(manifest["kind"]), str(manifest["metadata"]["name"])


def _how(was: bool, is_there: bool) -> Literal["added", "removed", "changed"]:
    if was and is_there:
        return "changed"
    return "removed" if was else "added"


def _lines(before: Manifest | None, after: Manifest | None) -> Iterator[Line]:
    was, now = _yaml(before), _yaml(after)
    for at, line in enumerate(unified_diff(was, now, n=AROUND, lineterm="")):
        if at < 2:  # the two names of files
            continue
        if line.startswith("@@"):
            if at > 2:
                yield "", "…"
        else:
            yield {"-": "was", "+": "is"}.get(line[0], ""), line  # type: ignore[misc]


def _yaml(manifest: Manifest | None) -> list[str]:
    if manifest is None:
        return []
    text = yaml.dump(manifest["spec"], Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
    return str(text).splitlines()
