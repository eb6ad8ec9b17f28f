"""From a wizard's draft to a frozen plan, and from a plan to a release."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import User
from django.db.models.functions import Now

from grayrelease import cluster as clusters
from grayrelease import tasks
from grayrelease.domain import candidate, marks, names, preflight, revision, stand
from grayrelease.domain.plan import Candidate, Exposure, Manifest, Plan, Stable, Step, Subject
from grayrelease.domain.preflight import Scene
from grayrelease.domain.state import Reason
from grayrelease.models import Draft, Event, Project, Release, Target, columns
from grayrelease.operations import people
from grayrelease.operations.deed import raise_generation, short_transaction
from grayrelease.operations.errors import Busy, NotFound, Refused
from grayrelease.reconcile import scene

PATIENCE_S = 2.0
NO_ROUTES = revision.revision(revision.canonical([]))
"""The base while only services without routes of their own can be released."""


def freeze(user: User, draft: Draft) -> Plan:
    """Make the plan from the draft and the live cluster, and store its canonical text in `draft.frozen`.

    Asks the cluster, 2 s at most. draft.data: {"mode": "canary", "name", "application", "service", "version",
    "container" ("": the first), "image", "replicas", "env": {name: value, or None to take it away},
    "share": per mille}. Raises Refused with every reason, Forbidden, NotFound, ClusterError.
    """
    people.check_doer(user, draft.project)
    lists = scene.read(clusters.connect(draft.project.cluster), draft.project.namespace, PATIENCE_S)
    service = str(draft.data.get("service", ""))
    found = scene.scenes(draft.project, lists).get(service)
    if found is None:
        raise Refused(Reason("no-service", {"service": service}))
    refusals = preflight.check(found)
    stable = preflight.stable_workload(found)
    if refusals or stable is None:
        raise Refused(*(refusal.reason for refusal in refusals))
    plan = _plan(draft, found, stable)
    draft.frozen = revision.freeze(plan)
    draft.save(update_fields=["frozen", "updated_at"])
    return plan


def _plan(draft: Draft, found: Scene, stable: Manifest) -> Plan:
    data = draft.data
    version = _check(draft.project, data, found, stable)
    made = candidate.make(
        stable,
        service=found.name,
        version=version,
        image=str(data["image"]).strip(),
        replicas=int(data["replicas"]),
        env=data.get("env") or {},
        container=str(data.get("container") or ""),
    )
    uid, port = (found.service or {})["metadata"]["uid"], found.spec["ports"][0]["port"]
    return Plan(
        mode=data["mode"],
        name=str(data["name"]).strip(),
        application=str(data.get("application", "")),
        subject=Subject(namespace=found.namespace, service=found.name, uid=uid, port=port),
        stable=Stable(version=_version(stable), workload=marks.name(stable)),
        candidate=Candidate(
            version=version, workload=marks.name(made), replicas=int(data["replicas"]), manifest=made
        ),
        steps=(Step(exposure=Exposure(share=int(data["share"]))),),
        base=NO_ROUTES,
    )


def _check(project: Project, data: dict[str, Any], found: Scene, stable: Manifest) -> str:
    """Return the candidate's version. Raises Refused with what is wrong at any field."""
    version = names.new_version(
        str(data.get("version", "")),
        prefix=candidate.name_prefix(stable, found.name),
        versions=[_version(stable)],
        workloads=[marks.name(each) for each in found.deployments],
    )
    checked = [
        names.name(str(data.get("name", "")), _taken(project, found.name)),
        version,
        names.image(str(data.get("image", ""))),
        names.replicas(str(data.get("replicas", ""))),
        *(names.env_name(name) for name in data.get("env") or {}),
    ]
    wrong = [each.wrong for each in checked if each.wrong]
    container = str(data.get("container") or "")
    if container and container not in _containers(stable):
        wrong.append(Reason("no-container", {"container": container}))
    if wrong:
        raise Refused(*wrong)
    return version.value


def _version(deployment: Manifest) -> str:
    return marks.labels(deployment["spec"]["template"])["version"]


def _containers(deployment: Manifest) -> list[str]:
    return [str(each["name"]) for each in deployment["spec"]["template"]["spec"]["containers"]]


def _taken(project: Project, service: str) -> Collection[str]:
    releases = Release.objects.filter(target__project=project, target__service=service)
    return set(releases.values_list("name", flat=True))


def create_release(user: User, draft: Draft) -> Release:
    """Start the frozen plan. Posted twice, it gives the same release.

    Raises Refused (a live release exists, the name is taken, nothing is frozen), Forbidden, NotFound, Busy.
    """
    people.check_doer(user, draft.project)
    with short_transaction():
        locked = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
        if locked is None:
            raise NotFound
        if locked.release is not None:
            return locked.release
        if locked.frozen != draft.frozen:
            raise Busy  # another tab froze another plan just now
        if not locked.frozen:
            raise Refused(Reason("required"))
        release = _start(user, locked)
    tasks.ring(tasks.reconcile, release.target_id)
    return release


def _start(user: User, draft: Draft) -> Release:
    plan = revision.parse(draft.frozen)
    target = _target(draft.project, plan)
    release = Release.objects.create(
        target=target,
        name=plan.name,
        plan=draft.frozen,
        revision=revision.revision(draft.frozen),
        candidate=plan.candidate.version,
        stable=plan.stable.version,
        mode=plan.mode,
        **columns(stand.begin(plan)),
        created_by=user,
    )
    draft.release = release
    draft.save(update_fields=["release", "updated_at"])
    generation = raise_generation(target)
    Event.objects.create(
        project=draft.project,
        target=target,
        release=release,
        at=Now(),
        actor=user,
        kind="created",
        data={"after": {"share": release.share}, "revision": release.revision, "generation": generation},
    )
    return release


def _target(project: Project, plan: Plan) -> Target:
    """Return the Service's row, locked and ready for its first live release."""
    Target.objects.get_or_create(
        project=project,
        service=plan.subject.service,
        defaults={"uid": plan.subject.uid, "stable": plan.stable.version},
    )
    target = Target.objects.select_for_update().get(project=project, service=plan.subject.service)
    live = target.releases.live().first()
    if live is not None:
        raise Refused(Reason("release-exists", {"release": live.name}))
    if target.releases.filter(name=plan.name).exists():
        raise Refused(Reason("name-taken", {"name": plan.name}))
    target.uid, target.application = plan.subject.uid, plan.application
    target.stable, target.stable_workload = plan.stable.version, plan.stable.workload
    target.memory, target.observed = {}, {}
    target.save(update_fields=["uid", "stable", "stable_workload", "application", "memory", "observed"])
    return target
