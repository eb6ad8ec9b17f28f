"""On how many made-up examples a property is tried: a few, always the same; with SOAK=1 many new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SOAK = os.environ.get("SOAK") == "1"
FACTOR = 20


def tried(examples: int, *tolerated: HealthCheck) -> settings:
    """Settings of a property that is tried on so many examples; `make soak` tries it on 20 times as many."""
    return settings(
        max_examples=examples * (FACTOR if SOAK else 1),
        deadline=None,
        derandomize=not SOAK,
        database=None,
        suppress_health_check=tolerated,
    )
