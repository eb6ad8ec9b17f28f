from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from demo.part import Part, StartFailed
from demo.supervisor import GaveUp, Supervisor
from tests.demo.processes import await_that, descendants, is_alive

pytestmark = pytest.mark.processes
STUBBORN = "trap '' TERM; echo deaf; while :; do sleep 0.05; done"


def shell(name: str, script: str, **more: object) -> Part:
    return Part(name, ["sh", "-c", script], **more)  # type: ignore[arg-type]


def until_ended(supervisor: Supervisor, name: str) -> int:
    return supervisor.running[name].process.wait(timeout=5)


def test_it_starts_a_part_again_that_was_killed(tmp_path: Path) -> None:
    lines: list[str] = []
    with Supervisor(tmp_path, tmp_path, lines.append) as supervisor:
        supervisor.start(shell("web", "exec sleep 60"))
        first = supervisor.running["web"].process.pid
        os.kill(first, signal.SIGKILL)
        until_ended(supervisor, "web")
        supervisor.tick()
        assert "web" not in supervisor.running
        assert await_that(lambda: supervisor.tick() or "web" in supervisor.running)
        assert supervisor.running["web"].process.pid != first
    assert lines == [f"web ended with -9; starting it again in 0.5 s (see {tmp_path}/web.log)"]


def test_it_waits_longer_each_time_a_part_ends(tmp_path: Path) -> None:
    lines: list[str] = []
    with Supervisor(tmp_path, tmp_path, lines.append) as supervisor:
        supervisor.launch(shell("beat", "exit 3"))
        assert await_that(lambda: supervisor.tick() or len(lines) == 3)
    pauses = [line.partition(" again in ")[2].partition(" (")[0] for line in lines]
    assert pauses == ["0.5 s", "1 s", "2 s"]


def test_it_gives_up_with_the_last_words_of_a_vital_part_that_keeps_ending(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.launch(shell("postgres", "echo no room; exit 1", vital=True))
        with pytest.raises(GaveUp, match="postgres ended 3 times: no room"):
            await_that(lambda: bool(supervisor.tick()))


def test_it_names_a_part_that_ends_before_it_is_ready(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor, pytest.raises(StartFailed, match="ended with 2: bad"):
        supervisor.start(shell("mesh", "echo bad option; exit 2", ready=lambda: False))


def test_it_names_a_part_that_is_not_ready_in_time(tmp_path: Path) -> None:
    part = shell("mesh", "echo hm; exec sleep 60", ready=lambda: False, ready_within=0.2)
    with (
        Supervisor(tmp_path, tmp_path) as supervisor,
        pytest.raises(StartFailed, match="mesh is not ready: hm"),
    ):
        supervisor.start(part)


def test_it_names_a_command_that_fails(tmp_path: Path) -> None:
    with Supervisor(tmp_path, tmp_path) as supervisor, pytest.raises(StartFailed, match="migrate failed: oh"):
        supervisor.run(shell("migrate", "echo oh; exit 1"), shell("other", "exit 0"))


def test_it_stops_who_asks_before_who_answers(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = "trap 'echo {0} >> {1}; exit' TERM; echo up; while :; do sleep 0.02; done"
    with Supervisor(tmp_path, tmp_path) as supervisor:
        for name, wave in (("database", 2), ("cluster", 1), ("web", 0)):
            log = supervisor.log(name)
            ready = lambda log=log: "up" in log.read_text()  # noqa: E731
            supervisor.start(shell(name, script.format(name, order), wave=wave, ready=ready))
    assert order.read_text().split() == ["web", "cluster", "database"]


def test_it_kills_a_part_that_does_not_stop_with_all_that_it_started(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tmp_path)
    supervisor.start(
        shell("worker", STUBBORN, wave=1, ready=lambda: "deaf" in supervisor.log("worker").read_text())
    )
    family = {supervisor.running["worker"].process.pid} | descendants(
        supervisor.running["worker"].process.pid
    )
    supervisor.stop()
    assert [pid for pid in family if is_alive(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_nothing_stays_behind_when_the_runner_is_killed(tmp_path: Path) -> None:
    (tmp_path / "forker.py").write_text(FORKER)
    (tmp_path / "runner.py").write_text(RUNNER)
    environment = {"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    runner = Part("runner", [sys.executable, tmp_path / "runner.py", tmp_path], environment)
    with Supervisor(tmp_path, tmp_path) as supervisor:
        supervisor.launch(runner)
        pid = supervisor.running["runner"].process.pid
        assert await_that(lambda: "forked" in _text(tmp_path / "forker.log"))
        family = descendants(pid)
        assert len(family) == 3  # a sleeper, a server, the server's fork
        os.kill(pid, signal.SIGKILL)
        assert await_that(lambda: not any(map(is_alive, family)), within=2)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


FORKER = """
import os, time
if os.fork():
    print("forked", flush=True)
time.sleep(60)
"""
RUNNER = """
import sys, time
from pathlib import Path
from demo.part import Part
from demo.supervisor import Supervisor
folder = Path(sys.argv[1])
supervisor = Supervisor(folder, folder)
supervisor.launch(Part("sleeper", ["sleep", "60"]))
supervisor.launch(Part("forker", [sys.executable, "-m", "demo.child", "forker"]))
time.sleep(60)
"""
