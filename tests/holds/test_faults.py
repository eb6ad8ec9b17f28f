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


def test_pages_name_an_api_server_that_is_down_and_a_deed_waits_for_it(world: World) -> None:
    version = world.version()
    with world.down("apiserver"):
        world.wait_text(world.page, "API server: no answer for")
        world.wait_text("/p/demo/applications/bookinfo/", "API server: no answer for")
        assert world.move(30).status_code == 302
        world.look()
    world.wait_share(300, AFTER_S)
    world.operator.rows.wait(world.name, verified(300), 30)
    assert world.writes_since(version, 300) == 1


def test_an_api_server_that_takes_a_second_a_call_slows_no_page(world: World) -> None:
    version = world.version()
    with world.slow(1):
        world.look()
        assert world.move(40).status_code == 302
        world.look()
        world.wait_share(400, 15)
    world.operator.rows.wait(world.name, verified(400), 30)
    assert world.writes_since(version, 400) == 1


def test_pages_name_a_prometheus_that_is_down_and_the_share_settles(world: World) -> None:
    with world.down("prometheus"):
        world.wait_text(world.page, "Prometheus: no answer")
        assert world.move(35).status_code == 302
        world.wait_share(350, AFTER_S)
        world.operator.rows.wait(world.name, verified(350), 30)
        world.look()


@pytest.mark.parametrize("how", ["down", "hanging"])
def test_without_a_broker_deeds_are_carried_out_by_the_driver(world: World, how: str) -> None:
    version, breaking = world.version(), world.down if how == "down" else world.hanging
    with breaking("valkey"):
        world.look()
        began = monotonic()
        assert world.move(45).status_code == 302
        assert monotonic() - began <= PAGE_S + 1
        assert "Saved; it will be carried out within" in world.open(world.page).text
        world.wait_share(450, AFTER_S)
    world.operator.rows.wait(world.name, verified(450), 30)
    assert world.writes_since(version, 450) == 1


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
    version = world.version()
    os.killpg(world.stack.supervisor.running[name].process.pid, signal.SIGKILL)
    world.look()
    assert world.move(55).status_code == 302
    world.wait_share(550, AFTER_S)
    while name not in world.stack.supervisor.running or not _lives(world, name):
        world.stack.supervisor.tick()
    world.stack.supervisor.wait(name)
    world.operator.rows.wait(world.name, verified(550), 30)
    assert world.writes_since(version, 550) == 1


def _lives(world: World, name: str) -> bool:
    return world.stack.supervisor.running[name].exit_code() is None
