"""What the kernel says about processes. A zombie counts as gone: where nobody reaps it stays listed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def is_alive(pid: int) -> bool:
    return _stat(pid)[0] not in ("Z", "X", "")


def descendants(pid: int) -> set[int]:
    """Give the pids of all that the process started, and that these started."""
    parents = {int(path.name): _stat(int(path.name))[1] for path in Path("/proc").glob("[0-9]*")}
    found, new = set[int](), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def await_that(condition: Callable[[], bool], within: float = 10) -> bool:
    """Ask until the condition holds; False when it didn't within the time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def _stat(pid: int) -> tuple[str, int]:
    """Give the state letter and the parent."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "", 0
    return state, int(parent)
