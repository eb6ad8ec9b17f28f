"""Codes about versions, releases and targets that go, with the names of their facts; see `reasons`."""

from __future__ import annotations

from collections.abc import Mapping

WAITS: Mapping[str, tuple[str, ...]] = {
    "remove-from-git": ("workload", "holder", "part"),
    "remove-from-chart": ("workload", "part"),
    "loser-comes-back": ("workload", "manager", "times"),
}
FAILING: Mapping[str, tuple[str, ...]] = {
    "sign-in-refused": ("error",),
    "not-allowed": ("verb", "resource", "namespace"),
    "namespace-ending": ("namespace",),
    "no-answer": ("error",),
}
"""Why the cluster can't be read or written; see `failing`."""
NOW: Mapping[str, tuple[str, ...]] = {"forgotten": ("version", "stable")}
NEXT: Mapping[str, tuple[str, ...]] = {
    "person-prunes": ("workload", "holder", "part"),
    "person-upgrades": ("workload", "part"),
    "person-stops": ("workload", "manager"),
}
