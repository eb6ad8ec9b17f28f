"""One stack for all faults: its dashboard reaches the API server through a proxy that can be slow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.options import Options
from demo.stack import Stack
from tests.holds.proxy import Proxy
from tests.holds.world import World
from tests.scratch import scratch_folder


@pytest.fixture(scope="package")
def whole() -> Iterator[World]:
    with scratch_folder() as folder:
        detour = folder / "kubeconfig"
        options = Options(
            folder=folder / "demo",
            sandbox=folder / "sandbox",
            quick=True,
            visitors=15,
            environment={"KUBECONFIG": str(detour)},
        )
        with Proxy(f"http://127.0.0.1:{options.ports.api}") as proxy:
            stack = Stack(options)
            try:
                stack.start_servers()
                proxy.write_kubeconfig(options.kubeconfig, detour)
                stack.start_cluster()
                stack.prepare_dashboard()
                stack.start_dashboard()
                world = World(stack, proxy)
                world.operator.deploy_sample()
                yield world
                world.operator.close()
            finally:
                stack.stop()


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    """The same, with a new release at 20 % that is ended afterwards."""
    whole.bring()
    yield whole
    whole.finish()
