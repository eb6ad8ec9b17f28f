from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Conftests are read before Django's apps are: what needs them is imported where it is used.
if TYPE_CHECKING:
    from grayrelease.metrics.memory import Memory as MetricsMemory
    from tests.world import World


@pytest.fixture
def metrics_double() -> Iterator[MetricsMemory]:
    """Prometheus does not answer: routes count as in effect once they are settled (at once, here)."""
    from grayrelease import metrics
    from grayrelease.metrics.memory import Memory

    with metrics.use(Memory(error="metrics are off")) as double:
        yield double


@pytest.fixture
def world(transactional_db: None, metrics_double: MetricsMemory) -> Iterator[World]:
    """Bookinfo runs in a cluster in memory. Real commits: what is asserted is what another process sees."""
    from grayrelease import cluster
    from grayrelease.cluster.memory import Memory
    from tests.world import bookinfo_world

    with cluster.use(Memory()) as double:
        yield bookinfo_world(double)
