from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from demo.ports import free_port
from demo.preflight import for_demo
from demo.secret import remembered
from demo.state import AlreadyRunning, only_one, options


def test_it_says_which_port_is_taken_and_how_to_choose_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("DEMO_WEB_PORT", str(port))
        monkeypatch.setenv("DEMO_GATEWAY_PORT", str(free_port()))
        [line] = for_demo()
    assert line == (
        f"Port {port} is taken by another program (or another `make demo`); "
        f"choose another one: make demo DEMO_WEB_PORT={port + 1}"
    )


def test_it_refuses_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_WEB_PORT", "eighty")
    monkeypatch.setenv("DEMO_GATEWAY_PORT", str(free_port()))
    assert list(for_demo()) == ["DEMO_WEB_PORT is 'eighty', which is not a port."]


@pytest.mark.processes
def test_it_needs_no_package_and_ends_with_the_reason(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DEMO_WEB_PORT": "0"}
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, '.'); sys.argv[1:] = ['demo'];",
    ]
    command[-1] += "import runpy; runpy.run_module('demo.preflight', run_name='__main__')"
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "DEMO_WEB_PORT is '0', which is not a port." in ended.stderr


def test_a_second_start_has_the_ports_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DIR", str(tmp_path))
    first = options()
    assert first.ports.web == 8000 and first.ports.gateway == 30140
    assert options() == first
    assert first.sandbox == tmp_path / "sandbox"


def test_a_variable_moves_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DIR", str(tmp_path))
    monkeypatch.setenv("DEMO_GATEWAY_PORT", "30999")
    assert options().bookinfo_url == "http://productpage.bookinfo.localhost:30999/"


def test_only_one_demo_runs_in_a_folder(tmp_path: Path) -> None:
    lock = only_one(tmp_path)
    with pytest.raises(AlreadyRunning, match="A demo runs in"):
        only_one(tmp_path)
    os.close(lock)
    os.close(only_one(tmp_path))


def test_a_secret_is_made_once_and_is_ours_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"
    assert remembered(file) == remembered(file)
    assert len(remembered(file)) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
