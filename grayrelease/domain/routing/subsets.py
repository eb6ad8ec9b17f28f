"""Subsets of a DestinationRule: users' own, ours, and the one that stays for the winner."""

from __future__ import annotations

from grayrelease.domain import istio

OURS = "gr-"


def plain(version: str) -> str:
    """Return the name of the subset that stays for a winner: the version, as far as it can be a name."""
    name = istio.subset(version).removeprefix(OURS)
    return name if not name.startswith(OURS) else f"v-{name}"
