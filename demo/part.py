"""A part of the demo: how it is started, when it is ready, how it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.death import die_with


class StartFailed(Exception):
    """A part ended before it was ready, or wasn't ready in time. Its text is for people."""


@dataclass(frozen=True)
class Part:
    """What to run. `ready` is asked until it says yes; `user` is (uid, gid) when not our own.

    `wave` orders the stopping: all parts of wave 0 first, then wave 1, …
    """

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True
    ready_within: float = 180.0  # a busy machine takes ten times as long as a free one
    wave: int = 0
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    user: tuple[int, int] | None = None
    vital: bool = False


class Running:
    """One run of a part: its process and its log."""

    def __init__(self, part: Part, log: Path, folder: Path) -> None:
        self.part, self.log, self.folder = part, log, folder
        self.since = time.monotonic()
        self.log_start = log.stat().st_size if log.exists() else 0
        self.process = spawn(part, log, folder)
        # For people, and for faults that are made by signals.
        self.pid_file = log.with_suffix(".pid")
        self.pid_file.write_text(f"{self.process.pid}\n")

    def exit_code(self) -> int | None:
        return self.process.poll()

    def is_ready(self) -> bool:
        """Ask whether it is ready. Raises StartFailed when it ended or its time is over."""
        if (code := self.exit_code()) is not None:
            raise StartFailed(f"{self.part.name} ended with {code}: {self.last_words()}")
        if self.part.ready():
            return True
        if time.monotonic() - self.since > self.part.ready_within:
            raise StartFailed(f"{self.part.name} is not ready: {self.last_words()}")
        return False

    def last_words(self) -> str:
        """Give the last line that this run wrote, and where the rest is."""
        lines = self.log.read_bytes()[self.log_start :].decode(errors="replace").splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (see {self.log})"

    def await_end(self) -> None:
        """Wait until it ended well. Raises StartFailed when it didn't, or its time is over."""
        try:
            code = self.process.wait(timeout=self.part.ready_within)
        except subprocess.TimeoutExpired:
            raise StartFailed(f"{self.part.name} takes too long: {self.last_words()}") from None
        if code != 0:
            raise StartFailed(f"{self.part.name} failed: {self.last_words()}")

    def ask_to_stop(self) -> None:
        if self.exit_code() is None:
            self.process.send_signal(self.part.stop_signal)

    def kill(self) -> None:
        """End the whole process group, whatever is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.pid_file.unlink(missing_ok=True)


def spawn(part: Part, log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start the process in a group of its own, its output in the log, bound to our life."""
    parent = os.getpid()

    def before_exec() -> None:
        os.setpgid(0, 0)
        if part.user is not None:
            os.setgroups([])
            os.setgid(part.user[1])
            os.setuid(part.user[0])
        die_with(parent, part.death_signal)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in part.command],
            cwd="/" if part.user else folder,
            env={**os.environ, **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=before_exec,
        )
