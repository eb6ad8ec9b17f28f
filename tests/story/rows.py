"""The dashboard's database, read as it is: what a test waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

RELEASE = """
    select r.id, r.name, r.phase, r.share, r.share_in_effect, r.goal, r.status, r.winner,
           t.generation, t.carried_generation, t.waiting, t.error, t.stable, t.memory
    from grayrelease_release r join grayrelease_target t on t.id = r.target_id
    where r.name = %s order by r.id desc limit 1
"""
POLL_S = 0.02

Row = dict[str, Any]


class Rows:
    """A connection of its own to a stack's database."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.connection = psycopg.connect(settings["DATABASE_URL"], autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        self.connection.close()

    def all(self, query: str, *values: object) -> list[Row]:
        return self.connection.execute(query, values).fetchall()

    def run(self, query: str, *values: object) -> None:
        self.connection.execute(query, values)

    def release(self, name: str) -> Row:
        """Return the newest release of that name, with its target's columns."""
        found = self.all(RELEASE, name)
        assert found, f"no release {name}"
        return found[0]

    def wait(self, name: str, wanted: Callable[[Row], bool], within: float) -> Row:
        """Wait until a release is as wanted; say where it stands if it isn't in time."""
        end = time.monotonic() + within
        while not wanted(row := self.release(name)):
            assert time.monotonic() < end, f"{name} is not there after {within} s: {row}"
            time.sleep(POLL_S)
        return row


def carried(row: Row) -> bool:
    """True once what people want is written, and nothing is awaited any more."""
    return bool(row["carried_generation"] == row["generation"] and not row["waiting"])


def verified(share: int) -> Callable[[Row], bool]:
    """True once a share (per mille) is in effect and verified."""

    def is_so(row: Row) -> bool:
        exposed = row["memory"].get("exposed", {}).get(str(row["id"]))
        current = row["carried_generation"] == row["generation"]
        return bool(current and exposed and exposed["share"] == share and exposed["verified_at"])

    return is_so


def in_phase(phase: str) -> Callable[[Row], bool]:
    return lambda row: row["phase"] == phase
