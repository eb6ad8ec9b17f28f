"""What many targets cost: a sweep of 1,000 idle ones in 50 projects, and a run with 1, 5 and 20 releases.

A program of its own, in the dashboard's environment, at a real API server without controllers or nodes: the
objects are written as releases in the middle of their way leave them. Prints its figures as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings

from grayrelease import cluster as clusters
from grayrelease.cluster.memory import Memory
from grayrelease.cluster.runs import run_pods
from grayrelease.domain import bookinfo, lifecycle, marks, revision
from grayrelease.domain.named import Name
from grayrelease.domain.plan import Candidate, Exposure, Manifest, Plan, Stable, Step, Subject
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.effect import own
from grayrelease.domain.routing.expand import expand
from grayrelease.domain.routing.rules import own_rule
from grayrelease.domain.routing.subsets import with_subsets
from grayrelease.models import Installation, Project, Release, Target
from grayrelease.reconcile import Outcome, comparing, gather, reconcile, store, sweeping
from grayrelease.reconcile.lease import Lease, new_owner, take
from tests.bench.figures import Figure
from tests.story.api import APPS, ISTIO, Api
from tests.world import person

PROJECTS, EACH, SWEEPS, RUNS = 50, 20, 5, 30
SHARE = 20
"""Per mille, so that twenty releases have room."""
CORE, DISCOVERY = "/api/v1", "/apis/discovery.k8s.io/v1"
PLACES = {
    "Namespace": (CORE, ""),
    "Service": (CORE, "services"),
    "Deployment": (APPS, "deployments"),
    "Pod": (CORE, "pods"),
    "EndpointSlice": (DISCOVERY, "endpointslices"),
    "VirtualService": (ISTIO, "virtualservices"),
    "DestinationRule": (ISTIO, "destinationrules"),
}


class Counting:
    """A cluster that counts what it is asked."""

    def __init__(self, cluster: Any) -> None:
        self.cluster, self.calls = cluster, 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(self.cluster, name)


def running(namespace: str, service: str, versions: Sequence[str], installation: str) -> Memory:
    """Return a cluster in memory in which a service's versions run, those after the first by our hand."""
    told = json.dumps([each for each in bookinfo.manifests(namespace) if _is_of_reviews(each)])
    memory = Memory()
    memory.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for each in json.loads(told.replace("reviews", service)):
        if each["kind"] != "Deployment":
            memory.seed(each)
            continue
        for version in versions:
            made = json.loads(json.dumps(each).replace('"v1"', f'"{version}"'))
            made["metadata"]["name"] = f"{service}-{version}"
            ours = version != versions[0]
            memory.seed(marks.marked(made, installation, 1, made=True) if ours else made)
            run_pods(memory, namespace, made["metadata"]["name"])
    return memory


def _is_of_reviews(manifest: Manifest) -> bool:
    return bool(manifest["metadata"]["name"].startswith("reviews") and manifest["kind"] in PLACES)


def begin(project: Project, service: str, brought: int) -> Target:
    """Have a service with so many releases in the cluster and in the database, none looked at yet."""
    api, installation = Api(Path(settings.KUBECONFIG), project.namespace), str(Installation.current().uid)
    versions = [f"v{number}" for number in range(1, brought + 2)]
    memory = running(project.namespace, service, versions, installation)
    posted = {
        kind: [_post(api, kind, each) for each in memory.list(kind, project.namespace)] for kind in KINDS
    }
    uid = posted["Service"][0]["metadata"]["uid"]
    target = Target.objects.create(
        project=project, service=service, uid=uid, stable="v1", generation=1, carried_generation=1
    )
    releases = [_release(target, version, posted["Deployment"]) for version in versions[1:]]
    for each in _routes(target, releases):
        _post(api, each["kind"], marks.marked(each, installation, 1, made=True))
    return target


KINDS = ("Service", "Deployment", "Pod", "EndpointSlice")


def _post(api: Api, kind: str, manifest: Manifest) -> Manifest:
    """Write an object with its status."""
    given = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in given}
    made = api.post(*PLACES[kind], {**manifest, "metadata": metadata})
    if kind == "Pod":
        api.merge(*PLACES[kind], f"{metadata['name']}/status", {"status": manifest["status"]})
    return made


def _release(target: Target, version: str, deployments: Sequence[Manifest]) -> Release:
    workload = f"{target.service}-{version}"
    made = next(each for each in deployments if each["metadata"]["name"] == workload)
    plan = Plan(
        mode="canary",
        name=workload,
        application="bookinfo",
        subject=Subject(
            namespace=target.project.namespace, service=target.service, uid=target.uid, port=9080
        ),
        stable=Stable(version="v1", workload=f"{target.service}-v1"),
        candidate=Candidate(version=version, workload=workload, replicas=1, manifest=made),
        steps=(Step(exposure=Exposure(share=SHARE)),),
        base="",
    )
    text = revision.freeze(plan)
    return Release.objects.create(
        target=target,
        name=workload,
        plan=text,
        revision=revision.revision(text),
        candidate=version,
        stable="v1",
        mode="canary",
        share=SHARE,
        created_by=person("operator"),
    )


def _routes(target: Target, releases: Sequence[Release]) -> tuple[Manifest, Manifest]:
    name = Name(target.service, target.project.namespace)
    exposing = [Exposing(each.pk, each.candidate, Exposure(share=SHARE)) for each in releases]
    subsets = with_subsets(own_rule(name), ["v1", *(each.candidate for each in releases)])
    return expand(own(name.namespace, name.service), name, "v1", exposing), subsets


def carry(project: Project) -> None:
    """Store what a run of each of a project's targets leaves, by one snapshot of the cluster."""
    snapshot, installation = comparing.Shared().read(project), str(Installation.current().uid)
    for _ in range(2):  # the second one sees that it has settled
        for target in comparing.targets(project.targets.values_list("pk", flat=True)):
            releases = {each.pk: each for each in target.releases.live().order_by("id")}
            seen = gather.seen(snapshot.of(target.service), {}, target.now)
            intent = target.intent(releases.values(), installation)
            decision = lifecycle.decide(intent, seen, target.remembered())
            assert not decision.writes, decision.writes
            owner = new_owner()
            take(Target, target.pk, owner)
            lease = Lease(Target, target.pk, owner, {"generation": target.generation})
            store.carried(lease, target, releases, decision, gather.observed(seen, project.namespace))


def project(name: str) -> Project:
    api = Api(Path(settings.KUBECONFIG), name)
    api.session.post(f"{api.server}{CORE}/namespaces", json={"metadata": {"name": name}}, timeout=5)
    return Project.objects.create(name=name, namespace=name, settle_s=0, drain_s=0)


def runs(figures: dict[str, Figure]) -> None:
    """Time a run that has nothing to do, by how many releases its target has."""
    for brought in (1, 5, 20):
        made = project(f"with-{brought}")
        target = begin(made, "reviews", brought)
        carry(made)
        figure = figures[f"run_with_{brought}_ms"] = Figure()
        for _ in range(RUNS):
            with figure.measured():
                assert reconcile(target.pk) == Outcome.DONE
        assert Target.objects.filter(pk=target.pk, waiting=False, error="").exists()


def sweeps(figures: dict[str, Figure]) -> dict[str, int]:
    """Time sweeps that find nothing to do, and count what each asks the cluster."""
    projects = [project(f"shop-{number}") for number in range(PROJECTS)]
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(begin, each, f"service-{at}", 1) for each in projects for at in range(EACH)]
        assert all(each.result() for each in made)
    for each in projects:
        carry(each)
    figure = figures["sweep_1000_ms"] = Figure()
    counting = Counting(clusters.connect())
    with clusters.use(counting):
        for _ in range(SWEEPS):
            Target.objects.update(looked_at=None)
            with figure.measured():
                assert sweeping.due() == []
        assert not Target.objects.filter(looked_at=None).exists()
    return {"sweep_1000_calls": counting.calls // SWEEPS, "targets": Target.objects.count()}


def main() -> None:
    figures: dict[str, Figure] = {}
    runs(figures)
    counts = sweeps(figures)
    print(json.dumps({**{name: figure.as_json() for name, figure in figures.items()}, **counts}))
