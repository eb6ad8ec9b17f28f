"""Visitors of the sandbox as a process, and their report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.options import ROOT

Report = dict[str, Any]
LAST_ANSWERS_S = 30


@contextmanager
def visiting(gateway_port: int, rate: float) -> Iterator[Report]:
    """Have people visit the product page meanwhile. The report is filled in at the end."""
    gateway = f"http://127.0.0.1:{gateway_port}"
    words = ["-m", "grayrelease.sandbox.visitors", "--gateway", gateway, "--rate", str(rate), "--seed", "1"]
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    report: Report = {}
    try:
        yield report
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=LAST_ANSWERS_S)
        report.update(json.loads(told))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def visit(gateway_port: int, rate: float, seconds: float) -> Report:
    """Have people visit for some seconds, and return their report."""
    gateway = f"http://127.0.0.1:{gateway_port}"
    words = ["--gateway", gateway, "--rate", str(rate), "--duration", str(seconds), "--seed", "1"]
    command = [sys.executable, "-m", "grayrelease.sandbox.visitors", *words]
    limit = seconds + LAST_ANSWERS_S
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=True)
    report: Report = json.loads(done.stdout)
    return report


def bearable_rate(gateway_port: int) -> float:
    """Return the highest of some rates at which nobody queues: 99 % of the answers within 100 ms."""
    for rate in (100, 80, 60):
        if (visit(gateway_port, rate, 3)["latency_ms"]["p99"] or 1000) < 100:
            return rate
    return 40
