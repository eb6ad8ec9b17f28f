"""Several calls to a cluster at the same time: together they take as long as the slowest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from grayrelease.cluster.interface import Unreachable

K = TypeVar("K")
V = TypeVar("V")


def in_parallel(calls: Mapping[K, Callable[[], V]], within_s: float | None = None) -> dict[K, V]:
    """Return each call's answer under its key, or raise what the first one raised.

    Raises Unreachable when `within_s` seconds have passed: the rest is left to its own timeouts.
    """
    return begin(calls)(within_s)


def begin(calls: Mapping[K, Callable[[], V]]) -> Callable[[float | None], dict[K, V]]:
    """Send the calls now; the function that is returned waits for their answers, see `in_parallel`."""
    threads = ThreadPoolExecutor(max(1, len(calls)))
    asked = {key: threads.submit(call) for key, call in calls.items()}

    def answers(within_s: float | None = None) -> dict[K, V]:
        done, late = wait(asked.values(), timeout=within_s, return_when=FIRST_EXCEPTION)
        threads.shutdown(wait=False, cancel_futures=True)
        for answer in done:
            if (error := answer.exception()) is not None:
                raise error
        if late:
            raise Unreachable(f"The cluster did not answer within {within_s:g} s")
        return {key: answer.result() for key, answer in asked.items()}

    return answers
