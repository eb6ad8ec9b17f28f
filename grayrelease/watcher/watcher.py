"""The loop: hear, ring, make inventories, vouch for them."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from grayrelease import cluster as clusters
from grayrelease.cluster.interface import ClusterError
from grayrelease.cluster.stream import Heard, Rhythm
from grayrelease.cluster.streams import Kept, Streams
from grayrelease.domain import marks, touched
from grayrelease.domain.named import Name
from grayrelease.models import Installation
from grayrelease.reconcile import inventory
from grayrelease.reconcile.live import Live, live_targets
from grayrelease.watcher.bell import Bell
from grayrelease.watcher.projects import Project

log = logging.getLogger(__name__)

BEAT_S = 1.0
"""How often it vouches, and looks which projects there are."""
GATHER_S = 0.04
"""A change seldom comes alone."""
THREADS = 2
"""Inventories that are made at the same time; no ring waits for them."""
MOST_HEARD = 10_000
DATABASE_PAUSE_S = 1.0
DATABASE_ERRORS = (DatabaseError, InterfaceError)


@dataclass
class Watcher:
    """`run` it; or, in tests, let it take one `turn` after the other."""

    bell: Bell = field(default_factory=Bell)
    rhythm: Rhythm = field(default_factory=Rhythm)
    projects: dict[int, Project] = field(default_factory=dict)
    streams: dict[str, Streams] = field(default_factory=dict)
    """By cluster."""
    database_down: bool = False

    def __post_init__(self) -> None:
        self._heard: deque[tuple[str, Heard]] = deque(maxlen=MOST_HEARD)
        self._wake = threading.Event()
        self._to_make: SimpleQueue[Project | None] = SimpleQueue()
        self._makers = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        for maker in self._makers:
            maker.start()
        self._beat_at = 0.0
        self._uid = ""

    def run(self, stopped: threading.Event) -> None:
        """Take turns until `stopped`; what it vouched for is left to the driver at once."""
        while not stopped.is_set():
            self._wake.wait(self._patience())
            stopped.wait(GATHER_S)
            self._wake.clear()
            self.turn()
        self.stop()

    def stop(self) -> None:
        for each in self.streams.values():
            each.stop()
        for _ in self._makers:
            self._to_make.put(None)
        for maker in self._makers:
            maker.join()
        with suppress(*DATABASE_ERRORS):
            inventory.leave([pk for pk, project in self.projects.items() if project.written])

    def turn(self) -> None:
        """Do what is due. Survives a database that is away."""
        close_old_connections()
        try:
            self._hear()
            self.bell.ring()
            self._beat()
            self._make()
        except DATABASE_ERRORS as error:
            self._database_is(down=True, error=error)
            connection.close()
        else:
            self._database_is(down=False)

    def _patience(self) -> float:
        if self.database_down:
            return DATABASE_PAUSE_S
        inventories = [each.patience() for each in self.projects.values()]
        return max(0.0, min(self.bell.patience(), self._beat_at - time.monotonic(), *inventories))

    # What changed

    def _tell(self, cluster: str, heard: Heard) -> None:
        """Called by the streams' threads."""
        self._heard.append((cluster, heard))
        self._wake.set()

    def _hear(self) -> None:
        heard = list(self._heard)
        if not heard:
            return
        targets, installation = live_targets(), self._installation()
        for cluster, each in heard:
            self._changed(cluster, each)
            if not (each.told and touched.by_us(each.before, each.after, installation)):
                self._want([target for target in targets if target.cluster == cluster], each)
        for _ in heard:
            self._heard.popleft()

    def _want(self, targets: Iterable[Live], heard: Heard) -> None:
        if heard.kind not in touched.KINDS:
            return
        objects = [each for each in (heard.before, heard.after) if each is not None]
        for target in targets:
            service, selector = Name(target.service, target.namespace), self._selector(target)
            if any(touched.names(each, service, selector) for each in objects):
                self.bell.want(target.id, waiting=target.waiting)

    def _selector(self, target: Live) -> dict[str, str]:
        try:
            services = self.streams[target.cluster].of(("Service", target.namespace)).read()
        except ClusterError:
            return {}
        found = next((each for each in services if marks.name(each) == target.service), {})
        return (found.get("spec") or {}).get("selector") or {}

    def _changed(self, cluster: str, heard: Heard) -> None:
        """Let the projects know that it is in, or that it names."""
        found = heard.after or heard.before or {}
        namespace, text = found["metadata"].get("namespace", ""), json.dumps(found.get("spec"))
        for project in self.projects.values():
            place = project.place
            if place.cluster == cluster and (place.namespace == namespace or place.namespace in text):
                project.changed()

    def _installation(self) -> str:
        self._uid = self._uid or str(Installation.current().uid)
        return self._uid

    # What pages see

    def _beat(self) -> None:
        """Once a second: which projects there are, and for which of them it can vouch."""
        if time.monotonic() < self._beat_at:
            return
        places = inventory.places()
        for gone in self.projects.keys() - {place.project for place in places}:
            del self.projects[gone]
        for place in places:
            if place.project not in self.projects or self.projects[place.project].place != place:
                streams = self._of(place.cluster)
                self.projects[place.project] = Project(place, streams, Kept(streams))
        self._know(live_targets())
        self._vouch()
        for streams in self.streams.values():
            streams.look()
        self._beat_at = time.monotonic() + BEAT_S

    def _know(self, targets: list[Live]) -> None:
        self.bell.forget({target.id for target in targets})
        for pk, project in self.projects.items():
            here = sorted((each.service, *each.releases) for each in targets if each.project == pk)
            project.releases = tuple(here)

    def _vouch(self) -> None:
        if lost := [pk for pk, project in self.projects.items() if project.lost()]:
            inventory.leave(lost)
        if kept := [pk for pk, project in self.projects.items() if project.vouched]:
            inventory.vouch(kept)

    def _make(self) -> None:
        for project in self.projects.values():
            if project.patience() <= 0:
                project.busy = True
                self._to_make.put(project)

    def _work(self) -> None:
        """Make inventories until there is nothing more to come."""
        while (project := self._to_make.get()) is not None:
            close_old_connections()
            self._made(project)
        connection.close()

    def _made(self, project: Project) -> None:
        try:
            project.make()
        except DATABASE_ERRORS as error:
            log.warning("project %s: the database: %s", project.place.project, error)
            connection.close()
        except BaseException:
            log.exception("project %s", project.place.project)
            raise
        finally:
            project.busy = False
            self._wake.set()

    def _of(self, cluster: str) -> Streams:
        if cluster not in self.streams:
            connect = partial(clusters.connect, cluster)
            self.streams[cluster] = Streams(connect, partial(self._tell, cluster), self.rhythm)
        return self.streams[cluster]

    def _database_is(self, *, down: bool, error: Exception | None = None) -> None:
        if down != self.database_down:
            self.database_down = down
            log.warning("the database is %s", f"away: {error}" if down else "back")
