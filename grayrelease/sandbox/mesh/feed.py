"""One Envoy process's knowledge: what it should have, what it has, and what is on its way to it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grayrelease.sandbox.mesh.files import ResourceFiles
from grayrelease.sandbox.mesh.lag import KINDS, NO_DELAY, Kind, LagQueue, Lags, Patch, difference
from grayrelease.sandbox.mesh.translate.clusters import empty
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.mesh.translate.proxies import Configuration

State = dict[Kind, dict[str, Object]]


def _nothing() -> State:
    return {kind: {} for kind in KINDS}


@dataclass
class Feed:
    """Changes of one Envoy process, by kind, on their way through its lag into its files."""

    files: ResourceFiles
    lags: Lags
    seed: str
    wanted: State = field(default_factory=_nothing)
    written: State = field(default_factory=_nothing)
    queues: dict[Kind, LagQueue] = field(default_factory=dict)
    held: frozenset[Kind] = frozenset()
    """Kinds of which the proxy takes no changes for now."""

    def __post_init__(self) -> None:
        for kind in KINDS:
            source = random.Random(f"{self.seed}/{kind}")
            self.queues[kind] = LagQueue(self.lags.get(kind, NO_DELAY), source)

    def start(self, wanted: Configuration) -> None:
        """Write everything at once, as a proxy starts."""
        self.files.clear()
        self.wanted = _state(wanted)
        self._apply({kind: dict(self.wanted[kind]) for kind in KINDS})

    def change(self, wanted: Configuration, now: float) -> None:
        """Take in what the proxy should know; `now` in seconds.

        What a new pod's own proxy starts with is written at once, the rest by `flush`.
        """
        target = _state(wanted)
        at_once: dict[Kind, Patch] = {}
        for kind in KINDS:
            patch = difference(self.wanted[kind], target[kind])
            at_once[kind] = {name: patch.pop(name) for name in _born(kind, patch, self.wanted[kind])}
            for name in at_once[kind]:
                self.queues[kind].forget(name)
            if patch:
                self.queues[kind].put(patch, now)
        self.wanted = target
        self._apply(at_once)

    def flush(self, now: float) -> None:
        """Write what is due."""
        self._apply({kind: self.queues[kind].take(now) for kind in KINDS if kind not in self.held})

    @property
    def due(self) -> float | None:
        """Give the time of the next write, None when all is written or held back."""
        free = (queue.due for kind, queue in self.queues.items() if kind not in self.held)
        return min((due for due in free if due is not None), default=None)

    def drop_unused_endpoints(self) -> None:
        """Remove files of assignments; only once Envoy has taken the clusters without them."""
        for name in self.written["endpoints"].keys() - self.written["clusters"].keys():
            if name not in self.wanted["clusters"]:
                del self.written["endpoints"][name]
                self.files.remove("endpoints", name)

    def _apply(self, patches: Mapping[Kind, Patch]) -> None:
        """Write endpoints, clusters, routes, listeners, and last the clusters that go."""
        added, removed = _split(patches.get("clusters", {}))
        self._endpoints({name: value for name, value in patches.get("endpoints", {}).items() if value})
        self._together("clusters", added)
        self._each_routes(patches.get("routes", {}))
        self._together("listeners", patches.get("listeners", {}))
        self._together("clusters", removed)

    def _together(self, kind: Kind, patch: Patch) -> None:
        if patch or not self.files.path(kind).exists():
            _merge(self.written[kind], patch)
            if kind == "clusters":
                self._endpoints(dict(self._missing()))
            self.files.write(kind, self.written[kind].values())

    def _missing(self) -> Iterator[tuple[str, Object]]:
        # A cluster whose endpoints have no file is rejected, and not tried again when the file comes.
        for name, cluster in self.written["clusters"].items():
            if cluster["type"] == "EDS" and name not in self.written["endpoints"]:
                yield name, empty(name)

    def _endpoints(self, patch: Patch) -> None:
        for name, assignment in patch.items():
            if assignment is not None:
                self.written["endpoints"][name] = assignment
                self.files.write("endpoints", [assignment], name)

    def _each_routes(self, patch: Patch) -> None:
        # Files of tables that go are left: listeners that still drain read them.
        for name, table in patch.items():
            if table is not None:
                self.written["routes"][name] = table
                self.files.write("routes", [table], name)


def _state(wanted: Configuration) -> State:
    return {
        "clusters": dict(wanted.clusters),
        "endpoints": dict(wanted.endpoints),
        "routes": dict(wanted.routes),
        "listeners": dict(wanted.listeners),
    }


def _born(kind: Kind, patch: Patch, before: Mapping[str, Object]) -> list[str]:
    """List what a new pod's own proxy starts with: a pod is not ready before its proxy is."""
    if kind == "endpoints":
        return []
    new = [name for name in patch if name not in before]
    return [name for name in new if name.startswith("inbound|")] if kind == "clusters" else new


def _split(patch: Patch) -> tuple[Patch, Patch]:
    added: Patch = {name: value for name, value in patch.items() if value is not None}
    return added, {name: None for name, value in patch.items() if value is None}


def _merge(held: dict[str, Object], patch: Patch) -> None:
    for name, value in patch.items():
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
