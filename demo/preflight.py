"""What can be known to be missing before minutes are spent. Standard library only: runs without the venv.

`python3 -m demo.preflight setup` or `… demo`; ends with one sentence for each thing that is missing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from demo.ports import DEFAULTS, is_free, variable

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
DISK_FOR_SETUP, DISK_FOR_DEMO = 1_200_000_000, 300_000_000


def for_setup() -> Iterator[str]:
    """Give what `make setup` misses, each with its remedy."""
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever Python there is
        yield f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}."
    if sys.platform not in ("linux", "darwin"):
        yield "The embedded servers exist for Linux and macOS only; on Windows use WSL."
    if "musl" in str(sysconfig.get_config_var("SOABI")):
        yield "The embedded servers need glibc (Debian, Ubuntu, Fedora, …); this system has musl."
    if not VENV.exists():
        yield from _for_virtual_environment()
    yield from _disk(DISK_FOR_DEMO if VENV.exists() else DISK_FOR_SETUP)


def for_demo() -> Iterator[str]:
    """Give what `make demo` misses, each with its remedy."""
    yield from for_setup()
    for name, default in DEFAULTS.items():
        yield from _port(name, os.environ.get(variable(name)) or default)


def _for_virtual_environment() -> Iterator[str]:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        yield f"Python's module `venv` is missing; on Debian and Ubuntu: sudo apt-get install {package}."


def _disk(needed: int) -> Iterator[str]:
    if (free := shutil.disk_usage(ROOT).free) < needed:
        yield f"{needed // 10**6} MB of disk are needed in {ROOT}; {free // 10**6} MB are free."


def _port(name: str, chosen: str | int | None) -> Iterator[str]:
    if chosen is None:
        return
    if not str(chosen).isdigit() or not 1 <= int(chosen) <= 65_535:
        yield f"{variable(name)} is {chosen!r}, which is not a port."
    elif not is_free(int(chosen)):
        other = int(chosen) + 1
        yield (
            f"Port {chosen} is taken by another program (or another `make demo`); "
            f"choose another one: make demo {variable(name)}={other}"
        )


def main() -> None:
    missing = list(for_demo() if sys.argv[1:] == ["demo"] else for_setup())
    if missing:
        sys.exit("\n".join(missing))


if __name__ == "__main__":
    main()
