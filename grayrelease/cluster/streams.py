"""What is kept of one cluster: a stream for each kind and namespace that somebody asks for."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from grayrelease.cluster.interface import Cluster, Unreachable
from grayrelease.cluster.selectors import parse
from grayrelease.cluster.stream import Heard, Rhythm, Stream
from grayrelease.domain.plan import Manifest

log = logging.getLogger(__name__)

MOST = 400
"""Watches of one cluster, each with a connection and a thread. What is above is left to lists."""
UNASKED_S = 90.0
"""A stream that nobody asked for so long ends."""

Place = tuple[str, str]
"""Kind, and namespace or "" for all."""


class Streams:
    """The streams of one cluster, begun by the first who asks. Threads may share it."""

    def __init__(
        self,
        connect: Callable[[], Cluster],
        heard: Callable[[Heard], None],
        rhythm: Rhythm | None = None,
        most: int = MOST,
    ) -> None:
        self.connect = connect
        self._heard, self._rhythm, self._most = heard, rhythm or Rhythm(), most
        self._streams: dict[Place, Stream] = {}
        self._asked: dict[Place, float] = {}
        self._lock = threading.Lock()
        self._broken = False
        self._listed: set[Place] = set()

    def of(self, place: Place) -> Stream:
        """Return the stream, begun by now. Raises Unreachable where there are too many."""
        with self._lock:
            self._asked[place] = time.monotonic()
            if place not in self._streams:
                if len(self._streams) >= self._most:
                    raise Unreachable(f"more than {self._most} watches: looked at by lists")
                made = Stream(self.connect, *place, self._heard, self._rhythm)
                self._streams[place] = made.start()
            return self._streams[place]

    def look(self) -> None:
        """End what nobody asks for; say in the log, once each, what breaks, works again or is refused."""
        with self._lock:
            for place in [place for place, at in self._asked.items() if at < time.monotonic() - UNASKED_S]:
                del self._asked[place]
                if (stream := self._streams.pop(place, None)) is not None:
                    stream.stop()
            streams = list(self._streams.items())
        self._say_broken([stream for _, stream in streams if stream.broken])
        self._say_listed({place: stream.by_lists for place, stream in streams if stream.by_lists})

    def _say_broken(self, broken: list[Stream]) -> None:
        if bool(broken) != self._broken:
            self._broken = bool(broken)
            log.warning("%s", f"watches break off: {broken[0].error}" if broken else "watches work again")

    def _say_listed(self, listed: dict[Place, str]) -> None:
        if new := listed.keys() - self._listed:
            told = ", ".join(sorted(" in ".join(filter(None, place)) for place in new))
            log.warning("watching is refused, so these are listed: %s: %s", told, listed[min(new)])
        self._listed = set(listed)

    def stop(self) -> None:
        with self._lock:
            for stream in self._streams.values():
                stream.stop()


class Kept:
    """Reads from a cluster's streams as if it were the cluster. `places` are those that it was asked for."""

    def __init__(self, streams: Streams) -> None:
        self.streams, self.places = streams, set[Place]()

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Ask the cluster itself: which also tells whether it is there."""
        return self.streams.connect().get(kind, namespace, name)

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Manifest]:
        self.places.add((kind, namespace))
        fits = parse(labels)
        objects = self.streams.of((kind, namespace)).read()
        return [each for each in objects if fits(each["metadata"].get("labels") or {})]

    def serves(self, kind: str) -> bool:
        return self.streams.connect().serves(kind)

    @property
    def changes(self) -> int:
        """A number that differs once something that was asked for has changed."""
        return sum(self.streams.of(place).changes for place in self.places)

    @property
    def answers(self) -> bool:
        """Tell if the cluster answers all that was asked for, be it with a refusal."""
        return all(self.streams.of(place).answers for place in self.places)

    def by_lists(self) -> dict[str, str]:
        """Return the kinds that may not be watched, with the cluster's word why."""
        found = {kind: self.streams.of((kind, namespace)).by_lists for kind, namespace in self.places}
        return {kind: why for kind, why in found.items() if why}
