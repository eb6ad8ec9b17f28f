"""The mesh against what real Istio and Envoy were recorded doing."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grayrelease.sandbox.evaluate.__main__ import answers

pytestmark = pytest.mark.processes

JSON = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "grayrelease.sandbox.evaluate"]


def comparison(recordings: Path) -> ModuleType:
    """Load the recordings' own comparison."""
    path = recordings / "istio-routing" / "compare.py"
    found = importlib.util.spec_from_file_location("compare_routing", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def test_it_routes_as_istio_was_recorded_doing(recordings: Path) -> None:
    compare = comparison(recordings)
    cases = compare.load_cases(recordings / "istio-routing" / "cases", "")
    given = answers([json.dumps(question) for case in cases for question in case.questions()])
    rows = [(case.name, row) for case in cases for row in case.rows]
    found = [
        f"{name}: {compare.difference(row['expect'], answer)}"
        for (name, row), answer in zip(rows, given, strict=True)
        if compare.difference(row["expect"], answer)
    ]
    assert found == [] and len(rows) > 1000


def question(path: str = "/", **request: Any) -> JSON:
    """A question about one service."""
    spec = {"ports": [{"name": "http", "port": 9080}], "selector": {"app": "reviews"}}
    metadata = {"name": "reviews", "namespace": "demo"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    asked = {"method": "GET", "authority": "reviews:9080", "path": path, "headers": {}, "port": 9080}
    caller = {"kind": "sidecar", "namespace": "demo", "labels": {}}
    return {"objects": [service], "caller": caller, "request": asked | request}


def start() -> subprocess.Popen[str]:
    """Start it as a user would, with nothing in its environment."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        COMMAND, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env={"PATH": os.environ["PATH"]}
    )


def ask(process: subprocess.Popen[str], line: str) -> JSON:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer: JSON = json.loads(process.stdout.readline())
    return answer


def test_it_answers_line_by_line_and_needs_no_environment() -> None:
    with start() as process:
        first = ask(process, json.dumps(question()))
        assert first["status"] == 200 and first["answered"] == {
            "host": "reviews.demo.svc.cluster.local",
            "port": 9080,
        }
        assert "error" in ask(process, "no question")
        assert ask(process, json.dumps(question(authority="nobody")))["destinations"][0]["host"] == (
            "PassthroughCluster"
        )
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_table_that_envoy_refuses_spoils_no_other_answer() -> None:
    bad = question()
    rule = {"redirect": {"uri": "/x"}, "headers": {"response": {"set": {"a\nb": "c"}}}}
    metadata = {"name": "bad", "namespace": "demo"}
    kind = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
    bad["objects"].append({**kind, "spec": {"hosts": ["reviews"], "http": [rule]}})
    lines = [json.dumps(each) for each in (question(), bad, question("/x"))]
    first, refused, last = answers(lines)
    assert first["status"] == last["status"] == 200
    assert refused["error"].startswith("Envoy refuses the tables")


def test_no_envoy_is_left_when_it_is_killed() -> None:
    slow = question()
    metadata = {"name": "slow", "namespace": "demo"}
    fault = {"delay": {"fixedDelay": "20s", "percentage": {"value": 100}}}
    target = {"destination": {"host": "reviews"}}
    rules = [{"fault": fault, "route": [target]}]
    kind = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
    slow["objects"].append({**kind, "spec": {"hosts": ["reviews"], "http": rules}})
    process = start()
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(slow) + "\n")
    process.stdin.flush()
    [envoy] = await_children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    deadline = time.monotonic() + 5
    while alive(envoy):
        assert time.monotonic() < deadline


def await_children(pid: int) -> list[int]:
    """Wait until a process has started another."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 10
    while not (found := path.read_text().split()):
        assert time.monotonic() < deadline
    return [int(each) for each in found]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
