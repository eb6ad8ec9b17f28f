"""Print one JSON object: how long people wait. The whole product on real parts, on this machine.

Times of deeds are the client's, from the POST on. Those of pages are the server's, from its access log:
from the request's arrival until its answer is written; `…_client_ms` is the same as the client sees it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from demo.options import ROOT, Options
from demo.postgres import forget
from demo.stack import Stack
from tests.bench.figures import Figure
from tests.bench.moves import Moves
from tests.bench.served import ACCESS_LOG, Served

VISITS = 40.0
"""Visits a second: about 150 requests a second between the services, 40 of them to reviews."""
CHANGES = 25
FLIPS = 15
ROLL_BACKS = 10
PAGES = 50
BARE_WRITES = 50
SEED = (
    "from tests import seed; from django.contrib.auth.models import User;"
    "from grayrelease.models import Membership;"
    "project = seed.project('thousand'); person = User.objects.get(username='operator');"
    "Membership.objects.create(project=project, user=person, role='operator');"
    "seed.many_releases(project, person, 1000)"
)
MANY = "from tests.bench.many import main; main()"


def measure(stack: Stack) -> dict[str, Figure]:
    """Go through the story many times."""
    figures: dict[str, Figure] = defaultdict(Figure)
    moves = Moves(stack, figures)
    moves.begin(settle_s=0, drain_s=0)
    for _ in range(CHANGES):
        moves.verified_change(80)
        moves.verified_change(20)
    moves.change_to(0)
    for _ in range(FLIPS):
        moves.flip(100, "v2")
        moves.flip(0, "v1")
    for _ in range(BARE_WRITES):
        moves.bare_write()
    _pages(stack, moves, figures)
    for _ in range(ROLL_BACKS):
        moves.roll_back_and_begin_again()
    return figures


def _pages(stack: Stack, moves: Moves, figures: dict[str, Figure]) -> None:
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", SEED]
    subprocess.run(command, cwd=ROOT, env={**stack.settings, "PATH": ""}, check=True)
    served = Served(stack.supervisor.log("web"))
    for path, name in ((moves.page, "release_page"), ("/p/thousand/releases/", "release_list_1000")):
        for _ in range(PAGES):
            with figures[f"{name}_client_ms"].measured():
                answer = moves.operator.person.get(path)
            moves.operator.ok(answer)
            figures[f"{name}_ms"].add(served.last(path))


def many(options: Options) -> dict[str, object]:
    """Ask what many targets cost; beside the API server and the databases nothing runs."""
    stack = Stack(options)
    try:
        stack.start_servers()
        stack.prepare_dashboard()
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", MANY]
        asked = subprocess.run(
            command, cwd=ROOT, env={**stack.settings, "PATH": ""}, check=True, stdout=subprocess.PIPE
        )
    finally:
        stack.stop()
        forget(stack.postgres.data)
    found: dict[str, object] = json.loads(asked.stdout)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        options = Options(
            folder=home / "demo", sandbox=home / "sandbox", visitors=VISITS, environment=ACCESS_LOG
        )
        stack = Stack(options)
        try:
            with stack:
                figures = measure(stack)
        finally:
            forget(stack.postgres.data)  # root's is outside our folder
        found = many(Options(folder=home / "many", sandbox=home / "many-sandbox"))
    print(json.dumps({**{name: figure.as_json() for name, figure in sorted(figures.items())}, **found}))


if __name__ == "__main__":
    main()
