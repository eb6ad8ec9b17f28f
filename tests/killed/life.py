"""A worker's life: carries a release out to its end, unless it is killed on the way.

Run as a program it forks one such process for each line that it reads, so that a life costs no start:
{"release": id, "story": name, "at": point} → {"signal": 9 or 0, "passed": points}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grayrelease.cluster.interface import Cluster
    from grayrelease.models import Release

LONGEST_S = 30
LEASE_S = 0.3
"""What a killed process leaves is over sooner than outside of this test."""


class Mortal:
    """A cluster, with a point before and after each write."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.cluster, name)
        return self._write(name, verb) if name in ("create", "replace", "delete") else verb

    def _write(self, name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        def write(what: Any, *args: Any, **kwargs: Any) -> Any:
            from tests.killed.death import DEATH

            kind = what if isinstance(what, str) else what["kind"]
            DEATH.write("before", name, kind)
            result = verb(what, *args, **kwargs)
            DEATH.write("after", name, kind)
            return result

        return write


def live(release_id: int, story: str) -> None:
    """Reconcile, and do the story's next deed whenever nothing is awaited, until the release is over."""
    from grayrelease.domain.state import Phase
    from grayrelease.models import Release
    from grayrelease.reconcile import Outcome, reconcile

    while True:
        release = Release.objects.select_related("target").get(pk=release_id)
        outcome = reconcile(release.target_id)
        release = Release.objects.select_related("target").get(pk=release_id)
        if release.phase == Phase.FINISHED:
            return
        if release.target.waiting or outcome != Outcome.DONE:
            time.sleep(0.02)
        else:
            STORIES[story](release)


def take_over(release: Release) -> None:
    """20 % → 80 % → take over → finish."""
    from grayrelease import operations
    from grayrelease.domain.state import Phase

    who, generation = release.created_by, release.target.generation
    if release.phase == Phase.TAKEN_OVER:
        operations.finish(who, release, generation)
    elif release.share == 800:
        operations.take_over(who, release, "v2", generation)
    else:
        operations.set_share(who, release, 800, generation)


def roll_back(release: Release) -> None:
    """20 % → rolled back → finish."""
    from grayrelease import operations
    from grayrelease.domain.state import Phase

    if release.phase == Phase.ROLLED_BACK:
        operations.finish(release.created_by, release, release.target.generation)
    else:
        operations.roll_back(release.created_by, release)


STORIES: dict[str, Callable[[Release], None]] = {"take-over": take_over, "roll-back": roll_back}


def main() -> None:
    import django
    from django.conf import settings

    settings.DATABASES["default"]["ENGINE"] = "tests.killed.database"
    settings.LEASE_S = LEASE_S
    django.setup()
    import grayrelease.cluster.kubernetes  # noqa: F401  (before the fork, not in each life)
    import grayrelease.operations  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(_fork(**json.loads(line))), flush=True)


def _fork(release: int, story: str, at: str) -> dict[str, Any]:
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reads)
        _child(release, story, at, writes)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return {"signal": os.WTERMSIG(status), "code": os.WEXITSTATUS(status), "passed": json.loads(told or "[]")}


def _child(release: int, story: str, at: str, pipe: int) -> None:
    from grayrelease import cluster
    from tests.killed.death import DEATH

    signal.alarm(LONGEST_S)
    DEATH.at = at
    code = 1
    try:
        with cluster.use(Mortal(cluster.connect())):
            live(release, story)
        os.write(pipe, json.dumps(DEATH.passed).encode())
        code = 0
    finally:
        sys.excepthook(*sys.exc_info()) if code else None
        os._exit(code)


if __name__ == "__main__":
    main()
