"""Starts parts, keeps them running, stops them in order. One thread: the death signal asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from demo.part import Part, Running

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
STEADY_AFTER = 30.0
VITAL_FALLS = 3
LOG_LIMIT = 5_000_000  # bytes; a longer log of earlier runs is put aside
PATIENCE = {0: 3.0, 1: 2.0, 2: 1.5}  # seconds, by wave


class GaveUp(Exception):
    """A part without which nothing works keeps ending. Its text is for people."""


@dataclass
class Fallen:
    """A part that ended by itself, and when to start it again."""

    part: Part
    again_at: float


class Supervisor:
    """The running parts by name. `say` gets one line for each change of state."""

    def __init__(self, logs: Path, folder: Path, say: Callable[[str], None] = lambda line: None) -> None:
        self.logs, self.folder, self.say = logs, folder, say
        self.running: dict[str, Running] = {}
        self.fallen: dict[str, Fallen] = {}
        self.falls: dict[str, int] = {}
        for log in logs.glob("*.log"):
            if log.stat().st_size > LOG_LIMIT:
                log.replace(log.with_suffix(".log.1"))

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def launch(self, *parts: Part) -> None:
        """Start parts without waiting for them."""
        for part in parts:
            self.running[part.name] = Running(part, self.log(part.name), self.folder)

    def start(self, *parts: Part) -> None:
        """Start parts side by side and wait until all are ready. Raises StartFailed."""
        self.launch(*parts)
        self.wait(*(part.name for part in parts))

    def wait(self, *names: str) -> None:
        """Wait until the named parts are ready. Raises StartFailed."""
        waiting = list(names)
        while waiting:
            waiting = [name for name in waiting if not self.running[name].is_ready()]
            time.sleep(0.02 if waiting else 0)

    def run(self, *commands: Part) -> None:
        """Run commands that end by themselves, side by side. Raises StartFailed if one fails."""
        runs = [Running(command, self.log(command.name), self.folder) for command in commands]
        try:
            for each in runs:
                each.await_end()
        finally:
            for each in runs:
                each.kill()

    def tick(self) -> None:
        """Note who ended and start again whose pause is over. Raises GaveUp."""
        for name, each in list(self.running.items()):
            if (code := each.exit_code()) is not None:
                self._note_fall(name, each, code)
        for name, fallen in list(self.fallen.items()):
            if time.monotonic() >= fallen.again_at:
                del self.fallen[name]
                self.launch(fallen.part)

    def _note_fall(self, name: str, each: Running, code: int) -> None:
        each.kill()  # what it forked goes with it
        del self.running[name]
        steady = time.monotonic() - each.since > STEADY_AFTER
        falls = self.falls[name] = 1 if steady else self.falls.get(name, 0) + 1
        if each.part.vital and falls >= VITAL_FALLS:
            raise GaveUp(f"{name} ended {falls} times: {each.last_words()}")
        pause = min(FIRST_PAUSE * 2 ** (falls - 1), LONGEST_PAUSE)
        self.say(f"{name} ended with {code}; starting it again in {pause:g} s (see {each.log})")
        self.fallen[name] = Fallen(each.part, time.monotonic() + pause)

    def stop_part(self, name: str) -> None:
        """Stop one part, and don't start it again."""
        self.fallen.pop(name, None)
        if each := self.running.pop(name, None):
            stop_all([each], PATIENCE[each.part.wave])

    def stop(self) -> None:
        """Stop everything, wave by wave: who asks before who answers."""
        self.fallen.clear()
        for wave in sorted({each.part.wave for each in self.running.values()}):
            stop_all([each for each in self.running.values() if each.part.wave == wave], PATIENCE[wave])
        self.running.clear()


def stop_all(runs: Iterable[Running], patience: float) -> None:
    """Ask all to stop; after `patience` seconds kill what is left, with its process group."""
    runs = list(runs)
    for each in runs:
        each.ask_to_stop()
    until = time.monotonic() + patience
    while time.monotonic() < until and any(each.exit_code() is None for each in runs):
        time.sleep(0.02)
    for each in runs:
        each.kill()
