"""Whether a Service can be released: each thing that is in the way, with what would remove it.

One table (`table.TABLE`) says what is looked for; `findings` asks it of a `Scene`.
"""

from __future__ import annotations

from grayrelease.domain.preflight.judged import Finding, check, findings, limits, warnings
from grayrelease.domain.preflight.scene import Scene, known_versions, stable_workload
from grayrelease.domain.preflight.workloads import SIDECAR

__all__ = [
    "SIDECAR",
    "Finding",
    "Scene",
    "check",
    "findings",
    "known_versions",
    "limits",
    "stable_workload",
    "warnings",
]
