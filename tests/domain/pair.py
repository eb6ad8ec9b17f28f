"""Two releases of one Service on a cluster in memory: deeds, runs, a clock, pods that follow at once."""

from __future__ import annotations

import itertools
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from grayrelease.cluster.memory import Memory as Cluster
from grayrelease.cluster.runs import run_pods, run_slices
from grayrelease.domain import marks, stand
from grayrelease.domain.lifecycle import decide
from grayrelease.domain.look import Look
from grayrelease.domain.named import Name
from grayrelease.domain.plan import ALL, NOBODY, Candidate, Exposure, Manifest, Plan, Step
from grayrelease.domain.stand import Other, Stand
from grayrelease.domain.state import (
    OVER,
    Create,
    Decision,
    Delete,
    Goal,
    Key,
    Memory,
    Phase,
    ReleaseIntent,
    Seen,
    Status,
    TargetIntent,
    Write,
    Written,
)
from tests.domain.manifests import US, deployment, plan, service

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REVIEWS = Name("reviews", "demo")
SETTLE_S, DRAIN_S = 2.0, 4.0
READY_AFTER_S = 4.0
"""So long a pod takes to become ready."""
KINDS = ("VirtualService", "DestinationRule", "Gateway", "Deployment", "Pod", "EndpointSlice")


def planned(version: str, *exposures: Exposure) -> Plan:
    """Return a plan that brings a version by these steps, each of which waits for a person."""
    made = deployment(version)
    brought = Candidate(version=version, workload=f"reviews-{version}", replicas=1, manifest=made)
    steps = tuple(Step(exposure=each) for each in exposures)
    return plan().model_copy(update={"name": f"reviews-{version}", "candidate": brought, "steps": steps})


@dataclass
class Pair:
    """All of one target. `plans`: what may be started, by release id."""

    plans: dict[int, Plan]
    cluster: Cluster
    now: datetime = START
    generation: int = 0
    decided: int = 0
    stable: tuple[str, str] = ("v1", "reviews-v1")
    pinned: bool = False
    live: dict[int, ReleaseIntent] = field(default_factory=dict)
    over: dict[int, Phase] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    written: dict[Key, Written] = field(default_factory=dict)
    changed: dict[str, datetime] = field(default_factory=dict)
    ready_since: dict[str, datetime] = field(default_factory=dict)
    subset_since: dict[str, datetime] = field(default_factory=dict)
    born: dict[str, datetime] = field(default_factory=dict)
    alone_since: datetime | None = None
    """Since when one version alone is an endpoint."""
    ops: int = 0

    def intent(self) -> TargetIntent:
        live = tuple(self.live[pk] for pk in sorted(self.live))
        version, workload = self.stable
        return TargetIntent(
            namespace="demo",
            service="reviews",
            uid=self.service()["metadata"]["uid"],
            installation=US,
            generation=self.generation,
            stable=version,
            settle_s=SETTLE_S,
            drain_s=DRAIN_S,
            releases=live,
            stable_workload=workload,
            pinned=self.pinned,
            decided=self.decided,
        )

    def service(self) -> Manifest:
        return self.cluster.get("Service", "demo", "reviews")

    def seen(self) -> Seen:
        lists = {kind: tuple(self.cluster.list(kind, "")) for kind in KINDS}
        return Seen(
            now=self.now,
            service=self.service(),
            deployments=lists["Deployment"],
            pods=lists["Pod"],
            slices=lists["EndpointSlice"],
            virtual_services=lists["VirtualService"],
            destination_rules=lists["DestinationRule"],
            gateways=lists["Gateway"],
            written=dict(self.written),
            traffic=None,
            traffic_error="not asked",
        )

    def decide(self) -> Decision:
        return decide(self.intent(), self.seen(), self.memory)

    def find(self, key: Key) -> Manifest | None:
        found = self.cluster.list(key.kind, "demo")
        return next((each for each in found if marks.name(each) == key.name), None)

    def apply(self, write: Write) -> None:
        """Do a write as the API server would."""
        self.ops += 1
        op = f"op-{self.ops}"
        if isinstance(write, Delete):
            versions = {"uid": write.uid, "resource_version": write.resource_version}
            self.cluster.delete(write.key.kind, "demo", write.key.name, **versions)
        else:
            manifest = deepcopy(write.manifest)
            if marks.owner(manifest) is not None:
                manifest["metadata"]["annotations"][marks.OP] = op
            do = self.cluster.create if isinstance(write, Create) else self.cluster.replace
            do(manifest)
        self.written[write.key] = Written(op, self.now)
        self.changed[str(write.key)] = self.now
        if write.key.kind == "DestinationRule":
            self.subset_since = {name: self.subset_since.get(name, self.now) for name in self.subsets()}
        if write.key.kind == "Deployment":
            self.let_pods_run()

    def subsets(self) -> set[str]:
        rules = self.cluster.list("DestinationRule", "demo")
        return {each["name"] for rule in rules for each in rule["spec"].get("subsets") or []}

    def remember(self, decision: Decision) -> None:
        """Store what a run leaves, as the database's transaction does."""
        self.memory = decision.memory
        self.statuses = {**self.statuses, **decision.statuses}
        self.pinned = decision.pinned or (self.pinned and not decision.freed)
        for pk, fall in decision.falls.items():
            self.expose(pk, stand.moved(self.live[pk].plan, self.stand(pk), fall.exposure))
            self.live[pk] = replace(self.live[pk], held=fall.reason)
        for pk, status in decision.statuses.items():
            if status.phase in OVER:
                self.over[pk] = status.phase
        if decision.new_stable:
            self._stable_changed(decision.new_stable)
        self.live = {pk: each for pk, each in self.live.items() if pk not in self.over}

    def _stable_changed(self, version: str) -> None:
        brought = {each.candidate.version: each.candidate.workload for each in self.plans.values()}
        self.stable = (version, brought.get(version, "reviews-v1"))
        self.generation += 1
        for pk, each in self.live.items():
            if each.goal in (Goal.RUN, Goal.TAKE_OVER):
                self.live[pk] = replace(
                    each, goal=Goal.RUN, exposure=NOBODY, winner="", drawn=(0,) * len(each.drawn)
                )

    def let_pods_run(self) -> None:
        deployments = {marks.name(each) for each in self.cluster.list("Deployment", "demo")}
        self.born = {name: self.born.get(name, self.now) for name in deployments}
        ripe = {name for name, at in self.born.items() if self.now - at >= timedelta(seconds=READY_AFTER_S)}
        for name in deployments:
            run_pods(self.cluster, "demo", name, ready=name in ripe)
        for pod in self.cluster.list("Pod", "demo"):
            if not any(marks.name(pod).startswith(f"{name}-") for name in deployments):
                self.cluster.remove("Pod", "demo", marks.name(pod))
        run_slices(self.cluster, "demo")
        pods = [marks.name(pod) for pod in self.cluster.list("Pod", "demo")]
        ready = [pod for pod in pods if any(pod.startswith(f"{name}-") for name in ripe)]
        self.ready_since = {pod: self.ready_since.get(pod, self.now) for pod in ready}
        self.alone_since = (self.alone_since or self.now) if len(self.versions()) <= 1 else None

    def tick(self, seconds: float = 1.0) -> None:
        self.now += timedelta(seconds=seconds)
        if self.ready_since.keys() != {marks.name(pod) for pod in self.cluster.list("Pod", "demo")}:
            self.let_pods_run()

    def versions(self) -> set[str]:
        """The versions that the EndpointSlice names."""
        return {marks.labels(pod)["version"] for pod in self.cluster.list("Pod", "demo")}

    def ready(self, version: str) -> int:
        """Pods of a version that have been ready for the settle time."""
        since = self.now - timedelta(seconds=SETTLE_S)
        pods = self.cluster.list("Pod", "demo")
        mine = [marks.name(pod) for pod in pods if marks.labels(pod)["version"] == version]
        return sum(1 for name in mine if self.ready_since.get(name, self.now) <= since)

    def settled(self, key: Key) -> bool:
        return self.changed.get(str(key), START) <= self.now - timedelta(seconds=SETTLE_S)

    def copy(self) -> Pair:
        cluster = Cluster(now=lambda: START)
        cluster._objects = dict(self.cluster._objects)
        cluster._numbers = itertools.count(self.ops * 1000 + 1_000_000)
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        copies = {name: dict(value) for name, value in kept.items() if isinstance(value, dict)}
        return Pair(**{**kept, **copies, "cluster": cluster})

    # Deeds, as `operations` does them

    def base(self) -> str:
        """The hash of the routes as users wrote them: what a review freezes."""
        return Look(self.intent(), self.seen(), self.memory).base_digest

    def start(self, pk: int, base: str = "") -> None:
        """Start what was reviewed with these routes, or with those of now."""
        here, plan = stand.begin(self.plans[pk]), self.plans[pk]
        began = ReleaseIntent(pk, plan, Goal.RUN, here.exposure, drawn=here.drawn, base=base or self.base())
        self.live[pk] = began
        self.generation += 1
        if len(self.live) == 1 and not self.pinned:
            self.memory = Memory()

    def expose(
        self, pk: int, here: Stand, goal: Goal = Goal.RUN, winner: str = "", *, decides: bool = False
    ) -> None:
        """`decides`: done while somebody's edit was shown, so that it says what becomes of that."""
        moved = replace(self.live[pk], exposure=here.exposure, step=here.step, drawn=here.drawn)
        self.live[pk] = replace(moved, goal=goal, winner=winner)
        self.generation += 1
        if decides or goal == Goal.ROLL_BACK:
            self.decided = self.generation

    def stand(self, pk: int) -> Stand:
        each = self.live[pk]
        return Stand(each.exposure, each.step, each.drawn)

    def others(self, pk: int) -> list[Other]:
        return [Other(each.plan.name, each.wanted) for other, each in self.live.items() if other != pk]

    def end(self, pk: int, goal: Goal, *, keep_both: bool = False) -> None:
        self.live[pk] = replace(self.live[pk], goal=goal, keep_both=keep_both)
        self.generation += 1


ALL_TRAFFIC = Exposure(share=ALL)


def pair(plans: dict[int, Plan], *objects: Manifest) -> Pair:
    """Return a world in which reviews v1 runs, with these route objects of its users."""
    cluster = Cluster(now=lambda: START)
    known = {**service(), "apiVersion": "v1", "kind": "Service"}
    del known["metadata"]["uid"]
    cluster.seed(known, deployment("v1"), *objects)
    world = Pair(plans, cluster)
    world.let_pods_run()
    world.tick(60)
    world.tick(60)
    return world
