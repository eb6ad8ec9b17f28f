"""One stack for all faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.options import Options
from demo.stack import Stack
from tests.holds.world import World
from tests.scratch import scratch_folder


@pytest.fixture(scope="package")
def whole() -> Iterator[World]:
    with scratch_folder() as folder:
        options = Options(folder=folder / "demo", sandbox=folder / "sandbox", quick=True, visitors=15)
        with Stack(options) as stack:
            world = World(stack)
            world.operator.deploy_sample()
            yield world
            world.operator.close()


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    """The same, with a new release at 20 % that is ended afterwards."""
    whole.bring()
    yield whole
    whole.finish()
