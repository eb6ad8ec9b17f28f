"""Rule 5 of SAFETY §3 in numbers: how many pods a share needs, and what share so many pods can carry.

`capacity` is R, stable's ready pods at the start; `percent` of it is asked for, as the project has it.
"""

from __future__ import annotations

from grayrelease.domain.plan import ALL

WHOLE = 100
"""All of R, in per cent."""


def needed(share: int, capacity: int, percent: int = WHOLE) -> int:
    """Return how many pods everyone's share (per mille) needs: at least one, for an audience too."""
    return max(1, -(-share * capacity * percent // (ALL * WHOLE)))


def carries(ready: int, capacity: int, percent: int = WHOLE) -> int:
    """Return the largest share, per mille, that so many ready pods can carry."""
    asked = capacity * percent
    if not ready or not asked:
        return ALL if ready else 0
    return min(ALL, ready * ALL * WHOLE // asked)
