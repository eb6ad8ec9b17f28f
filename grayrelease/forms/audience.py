"""An audience as it is typed: rows of conditions in groups, kept as they are, right or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, get_args

from grayrelease.domain import conditions
from grayrelease.domain.patterns import SYSTEMS
from grayrelease.domain.plan import Audience, Condition, Group
from grayrelease.domain.state import Reason

KINDS = tuple(get_args(Condition.model_fields["on"].annotation))
HOWS = ("exact", "prefix", "regex", "present", "absent")
NAMED = frozenset({"cookie", "header", "query"})
CHOSEN = frozenset({"system", "method"})
"""What is ticked instead of typed."""

FIELDS = {"values": "value", "group": "on"}
"""What a field of a condition is called at its row, where that is another name."""

Lists = dict[str, list[str]]


@dataclass(frozen=True)
class Row:
    """A condition as it was typed; `values` has one a line. `wrong`: by field, see `FIELDS`."""

    index: int = 0
    group: int = 0
    on: str = "cookie"
    name: str = ""
    how: str = "exact"
    values: str = ""
    systems: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    ignore_case: bool = False
    wrong: dict[str, Reason] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """Tell if nothing was said here, so that it counts for nothing."""
        if self.on in CHOSEN:
            return False
        return not (self.name.strip() or self.values.strip())

    @property
    def reasons(self) -> list[Reason]:
        return list(self.wrong.values())

    def condition(self) -> Condition:
        """Return what is meant; whether it is right is another question."""
        said = [line.strip() for line in self.values.splitlines() if line.strip()]
        values = {
            "system": [each for each in SYSTEMS if each in self.systems],
            "method": _in_order(self.methods),
        }.get(self.on, said)
        how = "exact" if self.on in CHOSEN else self.how
        meant: dict[str, Any] = {
            "on": self.on,
            "name": self.name.strip() if self.on in NAMED else "",
            "how": how,
            "values": () if how in ("present", "absent") else tuple(values),
            "ignore_case": self.ignore_case and self.on == "url" and how != "regex",
        }
        return Condition.model_validate(meant)


def _in_order(methods: Iterable[str]) -> list[str]:
    return sorted(methods, key=lambda each: (each not in conditions.METHODS, each))


def read(typed: Lists) -> list[Row]:
    """Read the rows, in order."""
    names, values = typed.get("c_name", []), typed.get("c_values", [])
    cases, hows = set(typed.get("c_case", [])), typed.get("c_how", [])
    groups = typed.get("c_group", [])
    return [
        Row(
            index=index,
            group=_number(_at(groups, index)),
            on=on if on in KINDS else KINDS[0],
            name=_at(names, index),
            how=how if (how := _at(hows, index)) in HOWS else "exact",
            values=_at(values, index),
            systems=_ticked(typed, "c_system", index),
            methods=_ticked(typed, "c_method", index),
            ignore_case=str(index) in cases,
        )
        for index, on in enumerate(typed.get("c_on", []))
    ]


def _at(texts: Sequence[str], index: int) -> str:
    return texts[index] if index < len(texts) else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _ticked(typed: Lists, name: str, index: int) -> frozenset[str]:
    pairs = (each.partition(":") for each in typed.get(name, []))
    return frozenset(value for row, _, value in pairs if row == str(index))


def write(rows: Sequence[Row]) -> Lists:
    """Return the fields that `read` makes the rows of, numbered anew."""
    ordered = sorted(rows, key=lambda row: row.group)
    lists: Lists = {name: [] for name in ("c_group", "c_on", "c_name", "c_how", "c_values")}
    lists |= {name: [] for name in ("c_case", "c_system", "c_method")}
    for index, row in enumerate(ordered):
        for name, value in _texts(row).items():
            lists[name].append(value)
        lists["c_system"] += [f"{index}:{each}" for each in sorted(row.systems)]
        lists["c_method"] += [f"{index}:{each}" for each in sorted(row.methods)]
        lists["c_case"] += [str(index)] if row.ignore_case else []
    return lists


def _texts(row: Row) -> dict[str, str]:
    return {
        "c_group": str(row.group),
        "c_on": row.on,
        "c_name": row.name,
        "c_how": row.how,
        "c_values": row.values,
    }


def edited(rows: Sequence[Row], deed: str, at: int) -> list[Row]:
    """Add a condition to group `at` ("and"), a group ("or"), or take row `at` away ("drop")."""
    if deed == "drop":
        return [row for row in rows if row.index != at] or [Row()]
    last = max((row.group for row in rows), default=-1)
    return [*rows, Row(group=at if deed == "and" else last + 1)]


def checked(rows: Sequence[Row]) -> tuple[Audience, list[Row], list[Reason]]:
    """Return who is meant, the rows with what is wrong in them, and what is wrong with all of it."""
    said = [row for row in rows if not row.blank]
    grouped = [list(found) for _, found in groupby(said, key=lambda row: row.group)]
    audience = Audience(
        groups=tuple(Group(conditions=tuple(row.condition() for row in group)) for group in grouped)
    )
    marked = {row.index: row for row in rows}
    whole: list[Reason] = []
    for wrong in conditions.check(audience):
        if wrong.group < 0:
            whole.append(wrong.reason)
            continue
        at = grouped[wrong.group][max(0, wrong.condition)].index
        field_name = FIELDS.get(wrong.field, wrong.field)
        marked[at] = replace(marked[at], wrong={field_name: wrong.reason, **marked[at].wrong})
    return audience, list(marked.values()), whole


def by_group(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows as the page shows them; there is always one to type into."""
    shown = rows or [Row()]
    return [list(found) for _, found in groupby(shown, key=lambda row: row.group)]
