"""Named one-line defects: what each exchanges, and the tests that must find it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Defect:
    """`old` stands once in `file` and becomes `new`; `rule` is what that breaks."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, source: str) -> str:
        """Return the source with the defect. Raises ValueError where `old` doesn't stand there once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: stands {source.count(self.old)} times in {self.file}: {self.old}")
        return source.replace(self.old, self.new)


def defects() -> list[Defect]:
    table = tomllib.loads((HERE / "defects.toml").read_text())
    return [Defect(**{**each, "tests": tuple(each["tests"])}) for each in table["defect"]]
