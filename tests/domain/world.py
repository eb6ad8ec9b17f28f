"""A target in a pure world: a clock, objects, a slow kubelet, and an API server's preconditions."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from grayrelease.domain import marks
from grayrelease.domain.lifecycle import decide
from grayrelease.domain.plan import Exposure, Manifest
from grayrelease.domain.state import (
    Create,
    Decision,
    Delete,
    Goal,
    Key,
    Memory,
    ReleaseIntent,
    Seen,
    TargetIntent,
    Write,
    Written,
)
from grayrelease.domain.traffic import Traffic
from tests.domain.manifests import US, V1, deployment, plan, service

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Stale(Exception):
    """409."""


@dataclass
class World:
    """All of one target; `settle_s` and `drain_s` in seconds as in the intent."""

    settle_s: float = 2
    drain_s: float = 3
    stable_pods: int = 1
    replicas: int = 1
    prompt: bool = True
    """Pods become ready by themselves at the next tick."""
    now: datetime = START
    generation: int = 1
    decided: int = 0
    memory: Memory = field(default_factory=Memory)
    objects: dict[Key, Manifest] = field(default_factory=dict)
    pods: dict[str, Manifest] = field(default_factory=dict)
    written: dict[Key, Written] = field(default_factory=dict)
    changed: dict[Key, datetime] = field(default_factory=dict)
    """When each object's content really changed last."""
    ready_since: dict[str, datetime] = field(default_factory=dict)
    requested: dict[str, datetime] = field(default_factory=dict)
    log: list[Write] = field(default_factory=list)
    traffic: Traffic | None = None
    traffic_error: str = "refused"
    version: int = 0
    release: ReleaseIntent = field(init=False)
    stable: str = "v1"
    uid: str = "uid-reviews"
    finished: bool = False

    def __post_init__(self) -> None:
        self.release = ReleaseIntent(7, plan(replicas=self.replicas), Goal.RUN, Exposure(share=200))
        self.put(V1, deployment("v1", self.stable_pods))
        self.controllers()
        for pod in list(self.pods):
            self.set_ready(pod, True)

    def versions(self) -> set[str]:
        """The versions that the EndpointSlice names."""
        return {pod["metadata"]["labels"]["version"] for pod in self.pods.values()}

    def wanted(self) -> int:
        """The candidate's share that people want now."""
        return self.release.wanted.everyone

    def last_request(self, version: str) -> datetime:
        """When a version was last sent a request by its callers, whose routes lag behind."""
        return self.requested.get(version, START - timedelta(hours=1))

    def intent(self) -> TargetIntent:
        releases = () if self.finished else (self.release,)
        return TargetIntent(
            "demo",
            "reviews",
            "uid-reviews",
            US,
            self.generation,
            self.stable,
            self.settle_s,
            self.drain_s,
            releases,
            decided=self.decided,
        )

    def deed(
        self,
        goal: Goal,
        share: int = 0,
        winner: str = "",
        *,
        delete_loser: bool = False,
        decides: bool = False,
    ) -> None:
        """`decides`: done while somebody's edit was shown, so that it says what becomes of that."""
        self.generation += 1
        if decides or goal == Goal.ROLL_BACK:
            self.decided = self.generation
        exposure = Exposure(share=share)
        self.release = replace(
            self.release, goal=goal, exposure=exposure, winner=winner, delete_loser=delete_loser
        )

    def scale(self, key: Key, replicas: int) -> None:
        """Somebody scales a Deployment, if it's there."""
        if key in self.objects:
            found = self.objects[key]
            self.put(key, {**found, "spec": {**found["spec"], "replicas": replicas}})

    def put(self, key: Key, manifest: Manifest) -> None:
        self.version += 1
        before = self.objects.get(key)
        new = deepcopy(manifest)
        metadata = new["metadata"]
        metadata["uid"] = before["metadata"]["uid"] if before else f"uid-{self.version}"
        metadata["resourceVersion"] = str(self.version)
        generation = before["metadata"]["generation"] if before else 0
        fresh = before is None or before["spec"] != new["spec"]
        metadata["generation"] = generation + fresh
        self.objects[key] = new
        if fresh:
            self.changed[key] = self.now

    def drop(self, key: Key) -> None:
        self.version += 1
        self.changed[key] = self.now
        del self.objects[key]

    def tick(self, seconds: float = 1.0) -> None:
        self.now += timedelta(seconds=seconds)
        self.controllers()
        if self.prompt:
            for pod in list(self.pods):
                self.set_ready(pod, True)

    def controllers(self) -> None:
        """Make and remove pods as the Deployments say."""
        wanted = {}
        for key, found in self.objects.items():
            if key.kind == "Deployment":
                for i in range(found["spec"]["replicas"]):
                    wanted[f"{key.name}-{i}"] = found["spec"]["template"]["metadata"]["labels"]
        for name in set(self.pods) - set(wanted):
            del self.pods[name]
            self.ready_since.pop(name, None)
        for name, labels in wanted.items():
            if name not in self.pods:
                self.pods[name] = {"metadata": {"name": name, "namespace": "demo", "labels": labels}}

    def set_ready(self, pod: str, ready: bool) -> None:
        if pod not in self.pods:
            return
        was = pod in self.ready_since
        if ready and not was:
            self.ready_since[pod] = self.now
        if was and not ready:
            del self.ready_since[pod]

    def ready(self, version: str, seconds: float = 0.0) -> int:
        """Pods of a version that have been ready for so long."""
        since = self.now - timedelta(seconds=seconds)
        return sum(
            1
            for pod, at in self.ready_since.items()
            if self.pods[pod]["metadata"]["labels"]["version"] == version and at <= since
        )

    def seen(self) -> Seen:
        def of(kind: str) -> tuple[Manifest, ...]:
            return tuple(deepcopy(m) for key, m in sorted(self.objects.items(), key=str) if key.kind == kind)

        pods = tuple(self.as_seen(pod) for pod in self.pods.values())
        return Seen(
            now=self.now,
            service=service(self.uid),
            deployments=of("Deployment"),
            pods=pods,
            slices=(self.slice(),),
            virtual_services=of("VirtualService"),
            destination_rules=of("DestinationRule"),
            written=dict(self.written),
            traffic=self.traffic,
            traffic_error="" if self.traffic else self.traffic_error,
        )

    def as_seen(self, pod: Manifest) -> Manifest:
        """A pod with the status that kubelet gives it."""
        since = self.ready_since.get(pod["metadata"]["name"])
        ready = {"type": "Ready", "status": "True" if since else "False", "lastTransitionTime": str(since)}
        status = {"containerStatuses": pod.get("container_statuses", []), "conditions": [ready]}
        return {**pod, "status": status}

    def slice(self) -> Manifest:
        return {
            "metadata": {
                "name": "reviews-x",
                "namespace": "demo",
                "labels": {"kubernetes.io/service-name": "reviews"},
            },
            "endpoints": [
                {
                    "conditions": {"ready": name in self.ready_since},
                    "targetRef": {"kind": "Pod", "name": name},
                }
                for name in self.pods
            ],
        }

    def decide(self) -> Decision:
        return decide(self.intent(), self.seen(), self.memory)

    def run(self) -> Decision:
        """One whole run: decide, write all, remember."""
        decision = self.decide()
        for write in decision.writes:
            self.apply(write)
        self.remember(decision)
        return decision

    def remember(self, decision: Decision) -> None:
        self.memory = decision.memory
        for fall in decision.falls.values():
            self.deed(Goal.RUN, fall.exposure.share)
            self.release = replace(self.release, held=fall.reason)
        if decision.freed:
            self.finished = True
            self.stable = decision.new_stable or self.stable

    def apply(self, write: Write) -> None:
        """Do a write as the API server would: raises Stale on a failed precondition."""
        present = self.objects.get(write.key)
        if isinstance(write, Create):
            if present is not None:
                raise Stale
            self._write(write.key, write.manifest)
        elif present is None:
            raise Stale
        elif isinstance(write, Delete):
            there = present["metadata"]
            if (write.uid, write.resource_version) != (there["uid"], there["resourceVersion"]):
                raise Stale
            self.drop(write.key)
            self.written[write.key] = Written(f"op-{self.version}", self.now)
        else:
            metadata: Any = write.manifest["metadata"]
            if metadata["resourceVersion"] != present["metadata"]["resourceVersion"]:
                raise Stale
            self._write(write.key, write.manifest)
        self.log.append(write)

    def _write(self, key: Key, manifest: Manifest) -> None:
        op = f"op-{self.version + 1}"
        annotated = deepcopy(manifest)
        annotated["metadata"].setdefault("annotations", {})[marks.OP] = op
        self.put(key, annotated)
        self.written[key] = Written(op, self.now)
