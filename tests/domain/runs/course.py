"""A target of which everything is remembered: pods that come and go, lists of a moment ago, lost answers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from grayrelease.cluster.memory import Memory as Cluster
from grayrelease.domain import marks, stand
from grayrelease.domain.plan import NOBODY, Manifest
from grayrelease.domain.state import (
    OVER,
    Decision,
    Delete,
    Goal,
    Key,
    Memory,
    Phase,
    Reason,
    Seen,
    Status,
    Write,
    Written,
)
from tests.domain.pair import KINDS, READY_AFTER_S, START, Pair
from tests.domain.runs import kubelet, raw
from tests.domain.runs.kubelet import HERE, Pod
from tests.domain.runs.raw import Objects


@dataclass(frozen=True)
class Listed:
    """What lists gave at a moment."""

    at: datetime
    objects: Objects
    pods: Mapping[str, Pod]


@dataclass
class Course(Pair):
    """`users`: users' route objects as these have them now, without anything of ours."""

    users: dict[Key, Manifest] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    """Workloads of which no new pod becomes ready."""
    before: Listed | None = None
    """What was there before the last write of ours or somebody's edit."""
    unanswered: tuple[Key, ...] = ()
    """Writes of which it isn't known whether they were done."""
    routed: datetime = START
    """When we changed a route to the service last."""
    others_rule: bool = False
    """Somebody else changed a DestinationRule last."""
    ending: bool = False
    """Somebody asked to finish, so that a winner may have got a subset of its own."""
    moved: bool = False
    """Another version has been stable since."""
    uid: str = ""
    """The Service's when its first release began."""

    # What a run reads

    def listed(self) -> Listed:
        return Listed(self.now, dict(self.cluster._objects), dict(self.pods))

    def seen(self, listed: Listed | None = None, routes: Listed | None = None) -> Seen:
        """Return what lists of now give, or those of another moment; `routes` are read apart."""
        then = listed or self.listed()
        of = {kind: tuple(raw.of_kind(then.objects, kind)) for kind in KINDS}
        anew = routes or then
        return Seen(
            now=self.now,
            service=then.objects.get(("Service", HERE, "reviews")),
            deployments=of["Deployment"],
            pods=of["Pod"],
            slices=of["EndpointSlice"],
            virtual_services=tuple(raw.of_kind(anew.objects, "VirtualService")),
            destination_rules=tuple(raw.of_kind(anew.objects, "DestinationRule")),
            gateways=of["Gateway"],
            written=dict(self.written),
            traffic=None,
            traffic_error="not asked",
            callers_asked=True,
        )

    def service(self) -> Manifest:
        return {"metadata": {"uid": self.uid}}

    def find(self, key: Key) -> Manifest | None:
        return self.cluster._objects.get((key.kind, HERE, key.name))

    def find_service(self) -> Manifest | None:
        return self.cluster._objects.get(("Service", HERE, "reviews"))

    def find_workload(self, name: str) -> Manifest | None:
        return self.cluster._objects.get(("Deployment", HERE, name))

    def is_whole(self) -> bool:
        """Tell if a release could be begun: the Service is there, and stable runs."""
        found = self.find_service()
        there = found is not None and found["metadata"]["uid"] == self.uid
        return there and self.stable[0] in self.versions()

    def resolve(self) -> None:
        """Find out which writes of a killed run were done: they count as done now, as it isn't known when."""
        for key in self.unanswered:
            found = self.find(key)
            op = marks.notes(found).get(marks.OP, "") if found else "deleted"
            if op and (key not in self.written or self.written[key].op != op):
                self.written[key] = Written(op, self.now)
        self.unanswered = ()

    # What happens to the cluster

    def apply(self, write: Write, *, answered: bool = True) -> None:
        """Do a write as the API server would; not `answered`: nobody stores that it was done."""
        kept = dict(self.written)
        with Changing(self, ours=True):
            super().apply(write)
        if not answered:
            self.written = kept
            self.unanswered = (*self.unanswered, write.key)

    def edit(self, key: Key, change: Callable[[Manifest], None]) -> None:
        """Let somebody else change an object in place, if it's there."""
        if self.find(key) is not None:
            with Changing(self):
                self.cluster.edit(key.kind, HERE, key.name, change)
            self.let_pods_run()

    def drop(self, key: Key) -> None:
        if self.find(key) is not None:
            with Changing(self):
                self.cluster.remove(key.kind, HERE, key.name)
            self.let_pods_run()

    def put(self, manifest: Manifest) -> None:
        with Changing(self):
            self.cluster.seed(manifest)
        self.let_pods_run()

    def subsets(self) -> set[str]:
        return set(raw.subsets(self.cluster._objects))

    # Pods

    def let_pods_run(self) -> None:
        """Make, end and ripen pods as Deployments and time have it; write them with one EndpointSlice."""
        objects = self.cluster._objects
        for key in [key for key in objects if key[0] == "Pod"]:
            del objects[key]
        wanted = dict(self._wanted_pods())
        self.pods = {name: self._aged(self.pods.get(name, pod)) for name, pod in wanted.items()}
        self.ready_since = {name: pod.ready for name, pod in self.pods.items() if pod.ready}
        for name, pod in self.pods.items():
            objects["Pod", HERE, name] = kubelet.manifest(name, pod)
        if ("Service", HERE, "reviews") in objects:
            objects["EndpointSlice", HERE, "reviews-slice"] = kubelet.endpoints(self.pods)
        else:
            objects.pop(("EndpointSlice", HERE, "reviews-slice"), None)
        self.alone_since = (self.alone_since or self.now) if len(self.versions()) <= 1 else None

    def _wanted_pods(self) -> Iterable[tuple[str, Pod]]:
        for each in raw.of_kind(self.cluster._objects, "Deployment"):
            name, uid = marks.name(each), each["metadata"]["uid"]
            labels = each["spec"]["template"]["metadata"]["labels"]
            for number in range(each["spec"].get("replicas", 1)):
                yield f"{name}-{uid[-4:]}-{number}", Pod(name, labels, self.now)

    def _aged(self, pod: Pod) -> Pod:
        if pod.broken or pod.workload in self.failing:
            return pod
        ripe = self.now - pod.born >= timedelta(seconds=READY_AFTER_S)
        return replace(pod, ready=pod.ready or (self.now if ripe else None))

    def tick(self, seconds: float = 1.0) -> None:
        self.now += timedelta(seconds=seconds)
        if any(self._aged(pod) != pod for pod in self.pods.values()):
            self.let_pods_run()

    def change_pods(self, workload: str, change: Callable[[Pod], Pod]) -> None:
        self.pods = {name: change(p) if p.workload == workload else p for name, p in self.pods.items()}
        self.let_pods_run()

    def versions(self) -> set[str]:
        """The versions that EndpointSlices name."""
        if self.find_service() is None:
            return set()
        return {pod.labels["version"] for pod in self.pods.values()}

    def ready(self, version: str) -> int:
        return kubelet.ready(self.pods, version, self.now)

    # What a run leaves

    def remember(self, decision: Decision) -> None:
        super().remember(decision)
        for pk, step in decision.advances.items():
            if pk in self.live and (then := stand.next_step(self.live[pk].plan, self.stand(pk))):
                assert then.step == step
                self.expose(pk, then)
        if decision.freed:
            self.memory = Memory()

    def _stable_changed(self, version: str) -> None:
        self.stable, self.moved = (version, f"reviews-{version}"), True
        self.generation += 1
        held = Reason("stable-changed", {"release": f"reviews-{version}", "version": version})
        for pk, each in self.live.items():
            stable = each.plan.stable.model_copy(update={"version": version, "workload": self.stable[1]})
            moved = replace(each, plan=each.plan.model_copy(update={"stable": stable}))
            if each.goal in (Goal.RUN, Goal.TAKE_OVER):
                drawn = (0,) * len(each.drawn)
                moved = replace(moved, goal=Goal.RUN, exposure=NOBODY, winner="", drawn=drawn, held=held)
            self.live[pk] = moved

    def start(self, pk: int, base: str = "") -> None:
        plan = self.plans[pk]
        stable = plan.stable.model_copy(update={"version": self.stable[0], "workload": self.stable[1]})
        self.plans[pk] = plan.model_copy(update={"stable": stable})
        super().start(pk, base)
        self.statuses = {**self.statuses, pk: Status(Phase.PREPARING, Reason("preparing"))}

    def phases(self) -> dict[int, Phase]:
        return {pk: self.statuses[pk].phase for pk in self.live if self.statuses[pk].phase not in OVER}

    def copy(self) -> Course:
        cluster = Cluster(now=lambda: START)
        cluster._objects = dict(self.cluster._objects)
        number = next(self.cluster._numbers)
        cluster._numbers = itertools.count(number)
        self.cluster._numbers = itertools.count(number)
        kept: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        copies = {name: dict(value) for name, value in kept.items() if isinstance(value, dict)}
        return Course(**{**kept, **copies, "cluster": cluster})


class Changing:
    """Notes what a change of objects changed, and when."""

    def __init__(self, course: Course, *, ours: bool = False) -> None:
        self.course, self.ours = course, ours

    def __enter__(self) -> None:
        self.before = self.course.listed()

    def __exit__(self, *error: object) -> None:
        course, now = self.course, self.course.cluster._objects
        before = self.before.objects
        changed = [key for key in {*before, *now} if before.get(key) is not now.get(key)]
        if not changed:
            return
        course.before = self.before
        for kind, _, name in changed:
            old, new = before.get((kind, HERE, name)), now.get((kind, HERE, name))
            if (old or {}).get("spec") != (new or {}).get("spec"):
                course.changed[f"{kind}/{name}"] = course.now
                if kind == "VirtualService" and self.ours:
                    course.routed = course.now
                if kind == "DestinationRule":
                    course.others_rule = not self.ours
        course.subset_since = {name: course.subset_since.get(name, course.now) for name in course.subsets()}


def is_destructive(write: Write) -> bool:
    """Tell as `reconcile.apply` does: then routes are read anew."""
    if isinstance(write, Delete):
        return True
    return write.key.kind == "Deployment" and write.manifest["spec"].get("replicas") == 0
