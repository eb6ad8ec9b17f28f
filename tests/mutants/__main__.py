"""`make mutants`: plant each defect in a copy of the sources, and see the named tests find it.

Prints one line per defect, and ends with 1 where one was not found or took longer than 60 s. The tests are
run without a defect first: what fails anyway finds nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from tests.mutants.defects import ROOT, Defect, defects

WITHIN_S = 60
COPIED = ("demo", "deploy", "grayrelease", "locale", "samples", "static", "templates", "tests")
FILES = ("manage.py", "pyproject.toml")
FOUND, NOTHING = 1, 0
"""pytest's exit codes: some test failed, none did. Others (no such test, no import) find nothing either."""


def main() -> int:
    names = sys.argv[1:]
    chosen = [each for each in defects() if not names or each.name in names]
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        code, seconds, last = _run(copy, sorted({test for each in chosen for test in each.tests}), 600)
        print(f"without a defect: {'pass' if code == NOTHING else last} ({seconds:.0f} s)", flush=True)
        missed = [each.name for each in chosen if not _is_found(copy, each)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} found" + (f", not: {missed}" if missed else ""))
    return int(bool(missed) or code != NOTHING)


def _copied(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def _is_found(copy: Path, defect: Defect) -> bool:
    with _planted(copy / defect.file, defect):
        code, seconds, last = _run(copy, defect.tests, WITHIN_S)
    found = code == FOUND and seconds <= WITHIN_S
    print(f"{'found' if found else 'NOT FOUND'} {defect.name} ({seconds:.1f} s): {last}", flush=True)
    return found


@contextmanager
def _planted(path: Path, defect: Defect) -> Iterator[None]:
    source = path.read_text()
    path.write_text(defect.planted(source))
    try:
        yield
    finally:
        path.write_text(source)


def _run(copy: Path, tests: Iterable[str], within_s: float) -> tuple[int, float, str]:
    """Run tests until one fails; the exit code (-1: too long), the seconds, and what pytest said last."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    # Sources change within a second: what was compiled of the former ones must not be taken for them.
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "RECORDINGS": _recordings()}
    began = monotonic()
    try:
        done = subprocess.run(
            command, cwd=copy, env=variables, capture_output=True, text=True, timeout=within_s
        )
    except subprocess.TimeoutExpired:
        return -1, monotonic() - began, f"longer than {within_s} s"
    return done.returncode, monotonic() - began, _told(done.stdout + done.stderr)


def _recordings() -> str:
    return os.environ.get("RECORDINGS", str(ROOT.parent / "shared"))


def _told(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return (failed or lines or [""])[0][:150]


if __name__ == "__main__":
    sys.exit(main())
