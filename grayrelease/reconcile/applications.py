"""Create an application's objects in the cluster."""

from __future__ import annotations


def create(application_id: int) -> None:
    """Create what isn't there yet. Never raises a ClusterError."""
    raise NotImplementedError
