"""One run: gather, decide, apply, tell."""

from __future__ import annotations

from grayrelease.reconcile.outcome import Outcome


def reconcile(target_id: int, *, rolling_back: bool = False) -> Outcome:
    """Carry out what people want of a target, as far as it is safe now. Never raises a ClusterError."""
    raise NotImplementedError
