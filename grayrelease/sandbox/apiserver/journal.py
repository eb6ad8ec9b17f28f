"""The store on disk: one file of JSON lines, appended to at each write, rewritten when it has grown.

A line is handed to the kernel before the write is answered, so a killed process loses nothing (a
machine that loses power may). The file begins with the state at the oldest version still held,
followed by every change since, so that watches may go on from before a restart.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from grayrelease.sandbox.apiserver.changes import Change
from grayrelease.sandbox.apiserver.objects import Object

REWRITE_BYTES = 32 * 1024 * 1024
REWRITE_GROWTH = 4


def _line(record: Object) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _change_line(change: Change) -> bytes:
    return _line(
        {"version": change.version, "type": change.type, "resource": change.resource, "item": change.item}
    )


class Journal:
    """The journal of one data folder; `close` ends it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._bytes = 0
        self._rewritten_bytes = 0

    def records(self) -> Iterator[Object]:
        """The records on disk in order; a line torn by a crash ends them and is cut off."""
        if not self._path.exists():
            return
        whole = 0
        with self._path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    break
                whole += len(line)
                yield record
        os.truncate(self._path, whole)

    def open(self) -> None:
        """Get ready to append."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o600)
        self._bytes = os.fstat(self._descriptor).st_size

    def append(self, change: Change) -> None:
        """Keep one change."""
        line = _change_line(change)
        os.write(self._descriptor, line)
        self._bytes += len(line)

    def has_grown(self) -> bool:
        """Whether rewriting would be worth its time."""
        return self._bytes > max(REWRITE_BYTES, REWRITE_GROWTH * self._rewritten_bytes)

    def rewrite(self, floor: int, held: Iterable[tuple[str, Object]], changes: Iterable[Change]) -> None:
        """Replace the file by the state at version `floor` and the changes since."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_line({"floor": floor}))
            file.writelines(_line({"held": resource, "item": item}) for resource, item in held)
            file.writelines(_change_line(change) for change in changes)
        os.replace(fresh, self._path)
        self.close()
        self.open()
        self._rewritten_bytes = self._bytes

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
