"""Folders for the servers that tests start."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# PostgreSQL runs as another user when we are root, who may not enter pytest's own folders.
PLACE = Path("/var/tmp") if os.getuid() == 0 else Path(tempfile.gettempdir())
PREFIX = "grayrelease-test-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that others may enter but not list, and remove it afterwards."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PLACE))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove what killed runs left."""
    for folder in PLACE.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
