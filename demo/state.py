"""What a demo remembers, so that a second start continues where the first stopped."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path

from demo.options import ROOT, Options, Ports
from demo.part import StartFailed
from demo.ports import DEFAULTS, free_port, is_free, variable

VISITORS = "20"


class AlreadyRunning(Exception):
    """Another demo runs in this folder. Its text is for people."""


def folders() -> tuple[Path, Path]:
    """Give the demo's folder and the sandbox's: `.demo` and `.sandbox`, or both in $DEMO_DIR."""
    if chosen := os.environ.get("DEMO_DIR"):
        folder = Path(chosen).resolve()
        return folder, folder / "sandbox"
    return ROOT / ".demo", ROOT / ".sandbox"


def options() -> Options:
    """Give this machine's demo: ports as chosen by variables, as last time, or free ones.

    Raises StartFailed for a variable that makes no sense.
    """
    folder, sandbox = folders()
    return Options(folder=folder, sandbox=sandbox, ports=_ports(folder / "state.json"), visitors=_visitors())


def only_one(folder: Path) -> int:
    """Take the folder's lock until this process ends. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(
            f"A demo runs in {folder} already; stop it, or choose another DEMO_DIR."
        ) from None
    return lock


def _visitors() -> float:
    chosen = os.environ.get("DEMO_VISITORS") or VISITORS
    try:
        return float(chosen)
    except ValueError:
        raise StartFailed(f"DEMO_VISITORS is {chosen!r}, which is not a number of visits a second.") from None


def _ports(file: Path) -> Ports:
    remembered: dict[str, int] = {}
    with suppress(OSError, ValueError):
        remembered = json.loads(file.read_text())
    ports = {name: _port(name, default, remembered.get(name)) for name, default in DEFAULTS.items()}
    file.write_text(json.dumps(ports))
    return Ports(**ports)


def _port(name: str, default: int | None, last: int | None) -> int:
    if chosen := os.environ.get(variable(name)):
        return int(chosen)
    if default is not None:
        return default
    return last if last is not None and is_free(last) else free_port()
