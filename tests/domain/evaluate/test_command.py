"""The command as people and compare.py start it: by itself, where nothing is set up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "reviews", "namespace": "demo"},
    "spec": {"ports": [{"name": "http", "port": 9080}], "selector": {"app": "reviews"}},
}
CALLER = {"kind": "sidecar", "namespace": "demo", "labels": {}}
REQUEST = {"method": "GET", "authority": "reviews:9080", "path": "/", "headers": {}, "port": 9080}
COMMAND = [sys.executable, str(ROOT / "manage.py"), "evaluate_routes"]


@pytest.mark.processes
def test_it_answers_line_by_line_without_any_variable(tmp_path: Path) -> None:
    lines = [
        json.dumps({"objects": [SERVICE], "caller": CALLER, "request": REQUEST}),
        "",
        "not JSON",
        json.dumps({"objects": [], "caller": CALLER, "request": REQUEST | {"path": "/#"}}),
    ]
    told = subprocess.run(
        COMMAND, input="\n".join(lines), env={}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, unread, refused = map(json.loads, told.stdout.splitlines())
    assert (first["status"], first["destinations"][0]["host"]) == (200, "reviews.demo.svc.cluster.local")
    assert "not understood" in unread["error"]
    assert (refused["status"], refused["reason"]) == (400, "path_normalization_failed")
    assert told.stderr == ""


@pytest.mark.processes
def test_the_recordings_comparison_finds_no_difference(recordings: Path) -> None:
    folder = recordings / "istio-routing"
    told = subprocess.run(
        [sys.executable, str(folder / "compare.py"), "--evaluator", " ".join(COMMAND)],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.splitlines()[-1:] == ["208 passed, 0 failed"], told.stdout[-2000:] + told.stderr
