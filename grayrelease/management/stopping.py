"""A command that runs until it is told to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def until_stopped() -> threading.Event:
    """Return an event that SIGTERM or Ctrl-C sets."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopped
