"""Whatever part is down or slow: every page answers, and a deed is carried out, once."""

from __future__ import annotations

import os
import signal
from time import monotonic

import pytest

from tests.holds.world import PAGE_S, World
from tests.story.rows import verified

AFTER_S = 10
"""A deed made during a fault is in effect so long after its end."""

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]


def test_without_a_broker_deeds_are_carried_out_by_the_driver(world: World) -> None:
    since = world.journal.version()
    with world.down("valkey"):
        world.look()
        began = monotonic()
        assert world.move(45).status_code == 302
        assert monotonic() - began <= PAGE_S + 1
        assert "Saved; it will be carried out within" in world.open(world.page).text
        world.wait_share(450, AFTER_S)
    world.operator.rows.wait(world.name, verified(450), 30)
    assert world.journal.times_set(450, since) == 1


def test_a_database_that_is_down_has_a_page_of_its_own(world: World) -> None:
    with world.down("postgres"):
        for path in world.paths():
            began = monotonic()
            answer = world.operator.person.get(path)
            assert answer.status_code == 503
            assert "The database does not answer" in answer.text
            assert monotonic() - began <= PAGE_S
    world.operator.connect()
    world.look()
    world.move(25)
    world.wait_share(250, AFTER_S)


@pytest.mark.parametrize("name", ["worker", "beat", "driver"])
def test_a_killed_process_is_started_again_and_loses_no_deed(world: World, name: str) -> None:
    since = world.journal.version()
    os.killpg(world.stack.supervisor.running[name].process.pid, signal.SIGKILL)
    world.look()
    assert world.move(55).status_code == 302
    world.wait_share(550, AFTER_S)
    while name not in world.stack.supervisor.running or not _lives(world, name):
        world.stack.supervisor.tick()
    world.stack.supervisor.wait(name)
    world.operator.rows.wait(world.name, verified(550), 30)
    assert world.journal.times_set(550, since) == 1


def _lives(world: World, name: str) -> bool:
    return world.stack.supervisor.running[name].exit_code() is None
