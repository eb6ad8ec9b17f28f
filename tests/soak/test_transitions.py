"""No caller loses a request, nor meets a version that no route named, in any transition of any kind.

HTTP, gRPC and TCP, several callers, five services at a time, with lag, without retries, with workers killed
in between. `make soak` does 200 transitions and more; without SOAK=1 it is one round, of 30 in 80 s.
It wants a machine of its own: where the mesh is starved, a pod ends before its callers have heard of it.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from demo.stack import Stack
from tests.depth import SOAK
from tests.loss import echo
from tests.loss.calling import CREW, Report, calling, flows, wait_answered
from tests.loss.courses import COURSES
from tests.loss.killing import meanwhile
from tests.loss.moves import Done, Served
from tests.loss.named import Named
from tests.story.api import ISTIO, Api, Change, Record

LAG_S = 2
"""The longest lag of the mesh; the settle time is one second more."""
SERVICES = [f"echo-{letter}" for letter in "abcde"]
ROUNDS = 8 if SOAK else 1
LEAST = 200 if SOAK else 20
RATE = 560
LEAST_RATE = 500
KILL_EVERY_S = 20.0

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(0 if SOAK else 900)]


def drive(served: Served, number: int) -> None:
    """Take one service through its courses: each begins with another one."""
    for course in itertools.islice(itertools.cycle(COURSES), number, number + ROUNDS):
        course(served)


def unnamed(report: Report, changes: Sequence[Change]) -> tuple[list[Any], list[Change]]:
    """Return the answers of a version that no route named then, and the changes that named none in time."""
    named = {each: Named(each, "v1", "crew").read(changes) for each in SERVICES}
    wrong = []
    for service, protocol, who, version, since, until, count in report["answers"]:
        kind = "tcp" if protocol == "tcp" else "http"
        if version not in named[service].during(since, until, kind, who == CREW, LAG_S):
            wrong.append((service, protocol, who, version, since, count))
    return wrong, [change for each in named.values() for change in each.loose]


def test_no_transition_loses_a_request(
    start_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = start_stack(lag=f"0-{LAG_S}", retries=False)
    api, done = Api(stack.options.kubeconfig, "demo"), Done()
    # They sign in now, while nobody calls.
    served = [Served(stack, service, done) for service in SERVICES]
    served[0].operator.set_times(settle_s=LAG_S + 1, drain_s=LAG_S + 1)
    echo.make_namespace(api)
    echo.deploy(api, SERVICES)
    callers = echo.callers(api)
    wait_answered(SERVICES, callers)
    record, began = Record(api, ISTIO, "virtualservices"), time.monotonic()
    with calling(flows(SERVICES, callers, RATE)) as report:
        works = [partial(drive, each, number) for number, each in enumerate(served)]
        killed = meanwhile(stack, works, KILL_EVERY_S, seed=ROUNDS)
    for each in served:
        each.close()
    wrong, loose = unnamed(report, record.changes)
    figures = {
        "transitions": done.kinds.total(),
        "kinds": dict(done.kinds),
        "seconds": round(time.monotonic() - began, 1),
        "seconds_each": {
            "median": round(statistics.median(done.seconds), 1),
            "most": round(max(done.seconds), 1),
        },
        "killed": dict(killed),
        "writes_of_routes": len(record.changes),
        **{name: value for name, value in report.items() if name != "answers"},
        "answers_compared": len(report["answers"]),
        "unnamed": len(wrong),
    }
    with capsys.disabled():
        print("\n" + json.dumps(figures))
    assert report["lost"] == 0, report["first_lost"]
    assert wrong == []
    assert loose == []
    assert done.kinds.total() >= LEAST
    assert killed.total() >= 1
    assert report["rate"] >= LEAST_RATE, report["skipped"]
