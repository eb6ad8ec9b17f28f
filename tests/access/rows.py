"""A project in which every page has something to show: releases in each state, a draft, charts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.test import Client

from grayrelease.cluster.memory import Memory
from grayrelease.domain import preflight
from grayrelease.domain.handing import Source
from grayrelease.domain.state import Goal, Phase
from grayrelease.metrics.interface import Chart, ProjectTraffic, Series, ServiceTraffic
from grayrelease.metrics.memory import Memory as MetricsMemory
from grayrelease.models import Application, Draft, Membership, Project, Release
from grayrelease.reconcile import inventory
from tests import seed, strategies
from tests.world import bookinfo_world, person

STEP_S, STEPS = 15, 60
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "basic": {"name": "reviews-v2"},
    "service": {"service": "reviews"},
    "version": {"version": "v5", "image": "istio/examples-bookinfo-reviews-v2:1.16.2", "replicas": "2"},
    "policy": {"share": "20"},
}
"""What is typed into the wizard's steps."""

Fields = Mapping[str, str | list[str]]
STEPPED: Fields = {
    "then": "steps",
    "s_who": ["audience", "everyone", "everyone"],
    "s_share": ["100", "50", "100"],
    "s_gate": ["person", "time", "person"],
    "s_minutes": ["", "15", ""],
}
CERTAIN: Fields = {
    "c_group": ["0", "0", "1", "1"],
    "c_on": ["cookie", "system", "header", "url"],
    "c_name": ["user", "", "x-env", ""],
    "c_how": ["exact", "exact", "regex", "prefix"],
    "c_values": ["jason\neve", "", "beta.*", "/reviews"],
    "c_system": ["1:windows", "1:macos"],
}
SPOILT: Fields = {
    **CERTAIN,
    "c_name": ["user name", "", "x-env", ""],
    "c_values": ["jason", "", "(?=beta)", "reviews"],
    "s_share": ["10", "150", ""],
    "s_gate": ["person", "time", "person"],
    "s_minutes": ["", "soon", ""],
}
POLICIES: Mapping[str, tuple[str, Fields]] = {
    "request": ("canary", {**STEPPED, **CERTAIN, "first": "audience", "part": "20"}),
    "typing": ("canary", {"first": "share", "share": "20"}),
    "typing_plainly": ("canary", {"first": "share", "share": "20"}),
    "following": ("canary", {"first": "share", "share": "20"}),
    "request_wrong": ("canary", {**STEPPED, **SPOILT, "first": "audience", "part": "20"}),
    "steps": ("canary", {**STEPPED, "s_share": ["20", "50", "100"], "first": "share", "share": "5"}),
    "blue_green": ("blue-green", {**CERTAIN, "preview": "1", "gate": "time", "minutes": "30"}),
    "mirror": ("mirror", {**STEPPED, "s_share": ["5", "50", "100"], "share": "50", "get_only": "1"}),
    "mirror_elsewhere": ("mirror", {"share": "100"}),
}
"""Drafts of every kind: the mode, and what is typed as its traffic policy."""


def fill(cluster: Memory) -> dict[str, int | str]:
    """Make the rows. Returns what addresses are made of: a release's key by its state, and
    those of drafts: `draft`, and one to spoil for each step, `wrong_basic` and so on.
    """
    project = _bookinfo(cluster)
    Membership.objects.create(
        project=Project.objects.create(name="empty", namespace="empty"), user=person("admin"), role="admin"
    )
    drafts = _drafts("draft", *(f"wrong_{step}" for step in ANSWERS))
    for name, (mode, policy) in POLICIES.items():
        drafts[name] = _drafted(mode, policy, elsewhere=name == "mirror_elsewhere")
    made = {name: make(project, person("operator")).pk for name, make in strategies.ALL_OF_THEM.items()}
    return {**drafts, **made, **{state: make(project).pk for state, make in STATES.items()}}


def _bookinfo(cluster: Memory) -> Project:
    world = bookinfo_world(cluster)
    for pod in cluster.list("Pod", "demo"):
        pod["metadata"].setdefault("annotations", {})[preflight.SIDECAR] = "{}"
        cluster.replace(pod)
    inventory.refresh(world.project.pk)
    Application.objects.create(
        project=world.project,
        name="bookinfo",
        manifests=[],
        created_by=person("operator"),
        created_in_cluster_at=datetime.now(UTC),
        waiting=False,
    )
    return world.project


def _drafts(*names: str) -> dict[str, str]:
    """Answer every step of the wizard once. Returns as many drafts as there are names."""
    made = Draft.objects.get(pk=_drafted("canary", ANSWERS["policy"]))
    return {
        name: str(each.pk) for name, each in zip(names, [made, *_copies(made, len(names) - 1)], strict=True)
    }


def _drafted(mode: str, policy: Fields, *, elsewhere: bool = False) -> str:
    """Answer every step of the wizard. Returns the draft's key."""
    client = _browser("operator")
    begun = client.post(
        "/p/demo/releases/new/", {"application": "bookinfo", "service": "reviews", "mode": mode}
    )
    draft = begun["Location"].rsplit("/", 2)[0]
    to = {"to": "service", "to_service": "ratings"} if elsewhere else {}
    steps = [step for step in ANSWERS if step != "version" or not elsewhere]
    for step in steps:
        typed = policy if step == "policy" else {**ANSWERS[step], **(to if step == "service" else {})}
        answer = client.post(f"{draft}/{step}/", {**typed, "go": "next"})
        assert answer.status_code in (302, 422), answer.content.decode()
    return draft.rsplit("/", 1)[1]


def _copies(made: Draft, count: int) -> list[Draft]:
    return Draft.objects.bulk_create([_copy(made) for _ in range(count)])


def _copy(draft: Draft) -> Draft:
    return Draft(project=draft.project, created_by=draft.created_by, data=draft.data)


def running(project: Project) -> Release:
    """Make ratings v2 at 20 %, verified, with two deeds in its history."""
    target = seed.target(project, "ratings")
    release = seed.release(target, person("operator"))
    seed.verified(target, release)
    seed.event(release, "created", person("operator"))
    seed.event(release, "share", person("lead"), data={"before": {"share": 50}, "after": {"share": 200}})
    return release


def troubled(project: Project) -> Release:
    """Make details v2, whose image can't be pulled, while neither source answers."""
    since = datetime.now(UTC) - timedelta(seconds=45)
    target = seed.target(project, "details", error="connection refused", failing_since=since)
    trouble = {
        "workload": "details-v2",
        "ready": 0,
        "needed": 1,
        "pod": "details-v2-7d8c5b96f4-k2xmz",
        "reason": "ImagePullBackOff",
        "message": "manifest unknown",
    }
    now = ["preparing", {"version": "v2", "stable": "v1"}]
    status = {"now": now, "waits": ["pod-trouble", trouble], "next": None}
    release = seed.release(
        target, person("operator"), phase=Phase.PREPARING, share_in_effect=0, status=status
    )
    pods = [seed.version("details", "v2", 0, reason="ImagePullBackOff", message="manifest unknown")]
    target.observed = {"versions": [*pods, seed.version("details", "v1")], "routes": []}
    target.observed_at = since
    target.save()
    return release


def taken_over(project: Project) -> Release:
    """Make productpage v2, which has all traffic and can be finished."""
    target = seed.target(project, "productpage")
    facts = {"version": "v2", "other": "v1", "loser": "v1"}
    status = {"now": ["taken-over", facts], "waits": None, "next": ["person-finishes", facts]}
    columns = {"phase": Phase.TAKEN_OVER, "goal": Goal.TAKE_OVER, "winner": "v2", "status": status}
    release = seed.release(target, person("operator"), share=1000, share_in_effect=1000, **columns)
    seed.verified(target, release, 1000)
    return release


def finished(project: Project) -> Release:
    target = seed.target(project, "reviews")
    now = ["finished", {"version": "v1", "loser": "v0"}]
    status = {"now": now, "waits": None, "next": None}
    return seed.release(
        target,
        person("lead"),
        "v0",
        share_in_effect=0,
        phase=Phase.FINISHED,
        status=status,
        ended_at=datetime.now(UTC),
    )


STATES = {"running": running, "troubled": troubled, "taken_over": taken_over, "finished": finished}


def traffic() -> ProjectTraffic:
    """Fifteen minutes of ratings, of which v2 has a fifth since five minutes."""
    end = int(datetime.now(UTC).timestamp()) // STEP_S * STEP_S
    times = tuple(range(end - STEP_S * STEPS, end, STEP_S))

    def chart(stable: float, candidate: float) -> Chart:
        v1 = tuple(stable * (1 + i % 5 / 40) for i in range(STEPS))
        v2 = tuple(candidate * (1 + i % 7 / 30) if i > STEPS * 2 // 3 else None for i in range(STEPS))
        return Chart(times, (Series("v1", v1), Series("v2", v2)))

    charts = [chart(*pair) for pair in ((8, 2), (0.001, 0.002), (0, 0), (9, 12), (20, 26), (41, 60))]
    none = Chart(times, (Series("", (0.0,) * STEPS),))
    return ProjectTraffic(datetime.now(UTC), {"ratings": ServiceTraffic(*charts, mesh_errors=none)})


def metrics() -> MetricsMemory:
    """Return what Prometheus says: charts, and who calls the service of the sticky release."""
    told = MetricsMemory(projects={"demo": traffic()})
    now = datetime.now(UTC)
    for caller in ("storefront", "recommendations"):
        told.workloads[caller] = Source(caller, "demo", caller)
        for seconds, sent in ((60, 0), (30, 40), (0, 40)):
            told.scrape("demo", "shop", now - timedelta(seconds=seconds), {"v1": sent}, caller=caller)
    return told


def session_of(name: str) -> str:
    """Sign somebody in. Returns the cookie's value."""
    return _browser(name).cookies["sessionid"].value


def _browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client
