"""Child processes that die with the one that started them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
LINUX = sys.platform == "linux"
# Loaded here, because a child may not load libraries between fork and exec.
LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None


def die_with_parent(death_signal: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Let the kernel send this process a signal when its parent ends; nothing on other systems.

    The setting is not inherited, and setuid clears it. `parent` is the pid that must still be ours.
    """
    if LIBC is None:
        return
    expected = os.getppid() if parent is None else parent
    LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != expected:
        os._exit(1)


def tied_to_caller(death_signal: int = signal.SIGKILL) -> Callable[[], None]:
    """Make a `preexec_fn`: a process group of its own, and an end together with the caller."""
    parent = os.getpid()

    def in_child() -> None:
        os.setpgid(0, 0)
        die_with_parent(death_signal, parent)

    return in_child


def call_oneself(name: str) -> None:
    """Set the name that `ps` and `top` show for this process (15 letters); nothing on other systems."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    log: IO[bytes] | int | None = None,
    death_signal: int = signal.SIGKILL,
    cwd: str | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program with its output in `log`, that gets `death_signal` when this process ends.

    Call it from the main thread only: the signal comes when the *thread* that started it ends.
    """
    return subprocess.Popen(
        list(argv),
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log is not None else None,
        pass_fds=pass_fds,
        preexec_fn=tied_to_caller(death_signal),
    )


async def ended(process: subprocess.Popen[bytes], poll_s: float = 0.1) -> int:
    """Wait for a child without a thread: its return code, negative for the signal that ended it."""
    if not hasattr(os, "pidfd_open"):
        while process.poll() is None:
            await asyncio.sleep(poll_s)
        return process.wait()
    # Once it was waited for, its pid may be another's.
    if process.returncode is None:
        await _readable(process.pid)
    return process.wait()


async def _readable(pid: int) -> None:
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
