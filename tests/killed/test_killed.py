"""SIGKILL at each point of a release: it ends right, and every change has one attempt and one outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from demo.options import ROOT
from grayrelease.cluster.interface import Cluster
from grayrelease.domain import bookinfo, marks
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Installation, Project, Release
from tests.cluster_fixture import Cluster as Sandbox
from tests.killed.kubelet import Attendant
from tests.world import person, start_release
from tests.world import project as make_project

pytestmark = [pytest.mark.processes, pytest.mark.slow]

REVIEWS = {"reviews", "reviews-v1"}


@dataclass
class Hospital:
    """Where releases are begun, killed and carried on."""

    cluster: Cluster
    attendant: Attendant
    zygote: subprocess.Popen[str]
    times: list[float] = field(default_factory=list)

    def begin(self, story: str, number: int) -> Release:
        """Run reviews v1 in a namespace of its own, and make the rows of a release."""
        namespace = f"killed-{story}-{number}"
        manifests = bookinfo.manifests(namespace)
        for manifest in manifests:
            if manifest["kind"] == "Namespace" or manifest["metadata"]["name"] in REVIEWS:
                self.cluster.create(manifest)
        project = _project(namespace)
        until(lambda: _ready(self.cluster, namespace), "reviews v1 has no endpoint")
        return start_release(project, self.cluster)

    def live(self, release: Release, story: str, at: str = "") -> dict[str, Any]:
        """Let a process carry the release out; returns how it ended and which points it passed."""
        assert self.zygote.stdin is not None and self.zygote.stdout is not None
        print(
            json.dumps({"release": release.pk, "story": story, "at": at}), file=self.zygote.stdin, flush=True
        )
        answer: dict[str, Any] = json.loads(self.zygote.stdout.readline())
        return answer


@pytest.fixture
def hospital(transactional_db: None, sandbox_api: Sandbox) -> Iterator[Hospital]:
    from grayrelease.cluster.kubernetes import Kubernetes

    person("operator")
    Installation.current()  # else the first life alone would make it
    cluster = Kubernetes.connected(str(sandbox_api.kubeconfig), (1.0, 3.0))
    with Attendant(sandbox_api.kubeconfig) as attendant, _zygote(sandbox_api) as zygote:
        try:
            yield Hospital(cluster, attendant, zygote)
        finally:
            zygote.kill()


def _zygote(sandbox: Sandbox) -> subprocess.Popen[str]:
    database = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "KUBECONFIG": str(sandbox.kubeconfig),
        "LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killed.life"],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("story", "winner"), [("take-over", "v2"), ("roll-back", "v1")])
@pytest.mark.timeout(1200)
def test_it_ends_right_wherever_it_was_killed(hospital: Hospital, story: str, winner: str) -> None:
    unharmed = hospital.begin(story, 0)
    told = hospital.live(unharmed, story)
    assert told["code"] == 0
    it_ended_right(hospital, unharmed, winner)
    points = list(dict.fromkeys(told["passed"]))
    if story == "roll-back":
        # Until its first deed it is the same release as the other one's.
        points = points[next(i for i, each in enumerate(points) if "commit of short_transaction" in each) :]
    for number, point in enumerate(points, start=1):
        began = time.monotonic()
        release = hospital.begin(story, number)
        killed = hospital.live(release, story, at=point)
        assert killed["signal"] == 9, f"never came to: {point}"
        assert hospital.live(release, story)["code"] == 0, point
        it_ended_right(hospital, release, winner)
        hospital.times.append(time.monotonic() - began)
    mean = sum(hospital.times) / len(points)
    print(f"\n{story}: {len(points)} points, {mean:.1f} s each, the slowest {max(hospital.times):.1f} s")


def it_ended_right(hospital: Hospital, release: Release, winner: str) -> None:
    release.refresh_from_db()
    release.target.refresh_from_db()
    namespace = release.target.project.namespace
    assert (release.phase, release.target.stable) == (Phase.FINISHED, winner)
    running = [each["metadata"]["name"] for each in hospital.cluster.list("Deployment", namespace)]
    assert running == [f"reviews-{winner}"] or winner == "v2"
    assert hospital.cluster.list("VirtualService", namespace) == []
    assert hospital.cluster.list("DestinationRule", namespace) == []
    each_change_is_told_once(hospital, release, namespace)


def each_change_is_told_once(hospital: Hospital, release: Release, namespace: str) -> None:
    """Compare what the API server's watch said with the events."""
    told: dict[str, list[str]] = {}
    deletes: dict[str, list[str]] = {}
    for event in Event.objects.filter(target=release.target_id, kind="write").order_by("id"):
        told.setdefault(str(event.op), []).append(event.outcome)
        if event.outcome == "attempt" and event.data["verb"] == "delete":
            deletes.setdefault(event.data["uid"], []).append(str(event.op))
    until(lambda: len(_done(told)) == len(_ours(hospital, namespace)), "the watch and the events differ")
    for old, new in _ours(hospital, namespace):
        if new is not None:
            assert told[marks.notes(new)[marks.OP]] == ["attempt", "done"]
            assert "grayrelease" in {each["manager"] for each in new["metadata"]["managedFields"]}
        elif old is not None:
            done = [op for op in deletes[old["metadata"]["uid"]] if told[op] == ["attempt", "done"]]
            assert len(done) == 1


def _done(told: dict[str, list[str]]) -> list[str]:
    return [op for op, outcomes in told.items() if outcomes[-1] == "done"]


def _ours(hospital: Hospital, namespace: str) -> list[tuple[Any, Any]]:
    """Changes of a spec, and deletions: nobody else makes any here."""
    return [
        (old, new)
        for old, new in hospital.attendant.of(namespace)
        if new is None
        or (old is None and marks.OP in marks.notes(new))
        or (old and old["spec"] != new["spec"])
    ]


def _project(namespace: str) -> Project:
    return make_project(name=namespace, namespace=namespace)


def _ready(cluster: Cluster, namespace: str) -> bool:
    slices = cluster.list("EndpointSlice", namespace)
    return any(each["conditions"].get("ready") for one in slices for each in one.get("endpoints") or [])


def until(condition: Any, otherwise: str, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.01)
