from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.options import ROOT, Ports
from demo.ports import variable
from demo.postgres import data_folder, forget
from demo.secret import remembered
from tests.demo.processes import await_that, descendants, is_alive
from tests.scratch import scratch_folder

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(900)]


class Demo:
    """A `python -m demo` of its own: its process, and what it prints."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.folder, self.console = folder, folder / "console"
        chosen = {variable(name): str(port) for name, port in vars(ports).items()}
        with self.console.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo"],
                cwd=ROOT,
                env={**os.environ, "DEMO_DIR": str(folder / "data"), "DEMO_VISITORS": "5", **chosen},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def says(self, words: str, within: float = 200) -> bool:
        await_that(lambda: words in self.console.read_text() or self.process.poll() is not None, within)
        return words in self.console.read_text()


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, Ports]]:
    with scratch_folder() as folder:
        yield folder, Ports()
        forget(data_folder(folder / "data" / "postgres"))


def start(place: tuple[Path, Ports]) -> Demo:
    demo = Demo(*place)
    assert demo.says("Ready: "), demo.console.read_text()
    return demo


def sign_in_page(place: tuple[Path, Ports]) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{place[1].web}/", timeout=5) as answer:
        return str(answer.read().decode())


def key(place: tuple[Path, Ports]) -> str:
    return (place[0] / "data" / "secret-key").read_text()


def stopped_by(demo: Demo, number: int) -> bool:
    """Send the signal; say whether the demo ended and nothing that it started is left."""
    family = descendants(demo.process.pid)
    demo.process.send_signal(number)
    demo.process.wait(timeout=10)
    return len(family) > 20 and await_that(lambda: not any(map(is_alive, family)), within=2)


def test_it_starts_stops_goes_on_and_leaves_nothing_when_killed(place: tuple[Path, Ports]) -> None:
    first = start(place)
    started_in = float(first.console.read_text().partition("Started in ")[2].partition(" s")[0])
    assert "operator" in sign_in_page(place)
    secret = key(place)
    assert stopped_by(first, signal.SIGINT)
    assert first.process.returncode == 0

    second = start(place)
    assert key(place) == secret
    assert stopped_by(second, signal.SIGKILL)

    third = start(place)  # no lock, no port, no half-written data of the killed one is in the way
    assert "operator" in sign_in_page(place)
    assert stopped_by(third, signal.SIGTERM)
    assert started_in <= 30


def test_it_forgets_everything_when_asked(place: tuple[Path, Ports]) -> None:
    folder = place[0] / "forgotten"
    data = data_folder(folder / "postgres")
    data.mkdir(parents=True)
    remembered(data.with_name("database-password"))
    forgetting = {**os.environ, "DEMO_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "demo", "clean"], cwd=ROOT, env=forgetting, check=True)
    assert not folder.exists() and not data.parent.exists()
