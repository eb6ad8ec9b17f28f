"""One process that watches: a change in a cluster rings for the targets that it concerns, and pages know it.

It only rings and remembers. What is true stays with the lists of each run and with the database: while the
watcher is away or has lost its cluster, the driver lists for the pages, and the sweep looks at live targets.
"""

from __future__ import annotations

from grayrelease.watcher.watcher import Watcher

__all__ = ["Watcher"]
