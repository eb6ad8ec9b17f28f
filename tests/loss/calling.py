"""Callers in front of the echo, as a process, and their report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from demo.options import ROOT
from grayrelease.sandbox.tcp_ports import outbound_port
from tests.loss.echo import PORTS
from tests.loss.load.counts import Flow

Report = dict[str, Any]
LAST_ANSWERS_S = 30
ANSWERED_S = 60
OUTBOUND = 15001
CREW = "crew=yes"
"""The cookie of the audience."""
SHARES = {("http", ""): 0.80, ("http", CREW): 0.08, ("grpc", ""): 0.08, ("tcp", ""): 0.04}
"""What part of the requests is of which kind."""


def flows(services: Sequence[str], callers: Mapping[str, str], rate: float) -> list[Flow]:
    """Spread requests a second over services, kinds and callers. All are in the namespace demo."""
    each = rate / len(services) / len(callers)
    return [
        Flow(
            service=service,
            protocol=protocol,
            caller=caller,
            address=address,
            port=_port(service, protocol),
            host=f"{service}:{PORTS[protocol]}",
            rate=each * share,
            who=who,
        )
        for service in services
        for caller, address in callers.items()
        for (protocol, who), share in SHARES.items()
    ]


def _port(service: str, protocol: str) -> int:
    full = f"{service}.demo.svc.cluster.local"
    return outbound_port(full, PORTS["tcp"]) if protocol == "tcp" else OUTBOUND


@contextmanager
def calling(flows: Sequence[Flow]) -> Iterator[Report]:
    """Have callers ask meanwhile. The report is filled in at the end."""
    words = [sys.executable, "-m", "tests.loss.load"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None and process.stdout is not None
        report: Report = {}
        try:
            process.stdin.write(json.dumps([asdict(each) for each in flows]) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "calling\n"
            yield report
            process.send_signal(signal.SIGINT)
            report.update(json.loads(process.communicate(timeout=LAST_ANSWERS_S)[0]))
        finally:
            process.kill()


def wait_answered(services: Sequence[str], callers: Mapping[str, str]) -> None:
    """Wait until nobody loses anything: proxies learn of services late."""
    end = time.monotonic() + ANSWERED_S
    while True:
        with calling(flows(services, callers, 10 * len(services) * len(callers))) as report:
            time.sleep(1)
        if not report["lost"]:
            return
        assert time.monotonic() < end, report["first_lost"]
