"""The rules of SAFETY §3 and §4 as assertions on two releases: asked before and after each single write."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from grayrelease.domain import istio, marks
from grayrelease.domain.carrying import Carrier, scene
from grayrelease.domain.one import lowered
from grayrelease.domain.plan import NOBODY, Manifest
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.collapse import collapse
from grayrelease.domain.routing.effect import in_effect
from grayrelease.domain.routing.subsets import without_subsets
from grayrelease.domain.state import Delete, Goal, Key, ReleaseIntent, Write
from tests.domain.pair import DRAIN_S, REVIEWS, SETTLE_S, START, Pair


def carriers(world: Pair) -> list[Carrier]:
    return [each for each in scene(REVIEWS, world.seen()).carriers(world.stable[0]) if each.there]


def named(manifest: Manifest) -> set[str]:
    """Return our subsets that a VirtualService names."""
    spec = manifest.get("spec") or {}
    routes = [route for kind in ("http", "tcp", "tls") for route in spec.get(kind) or []]
    targets = [to["destination"] for route in routes for to in route.get("route") or []]
    targets += [to["destination"] for route in routes for to in route.get("mirrors") or []]
    return {each["subset"] for each in targets if str(each.get("subset", "")).startswith("gr-")}


def check_before(world: Pair, write: Write) -> None:
    """What must hold when a write is made."""
    if write.key.kind == "VirtualService":
        _routes(world, write)
    elif write.key.kind == "Deployment":
        _workload(world, write)
    else:
        _subsets(world, write)


def _routes(world: Pair, write: Write) -> None:
    present = world.find(write.key) or {}
    if isinstance(write, Delete) or marks.owner(write.manifest) is None:
        alone = world.now - (world.alone_since or world.now)
        assert alone.total_seconds() >= SETTLE_S, "rule 8: routes go when one version is left, and settled"
        return
    new, old = named(write.manifest), named(present)
    assert new <= world.subsets(), "rule 1: every subset named is there"
    ripe = world.now - timedelta(seconds=SETTLE_S)
    assert all(world.subset_since.get(name, START) <= ripe for name in new - old), "rule 1: and settled"
    weights = [to.get("weight", 100) for r in write.manifest["spec"]["http"] for to in r.get("route") or []]
    assert all(weight >= 0 for weight in weights) and sum(weights) > 0, "rule 3"
    _exposures(world, write.manifest, present)


def _exposures(world: Pair, manifest: Manifest, present: Manifest) -> None:
    place = next(iter(carriers(world)), None)
    stands = in_effect(manifest, REVIEWS, place.place) if place else in_effect(manifest, REVIEWS)
    assert stands is not None, "what is written reads as it was meant"
    before = {each.release: each for each in (in_effect(present, REVIEWS) or ("", ()))[1]} if present else {}
    for each in stands[1]:
        intent = world.live[each.release]
        was = before.get(each.release, Exposing(each.release, each.version, NOBODY))
        if lowered(was, each) == each:
            continue
        assert intent.goal != Goal.ROLL_BACK, "rolled back, nothing is raised"
        assert each.exposure == intent.wanted or _finishing_wins(intent), "rule 3: exactly what is wanted"
        needed = max(1, -(-each.exposure.everyone // 1000))
        assert world.ready(each.version) >= needed, "rules 2 and 5"


def _finishing_wins(intent: ReleaseIntent) -> bool:
    return intent.goal == Goal.FINISH


def _workload(world: Pair, write: Write) -> None:
    all_settled = all(world.settled(each.key) for each in carriers(world))
    present = world.find(write.key)
    if present is None:
        pinned = all(each.stands for each in carriers(world))
        assert carriers(world) and pinned and all_settled, "rule 4: pinned, and that settled"
        return
    version = marks.labels(present)["version"]
    assert all(istio.subset(version) not in named(each.manifest) for each in carriers(world)), "rule 6"
    assert all_settled, "rule 6: settled"
    # Nobody sees the callers here: then the drain time since the last route write is all to go by.
    last = max(world.changed.get(str(each.key), START) for each in carriers(world))
    assert (world.now - last).total_seconds() >= DRAIN_S, "rule 6: drained"
    naming = [each for each in world.live.values() if each.plan.candidate.workload == write.key.name]
    assert len(naming) <= 1, "a workload that another live release names stays"


def _subsets(world: Pair, write: Write) -> None:
    spec: dict[str, Any] = {} if isinstance(write, Delete) else write.manifest["spec"]
    kept = {str(each["name"]) for each in spec.get("subsets") or []}
    gone = world.subsets() - kept
    if gone:
        used = {name for each in carriers(world) for name in named(each.manifest)}
        assert not gone & used, "rule 1: no route names a subset that goes"
        vss = world.cluster.list("VirtualService", "demo")
        assert all(world.settled(Key("VirtualService", marks.name(each))) for each in vss), "and settled"


def check_always(world: Pair, users: dict[Key, Manifest]) -> None:
    """What holds between any two writes."""
    if len(world.versions()) > 1:
        assert all(each.stands for each in carriers(world)), "rule 8: each request goes to a version by name"
    for each in world.cluster.list("VirtualService", "demo"):
        assert named(each) <= world.subsets(), "rule 1"
    for key, manifest in users.items():
        _is_kept(world, key, manifest)


def _is_kept(world: Pair, key: Key, original: Manifest) -> None:
    """Rule 7 and the laws of §4: taken out of it what is ours, a user's object is as it was."""
    found = world.find(key)
    assert found is not None, "a user's object is never deleted"
    bare = collapse(found, REVIEWS) if key.kind == "VirtualService" else without_subsets(found)
    assert _content(_pins(bare)) == _content(_pins(original)), f"rule 7: {key}"


def _content(manifest: Manifest) -> Manifest:
    kept = {name: text for name, text in marks.notes(manifest).items() if not name.startswith(marks.PREFIX)}
    return {"spec": manifest["spec"], "labels": marks.labels(manifest), "annotations": kept}


def _pins(manifest: Manifest) -> Manifest:
    """A finished take over exchanges the subset that routes name, and may leave a plain one for it."""
    copy = deepcopy(manifest)
    spec = copy["spec"]
    for route in spec.get("http") or []:
        for to in route.get("route") or []:
            if "subset" in to["destination"]:
                to["destination"]["subset"] = "pinned"
    if "subsets" in spec:
        spec["subsets"] = [each for each in spec["subsets"] if each["name"] == "stable"]
    return copy


def is_clean(world: Pair, users: dict[Key, Manifest]) -> None:
    """Once all releases are over and one version runs: nothing of ours is left but the workload."""
    kinds = ("VirtualService", "DestinationRule")
    left = {Key(kind, marks.name(each)): each for kind in kinds for each in world.cluster.list(kind, "demo")}  # type: ignore[arg-type]
    assert left.keys() == users.keys(), "our own route objects are gone"
    for key, found in left.items():
        assert not [name for name in marks.notes(found) if name.startswith(marks.PREFIX)], "no mark is left"
        assert not named(found) if key.kind == "VirtualService" else True
    if world.stable[0] == "v1":
        assert {k: _content(v) for k, v in left.items()} == {k: _content(v) for k, v in users.items()}
