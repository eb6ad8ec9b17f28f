"""Faults made from outside by signals: whoever makes one stays until it is over.

Each is noted in a file of the sandbox's folder; removing the file ends the fault within 50 ms.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from grayrelease.sandbox.fault.asking import Asked, NotThere
from grayrelease.sandbox.private import private_write

POLL_S = 0.05
BREATH_S = 0.05
"""A slow server runs so long between its halts."""
NOTES = "faults"
PROGRAMS = {"prometheus": "prometheus", "valkey": "valkey", "node": "grayrelease.sandbox.node"}
"""What a process must be called before it gets a signal: a pid may be another's by now."""


@dataclass(frozen=True)
class Note:
    """A fault that is being made: of which part, how, and which process it befalls."""

    part: str
    name: str
    pid: int


class Signalling:
    """Stops parts of a sandbox, and of the demo around it, by signals."""

    def __init__(self, sandbox: Path, demo: Path) -> None:
        self.sandbox, self.demo = sandbox, demo

    def held(self) -> Iterator[Note]:
        """List what is noted."""
        for path in sorted((self.sandbox / NOTES).glob("*.json")):
            with suppress(FileNotFoundError):
                yield Note(**json.loads(path.read_text()))

    def clear(self, part: str = "", name: str = "") -> None:
        """End what is noted of a part, of a name, or all."""
        for note in self.held():
            if part in ("", note.part) and name in ("", note.name):
                self._path(note).unlink(missing_ok=True)
                self._send(note.part, note.pid, signal.SIGCONT)

    def hold(self, part: str, name: str, seconds: float = 0.0, for_s: float = 0.0) -> None:
        """Make a fault until it is cleared or its time is over. Raises NotThere."""
        note = Note(part, name, self.pid(part))
        end = time.monotonic() + for_s if for_s else float("inf")
        self._path(note).parent.mkdir(exist_ok=True, mode=0o700)
        private_write(self._path(note), json.dumps(asdict(note)))
        try:
            WAYS[name](self, note, seconds, lambda: time.monotonic() < end and self._path(note).exists())
        finally:
            self._path(note).unlink(missing_ok=True)
            self._send(part, note.pid, signal.SIGCONT)

    def pid(self, part: str) -> int:
        """Find a part's process. Raises NotThere."""
        if part == "node":
            return Asked(self.sandbox).pid("pod")
        try:
            pid = int((self.demo / "log" / f"{part}.pid").read_text())
        except (FileNotFoundError, ValueError):
            raise NotThere(f"no {part} runs in {self.demo}") from None
        if not _is_called(pid, PROGRAMS[part]):
            raise NotThere(f"no {part} runs in {self.demo}: {pid} is something else")
        return pid

    def halted(self, note: Note, seconds: float, on: Callable[[], bool]) -> None:
        """Stop it: it takes connections and never answers."""
        self._send(note.part, note.pid, signal.SIGSTOP)
        while on():
            time.sleep(POLL_S)

    def slowed(self, note: Note, seconds: float, on: Callable[[], bool]) -> None:
        """Stop it for some seconds, let it breathe, and again."""
        while on():
            self._send(note.part, note.pid, signal.SIGSTOP)
            until = time.monotonic() + seconds
            while on() and time.monotonic() < until:
                time.sleep(min(POLL_S, seconds))
            self._send(note.part, note.pid, signal.SIGCONT)
            time.sleep(BREATH_S)

    def killed(self, note: Note, seconds: float, on: Callable[[], bool]) -> None:
        """Kill it, and whatever is started in its place: connections are refused."""
        while on():
            with suppress(NotThere):
                self._send(note.part, self.pid(note.part), signal.SIGKILL)
            time.sleep(POLL_S)

    def _path(self, note: Note) -> Path:
        return self.sandbox / NOTES / f"{note.part}-{note.name}.json"

    def _send(self, part: str, pid: int, number: int) -> None:
        if _is_called(pid, PROGRAMS[part]):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


Way = Callable[[Signalling, Note, float, Callable[[], bool]], None]
WAYS: dict[str, Way] = {
    "hang": Signalling.halted,
    "slow": Signalling.slowed,
    "down": Signalling.killed,
    "stop": Signalling.halted,
}


def _is_called(pid: int, name: str) -> bool:
    """Tell by its command line, which is empty once it has ended. `ps` may cut it, or not be there."""
    try:
        return name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
