"""What others do to a target, and what happens to its pods: each by name, on the objects there are."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final, Literal

from grayrelease.domain import marks
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Key
from tests.domain.manifests import deployment
from tests.domain.runs import raw
from tests.domain.runs.course import Course
from tests.domain.runs.kubelet import HERE

Kind = Literal["VirtualService", "DestinationRule"]
VS: Final = "VirtualService"
DR: Final = "DestinationRule"
ROUTED: tuple[Kind, ...] = (VS, DR)
OTHER = Key("Deployment", "reviews-v9")
KEPT = "kept in Git: all workloads"
Trouble = Callable[[Course], bool]
"""Returns False where there is nothing that it could happen to."""


def _users(course: Course, kind: Kind) -> list[Key]:
    return [key for key in sorted(course.users, key=str) if key.kind == kind and course.find(key)]


def _ours(course: Course, kind: Kind) -> list[Key]:
    """Return the objects that we made for routes."""
    there = raw.of_kind(course.cluster._objects, kind)
    return [Key(kind, marks.name(each)) for each in there if marks.MADE_BY in marks.notes(each)]


def _both(kind: Kind, change: Callable[[Manifest], None]) -> Trouble:
    """Make an edit outside our marks: users have their object like this from now on."""

    def happen(course: Course) -> bool:
        keys = _users(course, kind)
        for key in keys[:1]:
            original = deepcopy(course.users[key])
            change(original)
            course.users[key] = original
            course.edit(key, change)
        return bool(keys)

    return happen


def _labels(manifest: Manifest) -> None:
    labels = manifest["metadata"].setdefault("labels", {})
    labels["edited"] = str(int(labels.get("edited", "0")) + 1)


def _timeouts(manifest: Manifest) -> None:
    for route in manifest["spec"].get("http") or []:
        if not raw.is_ours(route) and "delegate" not in route:
            route["timeout"] = f"{int(route.get('timeout', '3s')[:-1]) + 1}s"


def _adds_route(manifest: Manifest) -> None:
    number = sum(not raw.is_ours(route) for route in manifest["spec"]["http"])
    match = [{"uri": {"exact": f"/added-{number}"}}]
    added = {"match": match, "route": [{"destination": {"host": "legacy"}}]}
    manifest["spec"]["http"].insert(0, added)


def _policy(manifest: Manifest) -> None:
    policy = manifest["spec"].setdefault("trafficPolicy", {})
    pool = policy.setdefault("connectionPool", {"tcp": {"maxConnections": 1}})
    pool["tcp"]["maxConnections"] += 1


def _drift(change: Callable[[Manifest], bool]) -> Trouble:
    """Edit inside our marks the first route object where that can be done."""

    def happen(course: Course) -> bool:
        for kind in ROUTED:
            for each in raw.of_kind(course.cluster._objects, kind):
                if change(deepcopy(each)):
                    course.edit(Key(kind, marks.name(each)), lambda found: None if change(found) else None)
                    return True
        return False

    return happen


def _weights(manifest: Manifest) -> bool:
    for route in raw.routes(manifest):
        ours = [to for to in raw.ways(route) if str(to["destination"].get("subset", "")).startswith("gr-")]
        if len(ours) > 1:
            ours[0]["weight"], ours[1]["weight"] = ours[1]["weight"] + 1, ours[0]["weight"] + 1
            return True
    return False


def _unpins(manifest: Manifest) -> bool:
    """Lead a route to the whole service, as somebody would who doesn't know what the subsets are for."""
    for route in raw.routes(manifest):
        ours = [to for to in raw.ways(route) if str(to["destination"].get("subset", "")).startswith("gr-")]
        if ours and len(ours) == len(route["route"]):
            host = ours[0]["destination"]["host"]
            route["route"] = [{"destination": {"host": host}}]
            route.pop("mirrors", None)
            return True
    return False


def _subset_goes(manifest: Manifest) -> bool:
    entries: list[dict[str, Any]] = manifest["spec"].get("subsets") or []
    ours = [each for each in entries if each["name"].startswith("gr-")]
    if ours:
        entries.remove(max(ours, key=lambda each: str(each["name"])))
    return bool(ours)


def _applied_again(kind: Kind) -> Trouble:
    """Write a user's object as it is in their repository: without anything of ours."""

    def happen(course: Course) -> bool:
        keys = [key for key in _users(course, kind) if marks.owner(course.find(key) or {})]
        for key in keys[:1]:
            original = course.users[key]

            def as_there(found: Manifest, original: Manifest = original) -> None:
                found["spec"] = deepcopy(original["spec"])
                found["metadata"]["annotations"] = dict(marks.notes(original))

            course.edit(key, as_there)
        return bool(keys)

    return happen


def _gone(find: Callable[[Course], list[Key]]) -> Trouble:
    def happen(course: Course) -> bool:
        keys = find(course)
        for key in keys[:1]:
            course.users.pop(key, None)
            course.drop(key)
        return bool(keys)

    return happen


def _rules_nobody_names(course: Course) -> list[Key]:
    """Return users' rules; none where their routes name its subsets: these would fail without any release."""
    return [] if _names_subsets(course) else _users(course, DR)


def _names_subsets(course: Course) -> bool:
    ways = [to for each in course.users.values() for route in raw.routes(each) for to in raw.ways(route)]
    return any("subset" in to["destination"] for to in ways)


def _brought(course: Course) -> list[Key]:
    found = [Key("Deployment", each.plan.candidate.workload) for each in course.live.values()]
    return [key for key in found if course.find(key)]


def _stables(course: Course) -> list[Key]:
    key = Key("Deployment", course.stable[1])
    return [key] if course.find(key) else []


def _scaled(find: Callable[[Course], list[Key]], replicas: int) -> Trouble:
    def happen(course: Course) -> bool:
        keys = [key for key in find(course) if (course.find(key) or {})["spec"].get("replicas") != replicas]
        for key in keys[:1]:
            course.edit(key, lambda found: found["spec"].update(replicas=replicas))
        return bool(keys)

    return happen


def _autoscaled(course: Course) -> bool:
    """Let a load that grows add a pod to each version, as an autoscaler would."""

    def one_more(found: Manifest) -> None:
        found["spec"]["replicas"] = found["spec"].get("replicas", 1) % 3 + 1

    for key in (*_stables(course), *_brought(course)):
        course.edit(key, one_more)
    return True


def _die(find: Callable[[Course], list[Key]]) -> Trouble:
    """End pods: new ones of the same name take a while."""

    def happen(course: Course) -> bool:
        keys = find(course)
        for key in keys[:1]:
            course.change_pods(key.name, lambda pod: replace(pod, born=course.now, ready=None))
        return bool(keys)

    return happen


def _crash(find: Callable[[Course], list[Key]]) -> Trouble:
    def happen(course: Course) -> bool:
        keys = find(course)
        for key in keys[:1]:
            course.failing = course.failing | {key.name}
            course.change_pods(key.name, lambda pod: replace(pod, ready=None, broken=True))
        return bool(keys)

    return happen


def heal(course: Course) -> bool:
    """Let all pods become ready again."""
    sick = bool(course.failing) or any(pod.broken for pod in course.pods.values())
    course.failing = frozenset()
    cured = {n: replace(p, broken=False, born=course.now) if p.broken else p for n, p in course.pods.items()}
    course.pods = cured
    return sick


def _never_ready(course: Course) -> bool:
    new = {each.plan.candidate.workload for each in course.live.values()} - course.failing
    course.failing = course.failing | new
    return bool(new)


def _another_version(course: Course) -> bool:
    """Start a version that no release knows, behind the same Service."""
    absent = course.find(OTHER) is None
    if absent:
        course.put(deployment("v9"))
    else:
        course.drop(OTHER)
    return True


def _another_service(course: Course) -> bool:
    found = course.find_service()
    if found is None:
        return False
    course.cluster.remove("Service", HERE, "reviews")
    metadata = {k: v for k, v in found["metadata"].items() if k not in ("uid", "resourceVersion")}
    course.put({**found, "metadata": metadata})
    return True


def _service_gone(course: Course) -> bool:
    found = course.find_service()
    if found is not None:
        course.cluster.remove("Service", HERE, "reviews")
        course.let_pods_run()
    return found is not None


def _kept_in_git(course: Course) -> bool:
    """Let a tool keep all workloads that there are."""
    for each in raw.of_kind(course.cluster._objects, "Deployment"):
        course.edit(Key("Deployment", marks.name(each)), _tracked)
    return True


def _tracked(workload: Manifest) -> None:
    notes = workload["metadata"].setdefault("annotations", {})
    notes["argocd.argoproj.io/tracking-id"] = "shop:apps/Deployment:demo/it"


TROUBLES: dict[str, Trouble] = {
    "edit: a label of a route": _both(VS, _labels),
    "edit: timeouts": _both(VS, _timeouts),
    "edit: a route more": _both(VS, _adds_route),
    "edit: the rule's policy": _both(DR, _policy),
    "drift: weights": _drift(_weights),
    "drift: unpinned": lambda course: not _names_subsets(course) and _drift(_unpins)(course),
    "drift: a subset gone": _drift(_subset_goes),
    "applied again: routes": _applied_again(VS),
    "applied again: rule": _applied_again(DR),
    "deleted: our routes": _gone(lambda course: _ours(course, VS)),
    "deleted: our rule": _gone(lambda course: _ours(course, DR)),
    "deleted: their routes": _gone(lambda course: _users(course, VS)),
    "deleted: their rule": _gone(_rules_nobody_names),
    "deleted: candidate": _gone(_brought),
    "deleted: stable": _gone(_stables),
    "scaled: candidate to 0": _scaled(_brought, 0),
    "scaled: candidate to 1": _scaled(_brought, 1),
    "scaled: stable to 0": _scaled(_stables, 0),
    "scaled: stable to 3": _scaled(_stables, 3),
    "autoscaled": _autoscaled,
    "pods die: candidate": _die(_brought),
    "pods die: stable": _die(_stables),
    "pods crash: candidate": _crash(_brought),
    "pods crash: stable": _crash(_stables),
    "pods never ready": _never_ready,
    "pods heal": heal,
    KEPT: _kept_in_git,
    "another version comes or goes": _another_version,
    "service: another of its name": _another_service,
    "service: gone": _service_gone,
}
