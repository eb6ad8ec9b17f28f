"""Workers killed in the midst of their runs, and started again, while others do something in threads."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from demo.stack import Stack
from demo.supervisor import Supervisor

KILLED = ("worker", "rollback", "driver")
TICK_S = 0.2


def meanwhile(stack: Stack, works: Sequence[Callable[[], None]], every_s: float, seed: int) -> Counter[str]:
    """Run works in threads to their end. Returns whom SIGKILL hit how often. Raises what a work raised.

    The killing is done here, since what is started again must be a child of this thread.
    """
    raised: list[BaseException] = []
    threads = [threading.Thread(target=_run, args=(work, raised)) for work in works]
    for thread in threads:
        thread.start()
    source, killed, next_at = random.Random(seed), Counter[str](), time.monotonic() + every_s / 2
    while any(thread.is_alive() for thread in threads):
        time.sleep(TICK_S)
        stack.supervisor.tick()
        if time.monotonic() >= next_at:
            name = source.choice(KILLED)
            killed[name] += kill(stack.supervisor, name)
            next_at = time.monotonic() + source.uniform(0.5, 1.5) * every_s
    if raised:
        raise raised[0]
    return killed


def kill(supervisor: Supervisor, name: str) -> bool:
    """Kill a part with all its processes; False where it is down already."""
    if name not in supervisor.running:
        return False
    os.killpg(supervisor.running[name].process.pid, signal.SIGKILL)
    return True


def _run(work: Callable[[], None], raised: list[BaseException]) -> None:
    try:
        work()
    except BaseException as error:
        raised.append(error)
