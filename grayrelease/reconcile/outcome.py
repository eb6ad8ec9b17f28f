"""What became of a run."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    DONE = "done"
    """Decided, and all writes of that decision done."""
    BUSY = "busy"
    """Another run has the lease; it looks again before it lets go."""
    MOVED = "moved"
    """The lease or the generation changed on the way."""
    CONFLICT = "conflict"
    """An object wasn't what the write was decided on."""
    FAILED = "failed"
    """The cluster could not be read or refused a write: `Target.error` says why."""
    GONE = "gone"
    """No such target."""
