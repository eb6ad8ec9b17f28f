"""Rows to look at: people, a project, releases in every state. For page tests, screenshots and the bench."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.models import User

from grayrelease.domain import revision
from grayrelease.domain.plan import Candidate, Exposure, Plan, Stable, Step, Subject
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Application, Event, Inventory, Membership, Project, Release, Target

ROLES = ("viewer", "operator", "lead", "admin")
IMAGE = "kubesphere/examples-bookinfo-{}-{}:1.16.2"


def people(project: Project) -> dict[str, User]:
    """Make a person per role, and `stranger`, who is in no project. All have the password `demo`."""
    made = {name: User.objects.create_user(name, password="demo") for name in (*ROLES, "stranger")}
    rows = [Membership(project=project, user=made[role], role=role) for role in ROLES]
    Membership.objects.bulk_create(rows)
    return made


def project(name: str = "demo") -> Project:
    return Project.objects.create(name=name, cluster="sandbox", namespace=name, settle_s=1, drain_s=2)


def target(project: Project, service: str = "reviews", **columns: Any) -> Target:
    defaults = {"uid": f"uid-{service}", "application": "bookinfo", "stable": "v1", "generation": 1}
    return Target.objects.create(
        project=project, service=service, **{**defaults, "carried_generation": 1, **columns}
    )


def plan(service: str, version: str, stable: str = "v1", share: int = 200) -> Plan:
    workload = f"{service}-{version}"
    return Plan(
        mode="canary",
        name=workload,
        application="bookinfo",
        subject=Subject(namespace="demo", service=service, uid=f"uid-{service}", port=9080),
        stable=Stable(version=stable, workload=f"{service}-{stable}"),
        candidate=Candidate(
            version=version, workload=workload, replicas=2, manifest=deployment(service, version)
        ),
        steps=(Step(exposure=Exposure(share=share)),),
        base="0" * 64,
    )


def deployment(service: str, version: str) -> dict[str, Any]:
    labels = {"app": service, "version": version}
    container = {"name": service, "image": IMAGE.format(service, version), "env": []}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{service}-{version}", "namespace": "demo", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def release(target: Target, person: User, version: str = "v2", **columns: Any) -> Release:
    """Make a release that runs at 20 %, unless columns say otherwise."""
    text = revision.freeze(plan(target.service, version, target.stable))
    facts: dict[str, Any] = {"version": version, "stable": target.stable}
    defaults: dict[str, Any] = {
        "name": f"{target.service}-{version}",
        "plan": text,
        "revision": revision.revision(text),
        "candidate": version,
        "stable": target.stable,
        "mode": "canary",
        "goal": Goal.RUN,
        "share": 200,
        "share_in_effect": 200,
        "phase": Phase.RUNNING,
        "status": {
            "now": ["running", {**facts, "share": 200}],
            "waits": None,
            "next": ["person-moves", {"version": version}],
        },
        "created_by": person,
    }
    return Release.objects.create(target=target, **{**defaults, **columns})


def verified(target: Target, release: Release, share: int = 200) -> None:
    """Let the last run have seen two ready pods of each version and the share in the traffic."""
    now = datetime.now(UTC)
    target.observed = {
        "versions": [version(target.service, v) for v in (release.candidate, release.stable)],
        "routes": [],
    }
    target.observed_at = now
    target.memory["exposed"] = {
        **target.memory.get("exposed", {}),
        str(release.pk): {
            "share": share,
            "before": 0,
            "at": (now - timedelta(seconds=90)).isoformat(),
            "verified_at": (now - timedelta(seconds=88.2)).isoformat(),
            "how": "observed",
            "observed": share - 6,
            "low": share - 21,
            "high": share + 10,
            "requests": 1842,
        },
    }
    target.save()


def version(service: str, name: str, ready: int = 2, **trouble: str) -> dict[str, Any]:
    """Return a version as a run stores it: two pods, of which `ready` are; trouble: reason, message."""
    pods = [_listed_pod(service, name, tail, **trouble) for tail in ("k2xmz", "t8wqv")]
    well = [_listed_pod(service, name, tail) for tail in ("k2xmz", "t8wqv")][:ready]
    work = _workload(service, name, replicas=2, ready=ready)
    work["images"] = [IMAGE.format(service, name)]
    return {
        "version": name,
        "endpoints": ready,
        "workloads": [work],
        "pods": [*well, *pods[ready:]],
        "left_out": 0,
    }


def event(release: Release, kind: str, person: User | None, **columns: Any) -> Event:
    target = release.target
    columns.setdefault("at", datetime.now(UTC))
    return Event.objects.create(
        project=target.project, target=target, release=release, kind=kind, actor=person, **columns
    )


def many_releases(project: Project, person: User, count: int = 1000) -> None:
    """Make a long list: releases of ten services, most of them over."""
    targets = [target(project, f"service-{number}") for number in range(10)]
    made = [_numbered(targets[number % 10], person, number) for number in range(count)]
    Release.objects.bulk_create(made)


@cache  # several tests make the same thousand
def _frozen(service: str, version: str) -> str:
    return revision.freeze(plan(service, version))


def _numbered(target: Target, person: User, number: int) -> Release:
    text = _frozen(target.service, f"v{number}")
    live = number % 25 == 0
    facts: dict[str, Any] = {"version": f"v{number}", "stable": "v1", "share": 200, "loser": "v1"}
    return Release(
        target=target,
        name=f"release-{number}",
        plan=text,
        revision=revision.revision(text),
        candidate=f"v{number}",
        stable="v1",
        mode="canary",
        share=200,
        share_in_effect=200 if live else 0,
        phase=Phase.RUNNING if live else Phase.FINISHED,
        status={
            "now": ["running" if live else "finished", facts],
            "waits": None,
            "next": ["person-moves", {"version": f"v{number}"}] if live else None,
        },
        created_by=person,
    )


def bookinfo(project: Project, person: User) -> Application:
    """Make the sample application, and what the driver saw of it: details is not ready yet."""
    services = ("details", "productpage", "ratings", "reviews")
    Inventory.objects.create(
        project=project,
        count=1,
        taken_at=datetime.now(UTC),
        data={
            "services": [_service(each) for each in services],
            "workloads": [_workload(each, ready=int(each != "details")) for each in services],
            "pods": [_listed_pod(each, reason=NOT_PULLED if each == "details" else "") for each in services],
            "routes": [ROUTE],
            "left_out": {"services": 0, "workloads": 0, "pods": 0, "routes": 0},
        },
    )
    return Application.objects.create(
        project=project,
        name="bookinfo",
        manifests=[],
        created_by=person,
        created_in_cluster_at=datetime.now(UTC),
        waiting=False,
    )


NOT_PULLED = "ImagePullBackOff"
ROUTE: dict[str, Any] = {
    "kind": "VirtualService",
    "name": "bookinfo",
    "application": "bookinfo",
    "hosts": ["productpage.bookinfo.localhost"],
    "gateways": ["bookinfo"],
    "rules": [
        {
            "paths": ["/"],
            "to": [{"service": "productpage", "subset": "", "port": 9080, "weight": None}],
        }
    ],
    "ours": False,
}


NAMED: dict[str, Any] = {
    "reason": ["other-entrance", {"object": "Ingress/bookinfo", "host": "productpage"}],
    "remedy": ["use-virtual-service", {"object": "Ingress/bookinfo"}],
}


def _service(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "uid": f"uid-{name}",
        "application": "bookinfo",
        "type": "ClusterIP",
        "selector": {"app": name, "app.kubernetes.io/name": "bookinfo"},
        "ports": [{"name": "http-web", "port": 9080}],
        "versions": {"v1": 1} if name != "details" else {},
        "endpoints": 1,
        "refusals": [NAMED] if name == "productpage" else [],
    }


def _workload(service: str, version: str = "v1", *, replicas: int = 1, ready: int = 1) -> dict[str, Any]:
    return {
        "name": f"{service}-{version}",
        "kind": "Deployment",
        "application": "bookinfo",
        "app": service,
        "version": version,
        "images": [f"istio/examples-bookinfo-{service}-{version}:1.10.1"],
        "replicas": replicas,
        "ready": ready,
        "state": "ready" if ready >= replicas else "not-ready",
        "reason": "",
        "message": "",
    }


def _listed_pod(
    service: str, version: str = "v1", tail: str = "9hjrc", *, reason: str = "", message: str = ""
) -> dict[str, Any]:
    return {
        "name": f"{service}-{version}-7d8c5b96f4-{tail}",
        "application": "bookinfo",
        "app": service,
        "version": version,
        "state": reason or "Running",
        "ready": int(not reason),
        "containers": 1,
        "restarts": 0,
        "reason": reason,
        "message": message,
        "since": "",
    }
