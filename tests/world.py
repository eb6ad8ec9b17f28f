"""Bookinfo in a cluster in memory, people with roles, and releases of reviews: for tests of the shell."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from grayrelease.cluster.interface import MANAGER, Cluster
from grayrelease.cluster.memory import Memory, Recorded
from grayrelease.cluster.runs import run_pods
from grayrelease.domain import bookinfo, marks, revision
from grayrelease.domain.plan import Candidate, Exposure, Manifest, Plan, Stable, Step, Subject
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Installation, Membership, Project, Release, Role, Target
from grayrelease.reconcile import Outcome, reconcile

NAMESPACE = "demo"
MANY_RUNS = 30


@dataclass
class World:
    """A project with Bookinfo running. `reconcile` one step at a time; pods run where `pods_run`."""

    cluster: Memory
    project: Project
    pods_run: bool = True
    outcomes: list[Outcome] = field(default_factory=list)
    start: int = 0

    def release(self, share: int = 200, service: str = "reviews", name: str = "reviews-v2") -> Release:
        """Start a release as the wizard does, without the wizard."""
        return start_release(self.project, self.cluster, share, service, name)

    def run(self, release: Release, *, rolling_back: bool = False) -> Outcome:
        """Reconcile once, and let the pods that are asked for run."""
        outcome = reconcile(release.target_id, rolling_back=rolling_back)
        self.outcomes.append(outcome)
        if self.pods_run:
            self.let_pods_run()
        release.refresh_from_db()
        return outcome

    def run_until(self, release: Release, phase: Phase, *, quiet: bool = True) -> None:
        """Reconcile until the release is in a phase, and nothing is awaited any more."""
        for _ in range(MANY_RUNS):
            self.run(release)
            release.target.refresh_from_db()
            if release.phase == phase and not (quiet and release.target.waiting):
                return
        raise AssertionError(f"{release.phase}, waiting: {release.target.waiting}, {release.status}")

    def let_pods_run(self) -> None:
        for deployment in self.cluster.list("Deployment", NAMESPACE):
            run_pods(self.cluster, NAMESPACE, deployment["metadata"]["name"])

    def weights(self, service: str = "reviews") -> dict[str, int]:
        """Return subset → weight of the routes in effect."""
        routes = self.cluster.get("VirtualService", NAMESPACE, service)["spec"]["http"][0]["route"]
        return {route["destination"]["subset"]: route["weight"] for route in routes}

    def ours(self) -> list[Recorded]:
        """Return our accepted writes since Bookinfo runs."""
        return [each for each in self.cluster.writes[self.start :] if each.manager == MANAGER]


def start_release(
    project: Project, cluster: Cluster, share: int = 200, service: str = "reviews", name: str = "reviews-v2"
) -> Release:
    """Make the rows of a release that brings v2, as the wizard's last step does."""
    plan = make_plan(cluster, project.namespace, service, name, share)
    target, _ = Target.objects.get_or_create(
        project=project, service=service, defaults={"uid": plan.subject.uid, "stable": "v1"}
    )
    Target.objects.filter(pk=target.pk).update(generation=target.generation + 1)
    text = revision.freeze(plan)
    return Release.objects.create(
        target=target,
        name=name,
        plan=text,
        revision=revision.revision(text),
        candidate="v2",
        stable="v1",
        mode="canary",
        share=share,
        created_by=person("operator"),
    )


def make_plan(cluster: Cluster, namespace: str, service: str, name: str, share: int) -> Plan:
    uid = cluster.get("Service", namespace, service)["metadata"]["uid"]
    manifest = candidate(namespace, service)
    return Plan(
        mode="canary",
        name=name,
        application="bookinfo",
        subject=Subject(namespace=namespace, service=service, uid=uid, port=9080),
        stable=Stable(version="v1", workload=f"{service}-v1"),
        candidate=Candidate(version="v2", workload=f"{service}-v2", replicas=1, manifest=manifest),
        steps=(Step(exposure=Exposure(share=share)),),
        base="",
    )


def candidate(namespace: str, service: str) -> Manifest:
    """Return a v2 of one of Bookinfo's deployments, as the wizard would freeze it."""
    manifests = bookinfo.manifests(namespace)
    stable = next(each for each in manifests if each["metadata"]["name"] == f"{service}-v1")
    copy = deepcopy(stable)
    copy["metadata"]["name"] = f"{service}-v2"
    for labels in (copy["metadata"], copy["spec"]["template"]["metadata"]):
        labels["labels"]["version"] = "v2"
    copy["spec"]["selector"]["matchLabels"]["version"] = "v2"
    copy["spec"]["template"]["spec"]["containers"][0]["image"] = (
        f"istio/examples-bookinfo-{service}-v2:1.10.1"
    )
    return copy


def person(name: str) -> User:
    return User.objects.get_or_create(username=name)[0]


def project(**columns: object) -> Project:
    """Make a project with one member for each role; `stranger` is none."""
    usual = {"name": "demo", "namespace": NAMESPACE, "settle_s": 0, "drain_s": 0}
    made = Project.objects.create(**{**usual, **columns})
    for role in Role.values:
        Membership.objects.create(project=made, user=person(role), role=role)
    person("stranger")
    return made


def bookinfo_world(cluster: Memory) -> World:
    """Have Bookinfo running, as if it had been deployed from here."""
    installation = str(Installation.current().uid)
    for manifest in bookinfo.manifests(NAMESPACE):
        cluster.seed(marks.marked(manifest, installation, 0, made=True), manager=MANAGER)
    world = World(cluster, project())
    world.let_pods_run()
    world.start = len(cluster.writes)
    return world


def ingress(service: str) -> Manifest:
    """Return what keeps a Service from being released: an Ingress that leads to it."""
    spec = {"defaultBackend": {"service": {"name": service, "port": {"number": 9080}}}}
    return {"kind": "Ingress", "metadata": {"name": "edge", "namespace": NAMESPACE}, "spec": spec}


def attempts_and_outcomes(target_id: int) -> dict[str, list[str]]:
    """Return op → what its events say, in order."""
    found: dict[str, list[str]] = {}
    for event in Event.objects.filter(target_id=target_id, kind="write").order_by("id"):
        found.setdefault(str(event.op), []).append(event.outcome)
    return found
