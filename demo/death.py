"""Processes that die with the one that started them, also when that one is killed.

Linux only: elsewhere a killed runner leaves its children, as any shell would.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with(parent: int, death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel for `death_signal` when `parent` ends; end at once if it has already.

    Call in the child, after any change of user (which clears the setting).
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def forks_die_with_me() -> None:
    """Make every process that this one forks die with it (servers that fork their own workers)."""
    os.register_at_fork(before=_remember, after_in_child=_die_with_remembered)


_forking: list[int] = [0]


def _remember() -> None:
    _forking[0] = os.getpid()


def _die_with_remembered() -> None:
    die_with(_forking[0])
