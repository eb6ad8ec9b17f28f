"""Questions by which a part is known to be ready."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path


def listens(port: int) -> Callable[[], bool]:
    """Ready when the port takes a connection."""
    return lambda: _connects(port)


def answers(url: str, headers: dict[str, str] | None = None) -> Callable[[], bool]:
    """Ready when the address answers without a server error."""
    return lambda: _status(url, headers or {}) < 500


def says(log: Path, words: str) -> Callable[[], bool]:
    """Ready when the log, from its present end on, holds the words."""
    start = log.stat().st_size if log.exists() else 0
    return lambda: log.exists() and words.encode() in log.read_bytes()[start:]


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _status(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return 599
