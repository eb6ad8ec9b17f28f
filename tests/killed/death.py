"""Points of a process's life by name, and SIGKILL at one of them."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field

OURS = f"{os.sep}grayrelease{os.sep}"
EACH_RUN = ("take", "release")
"""Functions that commit in every run alike: once is enough."""


@dataclass
class Death:
    """Every point that was passed, in order; at the one called `at` the process is killed."""

    at: str = ""
    passed: list[str] = field(default_factory=list)
    writes: int = 0
    """Sent so far: tells the commits of one write from those of the next."""

    def point(self, name: str) -> None:
        self.passed.append(name)
        if name == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def commit(self, when: str) -> None:
        function = _committing()
        number = "" if function in EACH_RUN else f" {self.writes}"
        self.point(f"{when} commit of {function}{number}")

    def write(self, when: str, verb: str, kind: str) -> None:
        self.writes += when == "before"
        self.point(f"{when} write {self.writes}: {verb} {kind}")


def _committing() -> str:
    """Return the name of our innermost function on the stack."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if OURS in frame.f_code.co_filename:
            return frame.f_code.co_name
    return "?"


DEATH = Death()
