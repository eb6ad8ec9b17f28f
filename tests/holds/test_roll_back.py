"""Rolling back takes two clicks and two seconds, whatever else is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from grayrelease.sandbox.fault.faults import Fault
from tests.holds.world import DASHBOARD, World

ROLL_BACK_S = 2.0

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]


@contextmanager
def worker_stopped_inside_a_run(world: World) -> Iterator[None]:
    """Stop the ordinary workers while one of them holds the lease."""
    with world.slow(0.4):
        world.move(60)
        rows = world.operator.rows
        rows.wait(world.name, lambda row: bool(_lease(world)), 5)
        with world.hanging("worker"):
            world.faults.clear("api")
            yield


def _lease(world: World) -> str:
    return str(world.operator.rows.all("select lease_owner from grayrelease_target")[0]["lease_owner"])


BROKEN: dict[str, Callable[[World], object]] = {
    "nothing": lambda world: world.slow(0),
    "prometheus is down": lambda world: world.down("prometheus"),
    "valkey is down": lambda world: world.down("valkey"),
    "valkey hangs": lambda world: world.hanging("valkey"),
    "the API server takes 0.5 s a call": lambda world: world.slow(0.5),
    "writes conflict": lambda world: world.fault("api", Fault("conflict", times=2, agent=DASHBOARD)),
    "workers are stopped inside a run": worker_stopped_inside_a_run,
}


@pytest.mark.parametrize("fault", BROKEN)
def test_it_rolls_back_within_two_seconds(
    world: World, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = world.operator.ok(world.operator.person.get(f"{world.page}roll-back/"))
    with BROKEN[fault](world):  # type: ignore[attr-defined]
        began = monotonic()
        world.operator.confirm(world.page, "roll-back", world.operator.generation(asked))
        world.wait_share(0, 10)
        took = monotonic() - began
        with capsys.disabled():
            print(f"\nrolled back in {took * 1000:.0f} ms while {fault}")
        assert took <= ROLL_BACK_S
