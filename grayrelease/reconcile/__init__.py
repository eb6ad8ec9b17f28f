"""Gather, decide, apply: one target at a time, under a lease (SAFETY section 1)."""

from __future__ import annotations

from grayrelease.reconcile.outcome import Outcome
from grayrelease.reconcile.run import reconcile

__all__ = ["Outcome", "reconcile"]
