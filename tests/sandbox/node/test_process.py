from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grayrelease.sandbox.process import ended, spawn

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.processes

PARENT = """
import sys, time
from grayrelease.sandbox.process import spawn
child = spawn([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    # Where nobody reaps, a killed child stays as a zombie.
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="death signals are a Linux feature")
def test_a_child_dies_with_a_parent_that_was_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        os.sched_yield()
    assert not alive(child)


def test_it_tells_how_a_child_ended(tmp_path: Path) -> None:
    async def run() -> tuple[int, int]:
        with (tmp_path / "log").open("wb") as log:
            exiting = spawn([sys.executable, "-c", "print('bye'); raise SystemExit(3)"], log=log)
            sleeping = spawn([sys.executable, "-c", "import time; time.sleep(60)"], log=log)
        sleeping.terminate()
        return await ended(exiting), await ended(sleeping)

    assert asyncio.run(run()) == (3, -signal.SIGTERM)
    assert (tmp_path / "log").read_text() == "bye\n"
