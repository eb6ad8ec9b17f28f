"""The steps that follow the first one, as they are typed: rows of whom, how much, and what begins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from grayrelease.domain.plan import ALL
from grayrelease.domain.state import Reason
from grayrelease.forms.audience import Lists

LONGEST_S = 30 * 86400
MOST_STEPS = 20
FIRST_WHO = ("audience", "everyone")


@dataclass(frozen=True)
class StepRow:
    """A later step as it was typed. `gate` begins it: a person, or time after the step before it."""

    index: int = 0
    who: str = "everyone"
    share: str = ""
    gate: str = "person"
    minutes: str = ""
    wrong: dict[str, Reason] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        return not self.share.strip()

    @property
    def reasons(self) -> list[Reason]:
        return list(self.wrong.values())

    @property
    def permille(self) -> int | None:
        """Return the share, or None where none was typed."""
        return share(self.share)

    @property
    def seconds(self) -> int:
        """Return how long the step before holds; 0 where a person begins this one."""
        return (seconds(self.minutes) or 0) if self.gate == "time" else 0


def share(typed: str, least: int = 1) -> int | None:
    """Return whole percent as per mille; None for anything else."""
    text = typed.strip().removesuffix("%").strip()
    good = text.isascii() and text.isdecimal() and len(text) < 4 and least <= int(text) <= 100
    return int(text) * 10 if good else None


def seconds(typed: str) -> int | None:
    """Return minutes, 0.5 for instance, as seconds; None where that is no time to wait."""
    try:
        found = round(Decimal(typed.strip().replace(",", ".")) * 60)
    except (InvalidOperation, OverflowError, ValueError):
        return None
    return found if 1 <= found <= LONGEST_S else None


def read(typed: Lists) -> list[StepRow]:
    """Read the rows, in order."""
    whos, gates = typed.get("s_who", []), typed.get("s_gate", [])
    minutes = typed.get("s_minutes", [])
    return [
        StepRow(
            index=index,
            who="audience" if whos[index : index + 1] == ["audience"] else "everyone",
            share=text,
            gate="time" if gates[index : index + 1] == ["time"] else "person",
            minutes="".join(minutes[index : index + 1]),
        )
        for index, text in enumerate(typed.get("s_share", []))
    ]


def write(rows: Sequence[StepRow]) -> Lists:
    """Return the fields that `read` makes the rows of."""
    return {
        "s_who": [row.who for row in rows],
        "s_share": [row.share for row in rows],
        "s_gate": [row.gate for row in rows],
        "s_minutes": [row.minutes for row in rows],
    }


def edited(rows: Sequence[StepRow], deed: str, at: int) -> list[StepRow]:
    """Add a step at the end ("step"), or take row `at` away ("unstep")."""
    if deed == "unstep":
        return [row for row in rows if row.index != at]
    like = rows[-1] if rows else StepRow()
    return [*rows, StepRow(gate=like.gate, minutes=like.minutes)]


def checked(rows: Sequence[StepRow], before: tuple[str, int]) -> list[StepRow]:
    """Return the rows with what is wrong in them; `before` is whom the first step concerns, and how much."""
    marked = []
    for row in rows:
        if row.blank:
            marked.append(row)
            continue
        found = _wrong(row, before)
        marked.append(replace(row, wrong=found))
        if row.permille is not None and "who" not in found:
            before = (row.who, row.permille)
    return marked


def _wrong(row: StepRow, before: tuple[str, int]) -> dict[str, Reason]:
    found: dict[str, Reason] = {}
    who, least = before
    if row.permille is None:
        found["share"] = Reason("bad-share")
    elif FIRST_WHO.index(row.who) < FIRST_WHO.index(who):
        found["who"] = Reason("step-order")
    elif row.who == who and row.permille <= least:
        found["share"] = Reason("step-larger", {"before": least}) if least < ALL else Reason("step-after-all")
    if row.gate == "time" and seconds(row.minutes) is None:
        found["minutes"] = Reason("bad-minutes", {"example": "15"})
    return found
