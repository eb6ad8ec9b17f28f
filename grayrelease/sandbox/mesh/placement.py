"""Which Envoy process serves which pod."""

from __future__ import annotations

from collections.abc import Iterable

from grayrelease.sandbox.mesh.translate.workloads import PodKey


class Placement:
    """Spread pods evenly over proxies; a pod that goes and comes back gets the one it had.

    So the counters of a pod's name go on in one process.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._place: dict[PodKey, int] = {}

    def spread(self, pods: Iterable[PodKey]) -> list[list[PodKey]]:
        """List the pods of each proxy."""
        spread: list[list[PodKey]] = [[] for _ in range(self.count)]
        new = []
        for pod in pods:
            if pod in self._place:
                spread[self._place[pod]].append(pod)
            else:
                new.append(pod)
        for pod in new:
            self._place[pod] = min(range(self.count), key=lambda place: len(spread[place]))
            spread[self._place[pod]].append(pod)
        return spread
