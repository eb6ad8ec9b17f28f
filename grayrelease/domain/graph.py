"""Who goes where, as a picture: a route table as boxes and lines, laid out in the picture's own units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from grayrelease.domain.plan import ALL, Group
from grayrelease.domain.routes import Part, RouteTable, Rule

Role = str
"""`stable`, `candidate` (of the release that is shown), `third` (another release's), `elsewhere`."""

ENTRANCE, LANE, END = (1, 92), (152, 180), (392, 128)
"""Left edge and width of the boxes in each column."""
NARROW_LANE, NARROW_END = (1, 180), (218, 124)
"""The columns where there is little room: several lanes have no entrance before them."""
NEAR_END = 204
"""Where the last column begins if there is but one lane, which needs no boxes of its own."""
TALL, APART = 42, 14
THICKEST = 9


@dataclass(frozen=True)
class Copied:
    """Copies of a lane's requests; `reads`: of GET and HEAD alone. `to` is a version or host:port."""

    to: str
    share: int
    reads: bool = False


@dataclass(frozen=True)
class Lane:
    """A rule as people see it. No groups: everyone whom no lane before concerns.

    `release`: whose rule it is; None for everyone's. `parts` are versions with their shares in per mille.
    `sticky`: visitors keep the version that they were given.
    """

    release: int | None
    groups: tuple[Group, ...]
    parts: tuple[tuple[str, int], ...]
    copies: tuple[Copied, ...] = ()
    sticky: bool = False


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    width: int
    height: int = TALL

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True)
class End:
    """A version, or where copies go."""

    name: str
    role: Role
    box: Box


@dataclass(frozen=True)
class Line:
    """A way of requests, or dashed of copies. `share` in per mille is written at `x`, `y`; None: nowhere."""

    path: str
    role: Role
    width: int
    copies: bool = False
    share: int | None = None
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Graph:
    """`boxes` are the lanes'; empty where there is one lane alone, whose lines leave from the entrance.

    `entrance` is None where there is no room for it.
    """

    width: int
    height: int
    entrance: Box | None
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    ends: tuple[End, ...]
    lines: tuple[Line, ...]


def lanes(table: RouteTable) -> tuple[Lane, ...]:
    """Return the rules as people see them.

    What is written as several rules is one lane: those for who was given a version before, and those that
    copy only what reads.
    """
    found: list[Lane] = []
    kept: set[str] = set()
    for key, rules in groupby(table.rules, key=lambda rule: _meant(rule.key)):
        if "." in key:
            kept.add(key.partition(".")[0])
        else:
            found.append(_lane(key, list(rules), kept))
    return tuple(found)


def _meant(key: str) -> str:
    """Return the key of the rule that one which copies what reads stands before: `5.m.3` is before `3`."""
    release, copies, rest = key.partition(".m")
    return _meant(rest.removeprefix(".")) if copies and release.isdecimal() else key


def _lane(key: str, rules: Sequence[Rule], kept: set[str]) -> Lane:
    last = rules[-1]
    copied = dict.fromkeys(copies for rule in rules for copies in rule.copies)
    return Lane(
        release=int(key) if key else None,
        groups=last.groups,
        parts=_shares(last.parts),
        copies=tuple(
            Copied(
                f"{each.to.host}:{each.to.port}" if each.to else each.version,
                each.share,
                each not in last.copies,
            )
            for each in copied
        ),
        sticky=any(part.cookie for part in last.parts) or key in kept,
    )


def _shares(parts: Sequence[Part]) -> tuple[tuple[str, int], ...]:
    total = sum(part.weight for part in parts)
    return tuple((part.version, round(ALL * part.weight / total)) for part in parts)


def graph(
    table: RouteTable, stable: str, versions: Sequence[str] = (), candidate: str = "", *, narrow: bool = False
) -> Graph:
    """Lay out a route table.

    `versions` have a box though nobody goes there; `candidate` is the one that the picture is about.
    """
    found = lanes(table)
    single = len(found) == 1
    names = _names(found, stable, versions)
    tall = max(len(names), len(found)) * (TALL + APART) + 2
    left, width = NARROW_END if narrow else (NEAR_END if single else END[0], END[1])
    ends = tuple(
        End(name, _role(name, stable, candidate), box)
        for name, box in zip(names, _column(left, width, len(names), tall), strict=True)
    )
    entrance = None if narrow and not single else _column(*ENTRANCE, 1, tall)[0]
    boxes = () if single else tuple(_column(*(NARROW_LANE if narrow else LANE), len(found), tall))
    begins = [entrance] if single and entrance else boxes
    arriving = tuple(Line(_path(entrance, box), "entrance", 2) for box in boxes if entrance)
    leaving = (_lines(lane, begin, ends, single) for lane, begin in zip(found, begins, strict=True))
    lines = (*arriving, *(line for each in leaving for line in each))
    return Graph(left + width + 1, tall, entrance, found, boxes, ends, lines)


def _names(found: Sequence[Lane], stable: str, versions: Sequence[str]) -> list[str]:
    """Return what has a box, top down: candidates, stable, where copies go."""
    met = [name for lane in found for name, _ in lane.parts]
    copied = [copies.to for lane in found for copies in lane.copies]
    candidates = [name for name in dict.fromkeys([*versions, *met]) if name not in (stable, "")]
    elsewhere = [name for name in dict.fromkeys(copied) if name not in (*candidates, stable)]
    return [*candidates, stable, *elsewhere]


def _role(name: str, stable: str, candidate: str) -> Role:
    if name == stable:
        return "stable"
    if ":" in name:
        return "elsewhere"
    return "candidate" if name == candidate else "third"


def _column(x: int, width: int, count: int, tall: int) -> list[Box]:
    used = count * TALL + (count - 1) * APART
    top = (tall - used) // 2
    return [Box(x, top + at * (TALL + APART), width) for at in range(count)]


def _lines(lane: Lane, begin: Box, ends: Sequence[End], single: bool) -> Iterator[Line]:
    by_name = {end.name: end for end in ends}
    for name, share in lane.parts:
        width = max(1, -(-share * THICKEST // ALL))
        yield _line(begin, by_name[name], width, share, single, copies=False)
    for copies in lane.copies:
        yield _line(begin, by_name[copies.to], 2, copies.share, single, copies=True)


def _line(begin: Box, end: End, width: int, share: int, single: bool, *, copies: bool) -> Line:
    left = begin.x + begin.width
    x, y = left + (end.box.x - left) * 7 // 10, begin.middle + (end.box.middle - begin.middle) * 8 // 10
    path = _path(begin, end.box)
    return Line(path, end.role, width, copies, share if single else None, x, y)


def _path(begin: Box, end: Box) -> str:
    left, right = begin.x + begin.width, end.x
    bend = (left + right) // 2
    return f"M{left} {begin.middle} C {bend} {begin.middle} {bend} {end.middle} {right} {end.middle}"
