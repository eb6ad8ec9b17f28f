"""The whole product with Bookinfo and a release, and ways to break parts of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import requests

from demo import prometheus, sandbox, valkey
from demo.dashboard import workers
from demo.part import Part
from demo.stack import Stack
from grayrelease.sandbox.fault.asking import Asked
from grayrelease.sandbox.fault.faults import Fault
from tests.holds.record import Journal
from tests.story.api import ISTIO, Api, share_of
from tests.story.releasing import Operator, Wish
from tests.story.rows import in_phase, verified

IMAGE = "kubesphere/examples-bookinfo-reviews-v2:1.16.2"
DASHBOARD = "OpenAPI-Generator"
"""How the dashboard calls itself, as every program with Kubernetes' client does."""
PAGE_S = 2.0
WITHIN_S = 30
POLL_S = 0.02


class World:
    """operator, a release of reviews v2 at 20 %, and the parts below."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.faults = stack, Asked(stack.options.sandbox)
        self.journal = Journal(stack.options.sandbox)
        self.operator = Operator(stack).set_times(settle_s=0, drain_s=0)
        self.api = Api(stack.options.kubeconfig, "demo")
        self.number, self.page, self.name = 0, "", ""

    def bring(self, image: str = IMAGE, wait: bool = True, env: tuple[str, str] = ("", "")) -> None:
        """Start a release at 20 %."""
        self.number += 1
        self.name = f"reviews-{self.number}"
        self.page = self.operator.start(Wish(self.name, "v2", image, 20, env))
        if wait:
            self.operator.rows.wait(self.name, verified(200), WITHIN_S)

    def finish(self) -> None:
        """End the present release, whatever it is at."""
        row = self.operator.rows.release(self.name)
        if row["phase"] not in ("rolling-back", "rolled-back"):
            self.operator.deed(self.page, "roll-back")
        self.operator.rows.wait(self.name, in_phase("rolled-back"), WITHIN_S)
        self.operator.deed(self.page, "finish")
        self.operator.rows.wait(self.name, in_phase("finished"), WITHIN_S)

    def finish_if_any(self) -> None:
        """End a release that a failed test left."""
        if self.operator.rows.release(self.name)["phase"] != "finished":
            self.finish()

    def share(self) -> int | None:
        """Return v2's share in the cluster's routes, in per mille; None where there are none."""
        if not self.api.exists(ISTIO, "virtualservices", "reviews"):
            return None
        return share_of(self.api.get(ISTIO, "virtualservices", "reviews"), "v2")

    def wait_share(self, share: int, within: float) -> float:
        """Wait until the routes say a share; returns the seconds it took."""
        began = monotonic()
        while self.share() != share:
            assert monotonic() - began < within, f"{self.share()} instead of {share} after {within} s"
            time.sleep(POLL_S)
        return monotonic() - began

    def paths(self) -> list[str]:
        return ["/p/demo/", "/p/demo/applications/", "/p/demo/applications/bookinfo/", *self.release_paths()]

    def release_paths(self) -> list[str]:
        return ["/p/demo/releases/", self.page]

    def look(self) -> dict[str, str]:
        """Open every page; each answers within 2 s. Returns the texts by path."""
        return {path: self.open(path).text for path in self.paths()}

    def open(self, path: str) -> requests.Response:
        began = monotonic()
        answer = self.operator.person.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        assert monotonic() - began <= PAGE_S, f"{path} took {monotonic() - began:.2f} s"
        return answer

    def wait_text(self, path: str, text: str, within: float = 15) -> None:
        """Wait until a page says something; it answers within 2 s all the time."""
        end = monotonic() + within
        while text not in (page := self.open(path).text):
            assert monotonic() < end, f"{path} never said {text!r}: {page[:3000]}"
            time.sleep(0.2)

    def move(self, percent: int) -> requests.Response:
        """Ask for another share, from a page as it is now."""
        return self.operator.deed(self.page, "share", share=percent)

    # Parts that are broken and made whole again.

    def part(self, name: str) -> Part:
        options, settings = self.stack.options, self.stack.settings
        found = prometheus.find()
        assert found is not None
        parts = [
            sandbox.apiserver(options),
            valkey.part(options.ports.valkey, options.folder / "valkey"),
            prometheus.part(found, options),
            self.stack.postgres.part(),
            *workers(options, settings),
        ]
        return next(part for part in parts if part.name == name)

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """Stop a part meanwhile."""
        self.stack.supervisor.stop_part(name)
        try:
            yield
        finally:
            self.stack.supervisor.start(self.part(name))

    @contextmanager
    def hanging(self, name: str) -> Iterator[None]:
        """Freeze a part meanwhile: it takes connections and never answers."""
        group = self.stack.supervisor.running[name].process.pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    @contextmanager
    def fault(self, part: str, fault: Fault) -> Iterator[None]:
        """Break something of the sandbox meanwhile."""
        self.faults.set(part, fault)
        try:
            yield
        finally:
            self.faults.clear(part, fault.name)

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Hold back each answer that the API server gives to the dashboard meanwhile."""
        with self.fault("api", Fault("slow", seconds, agent=DASHBOARD)):
            yield
