"""What a target remembers of workloads whose pods we took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Emptied:
    """When a workload's pods were taken, oldest first, since people last decided: it may come back."""

    generation: int
    times: tuple[datetime, ...]
