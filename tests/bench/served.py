"""How long the server worked on a page: gunicorn's own measure, from its access log."""

from __future__ import annotations

import time
from pathlib import Path
from time import monotonic

ACCESS_LOG = {"GUNICORN_CMD_ARGS": "--access-logfile - --access-logformat 'served %(m)s %(U)s %(D)s'"}
"""The dashboard's environment in which its web process writes the log."""
WITHIN_S = 5
POLL_S = 0.005


class Served:
    """The requests that a web process's log tells of from now on."""

    def __init__(self, log: Path) -> None:
        self.log, self.read_to = log, log.stat().st_size

    def last(self, path: str) -> float:
        """Return the seconds of the GET of a path that was answered since this was asked before."""
        end = monotonic() + WITHIN_S
        while not (found := self._times(path)):
            assert monotonic() < end, f"the log does not tell of {path}"
            time.sleep(POLL_S)
        self.read_to = self.log.stat().st_size
        return found[-1]

    def _times(self, path: str) -> list[float]:
        with self.log.open("rb") as log:
            log.seek(self.read_to)
            lines = [line.split() for line in log.read().decode().splitlines(keepends=True) if "\n" in line]
        return [int(words[3]) / 1e6 for words in lines if words[:3] == ["served", "GET", path]]
