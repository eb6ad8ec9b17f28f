"""The sandbox answers as a real control plane was recorded to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grayrelease.sandbox.process import spawn
from tests.sandbox.apiserver.api_process import ApiProcess

CEILING = 0
"""How many conversations may still fail; lower it with the file, never raise it."""

PARALLEL = 3
POLL_LIMIT_S = 20
REPLAY_S = 100
LIST = Path(__file__).with_name("not_yet_passing.txt")


def not_yet_passing() -> dict[str, str]:
    """The conversations that are known to fail, each with the reason."""
    lines = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {name.strip(): why.strip() for name, _, why in (line.partition("#") for line in lines)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    folder = tmp_path_factory.mktemp("recordings")
    with (
        ApiProcess(folder / "api", "--gateway-api", "--no-istiod") as api,
        (folder / "controllers.log").open("wb") as log,
    ):
        module = "grayrelease.sandbox.controllers"
        command = [sys.executable, "-m", module, "--kubeconfig", str(api.kubeconfig)]
        controllers = spawn(command, log=log)
        yield api
        ended = controllers.poll()
        controllers.kill()
        controllers.wait()
        assert ended is None, (folder / "controllers.log").read_text()[-2000:]


def replayed(api: ApiProcess, folder: Path) -> dict[str, str]:
    """Replay all conversations, several at a time: name → "" or the first difference."""
    names = sorted(path.stem for path in (folder / "scenarios").glob("*.json"))
    command = [sys.executable, str(folder / "replay.py"), "--server", api.url, "--token", api.token]
    command += ["--poll-limit", str(POLL_LIMIT_S)]
    running = [
        subprocess.Popen(
            command + [part for name in names[start::PARALLEL] for part in ("--only", name)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for start in range(PARALLEL)
    ]
    outcome: dict[str, str] = {}
    for process in running:
        output, _ = process.communicate(timeout=REPLAY_S)
        for line in output.splitlines():
            verdict, _, rest = line.partition(" ")
            if verdict in ("PASS", "FAIL"):
                name, _, difference = rest.partition(": ")
                outcome[name] = difference
    assert sorted(outcome) == names
    return outcome


@pytest.mark.processes
@pytest.mark.slow
def test_the_api_answers_as_recorded(cluster: ApiProcess, recordings: Path) -> None:
    outcome = replayed(cluster, recordings / "kubernetes-api")
    known = not_yet_passing()
    assert {name: told for name, told in outcome.items() if told and name not in known} == {}
    assert [name for name in known if not outcome[name]] == [], "these pass now: take them from the list"


def test_the_list_of_failing_conversations_only_shrinks() -> None:
    known = not_yet_passing()
    assert len(known) == CEILING
    assert all(known.values()), "each needs a reason"
