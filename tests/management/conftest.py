from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from tests.world import World


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """Bookinfo runs in a cluster in memory."""
    from grayrelease import cluster
    from grayrelease.cluster.memory import Memory
    from tests.world import bookinfo_world

    with cluster.use(Memory()) as double:
        yield bookinfo_world(double)
