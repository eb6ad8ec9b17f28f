"""From a wizard's draft to a frozen plan: the draft checked once more against the live cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth.models import User
from pydantic import TypeAdapter, ValidationError

from grayrelease import cluster as clusters
from grayrelease.domain import (
    again,
    base,
    candidate,
    conditions,
    handing,
    marks,
    names,
    preflight,
    revision,
    stand,
)
from grayrelease.domain.plan import Candidate, Elsewhere, Manifest, Plan, Stable, Step, Subject
from grayrelease.domain.preflight import Scene
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.stand import Other
from grayrelease.domain.state import Reason
from grayrelease.domain.written import around, in_the_way, unsayable, written
from grayrelease.metrics import callers
from grayrelease.models import Draft, Project, Release
from grayrelease.operations import people
from grayrelease.operations.errors import Refused
from grayrelease.reconcile import scene

PATIENCE_S = 2.0
STEPS = TypeAdapter(tuple[Step, ...])
INSIDE = ".svc.cluster.local"
NONE_BROUGHT = Candidate(version="", workload="", replicas=0, manifest={})


def freeze(user: User, draft: Draft) -> Plan:
    """Make the plan from the draft and the live cluster, and store its canonical text in `draft.frozen`.

    Asks the cluster, 2 s at most. draft.data: {"mode", "name", "application", "service", "version",
    "container" ("": the first), "image", "replicas", "env": {name: value, or None to take it away},
    "steps": [Step as JSON]}; where the steps copy requests elsewhere, nothing about a version is needed.
    What will be written is stored in draft.data["written"], the routes as their users wrote them in
    draft.data["base"].
    Raises Refused with every reason, Forbidden, NotFound, ClusterError.
    """
    people.check_doer(user, draft.project)
    lists = scene.read(clusters.connect(draft.project.cluster), draft.project.namespace, PATIENCE_S)
    service = str(draft.data.get("service", ""))
    scenes = scene.scenes(draft.project, lists)
    found = scenes.get(service)
    if found is None:
        raise Refused(Reason("no-service", {"service": service}))
    refusals = preflight.check(found)
    stable = preflight.stable_workload(found)
    if refusals or stable is None:
        raise Refused(*(refusal.reason for refusal in refusals))
    routes = base.base(around(found), _version(stable))
    plan = _plan(draft, scenes, found, stable, base.digest(routes))
    draft.data = {**draft.data, "written": _written(draft.project, found, plan), "base": list(routes)}
    draft.frozen = revision.freeze(plan)
    draft.save(update_fields=["data", "frozen", "updated_at"])
    return plan


def _written(project: Project, found: Scene, plan: Plan) -> list[Manifest]:
    """Return what will be written. Raises Refused where there is no room, or routes can't be split so."""
    live = list(
        Release.objects.live().filter(target__project=project, target__service=found.name).order_by("id")
    )
    others = [Other(each.name, each.intent().wanted) for each in live]
    if no_room := stand.no_room(plan.steps[0].exposure, others):
        raise Refused(no_room)
    if taken := in_the_way(found, plan):
        raise Refused(taken)
    if cannot := list(unsayable(found, plan)):
        raise Refused(*cannot)
    exposing = [Exposing(each.pk, each.candidate, each.intent().wanted, tuple(each.drawn)) for each in live]
    try:
        return [_shown(each) for each in written(found, plan, exposing)]
    except CannotSay as why:
        raise Refused(why.reason) from why


def _shown(manifest: Manifest) -> Manifest:
    """Return a manifest without what the API server adds; the uid tells that it is there already."""
    kept = ("name", "namespace", "uid", "labels", "annotations")
    metadata = {field: manifest["metadata"][field] for field in kept if manifest["metadata"].get(field)}
    return {field: manifest[field] for field in ("apiVersion", "kind")} | {
        "metadata": metadata,
        "spec": manifest.get("spec") or {},
    }


def _plan(draft: Draft, scenes: dict[str, Scene], found: Scene, stable: Manifest, routes: str) -> Plan:
    """Make the plan; `routes` is the hash of the base."""
    data, steps = draft.data, _steps(draft.data)
    wrong = [*_wrong_steps(steps, found, scenes), *_limited(steps, found, data.get("vouched") or ())]
    brings = all(step.exposure.mirror is None or step.exposure.mirror.to is None for step in steps)
    version, wrong_fields = _checked(draft.project, data, found, stable, brings)
    if wrong or wrong_fields:
        raise Refused(*wrong, *wrong_fields)
    uid, port = (found.service or {})["metadata"]["uid"], found.spec["ports"][0]["port"]
    return Plan(
        mode=data["mode"],
        name=str(data["name"]).strip(),
        application=str(data.get("application", "")),
        subject=Subject(namespace=found.namespace, service=found.name, uid=uid, port=port),
        stable=Stable(version=_version(stable), workload=marks.name(stable)),
        candidate=_candidate(data, found, stable, version) if brings else NONE_BROUGHT,
        steps=steps,
        base=routes,
    )


def _candidate(data: dict[str, Any], found: Scene, stable: Manifest, version: str) -> Candidate:
    made = candidate.make(
        stable,
        service=found.name,
        version=version,
        image=str(data["image"]).strip(),
        replicas=int(data["replicas"]),
        env=data.get("env") or {},
        container=str(data.get("container") or ""),
    )
    return Candidate(
        version=version, workload=marks.name(made), replicas=int(data["replicas"]), manifest=made
    )


def _steps(data: dict[str, Any]) -> tuple[Step, ...]:
    try:
        steps = STEPS.validate_python(data.get("steps") or ())
    except ValidationError:
        raise Refused(Reason("bad-steps")) from None
    if not steps:
        raise Refused(Reason("bad-steps"))
    return steps


def _wrong_steps(steps: tuple[Step, ...], found: Scene, scenes: dict[str, Scene]) -> Iterator[Reason]:
    for step in steps:
        if step.exposure.audience:
            yield from (wrong.reason for wrong in conditions.check(step.exposure.audience))
    for to in {step.exposure.mirror.to for step in steps if step.exposure.mirror}:
        if to:
            yield from _unknown(to, found, scenes)


def _unknown(to: Elsewhere, found: Scene, scenes: dict[str, Scene]) -> Iterator[Reason]:
    """Say where copies can't go. What is in other namespaces may not be read, so it is believed."""
    own = f".{found.namespace}{INSIDE}"
    if to.host == f"{found.name}{own}":
        yield Reason("copy-to-itself")
    elif to.host.endswith(own):
        service = to.host.removesuffix(own)
        there = scenes.get(service)
        if there is None:
            yield Reason("no-service", {"service": service})
        elif to.port not in [port["port"] for port in there.ports]:
            ports = ", ".join(str(port["port"]) for port in there.ports)
            yield Reason("no-such-port", {"service": service, "ports": ports})
    elif not to.host.endswith(INSIDE):
        yield from _not_entered(to, found)


def _not_entered(to: Elsewhere, found: Scene) -> Iterator[Reason]:
    """Say why a host outside isn't reached: no ServiceEntry names it, or none with this port."""
    specs = [each["spec"] for each in found.service_entries if to.host in (each["spec"].get("hosts") or [])]
    ports = sorted({port["number"] for spec in specs for port in spec.get("ports") or []})
    if not specs:
        yield Reason("no-service-entry", {"host": to.host})
    elif to.port not in ports:
        yield Reason("no-such-port", {"service": to.host, "ports": ", ".join(map(str, ports))})


def _limited(steps: tuple[Step, ...], found: Scene, vouched: Collection[str]) -> Iterator[Reason]:
    """Say what of the steps this service can't have; `vouched` are callers that hand cookies on."""
    wanted = {"audience" for step in steps if step.exposure.audience}
    wanted |= {"mirror" for step in steps if step.exposure.mirror}
    limits = preflight.limits(found)
    stopped = [limit.reason for limit in limits if limit.stops & wanted]
    yield from stopped
    if any(step.exposure.sticky for step in steps):
        limit = next((each.reason for each in limits if "sticky" in each.stops), None)
        if limit not in stopped and (reason := _not_sticky(found, limit, vouched)):
            yield reason


def _not_sticky(found: Scene, limit: Reason | None, vouched: Collection[str]) -> Reason | None:
    gateways = [(each.get("spec") or {}).get("selector") or {} for each in found.gateways]
    return handing.refusal(found.name, limit, callers.between(found.namespace, found.name, gateways), vouched)


def _checked(
    project: Project, data: dict[str, Any], found: Scene, stable: Manifest, brings: bool
) -> tuple[str, list[Reason]]:
    """Return the candidate's version ("": none is brought), and what is wrong at any field."""
    checked = [names.name(str(data.get("name", "")), _taken(project, found.name))]
    version, wrong = "", []
    if brings:
        live = _live(project, found.name)
        coming = [f"{candidate.name_prefix(stable, found.name)}-{each}" for each in live]
        brought = names.new_version(
            str(data.get("version", "")),
            prefix=candidate.name_prefix(stable, found.name),
            versions=[_version(stable), *live],
            workloads=[*(marks.name(each) for each in found.deployments), *coming],
            left=[marks.name(each) for each in found.deployments if again.stands(each, found.installation)],
        )
        fields = [names.image(str(data.get("image", ""))), names.replicas(str(data.get("replicas", "")))]
        checked += [brought, *fields, *(names.env_name(name) for name in data.get("env") or {})]
        version, wrong = brought.value, list(_no_container(data, stable))
    return version, [*(each.wrong for each in checked if each.wrong), *wrong]


def _no_container(data: dict[str, Any], stable: Manifest) -> Iterator[Reason]:
    container = str(data.get("container") or "")
    there = [str(each["name"]) for each in stable["spec"]["template"]["spec"]["containers"]]
    if container and container not in there:
        yield Reason("no-container", {"container": container})


def _version(deployment: Manifest) -> str:
    return marks.labels(deployment["spec"]["template"])["version"]


def _live(project: Project, service: str) -> list[str]:
    """Return the versions that live releases of the service bring."""
    live = Release.objects.live().filter(target__project=project, target__service=service)
    return [version for version in live.values_list("candidate", flat=True) if version]


def _taken(project: Project, service: str) -> Collection[str]:
    releases = Release.objects.filter(target__project=project, target__service=service)
    return set(releases.values_list("name", flat=True))
