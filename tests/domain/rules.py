"""The rules of SAFETY §3 as assertions on a world: asked before and after each single write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from grayrelease.domain.state import Delete, Goal, Key, Write
from tests.domain.manifests import ROUTES, SUBSETS, V1, V2
from tests.domain.world import START, World

VERSIONS = {"gr-v1": "v1", "gr-v2": "v2"}


def shares(world: World) -> dict[str, int] | None:
    """Each version's part of the target's traffic; None where no route of ours is."""
    found = world.objects.get(ROUTES)
    if found is None:
        return None
    [rule] = found["spec"]["http"]
    assert "match" not in rule, "rule 3: a default route exists"
    return {VERSIONS[to["destination"]["subset"]]: to["weight"] for to in rule["route"]}


def settled(world: World, key: Key) -> bool:
    """Tell if an object has been as it is, or away, for the settle time; one never there is settled."""
    return world.changed.get(key, START - timedelta(days=1)) <= world.now - timedelta(seconds=world.settle_s)


def subsets(world: World) -> set[str]:
    found = world.objects.get(SUBSETS)
    spec: dict[str, Any] = found["spec"] if found else {}
    return {entry["labels"]["version"] for entry in spec.get("subsets", [])}


def check_before(world: World, write: Write) -> None:
    """What must hold when a write is made."""
    if isinstance(write, Delete):
        _deleted(world, write.key)
    elif write.key == ROUTES:
        _routes_written(world, write.manifest)
    elif write.key == V2:
        _candidate_made(world)
    elif write.key == V1:
        _workload_goes(world, "v1")


def _deleted(world: World, key: Key) -> None:
    if key == ROUTES:
        assert len(world.versions()) <= 1, "rule 8: routes go only when one version is left"
    elif key == SUBSETS:
        assert ROUTES not in world.objects and settled(world, ROUTES), "rule 1: subsets go last"
    else:
        _workload_goes(world, "v1" if key == V1 else "v2")


def _routes_written(world: World, manifest: Any) -> None:
    [rule] = manifest["spec"]["http"]
    new = {VERSIONS[to["destination"]["subset"]]: to["weight"] for to in rule["route"]}
    old = shares(world) or {}
    assert set(new) <= subsets(world), "rule 1: every subset named is there"
    back = world.release.goal == Goal.ROLL_BACK
    assert back or set(new) <= set(old) or settled(world, SUBSETS), "rule 1: and settled"
    assert sum(new.values()) == 1000 and all(weight > 0 for weight in new.values()), "rule 3"
    if new.get("v2", 0) > old.get("v2", 0):
        needed = max(1, -(-new["v2"] * world.stable_pods // 1000))
        assert world.ready("v2", world.settle_s) >= needed, "rules 2 and 5"
        assert new["v2"] == world.wanted(), "rule 3: exactly its share"


def _candidate_made(world: World) -> None:
    assert shares(world) is not None, "rule 4: pinned"
    assert "v2" in (shares(world) or {}) or settled(world, ROUTES), "rule 4: and settled"


def _workload_goes(world: World, loser: str) -> None:
    routes = shares(world)
    assert routes is not None and loser not in routes, "rule 6: no route gives the loser traffic"
    assert settled(world, ROUTES), "rule 6: settled"
    # Nobody sees the callers when Prometheus is down: then the settle time is all there is to go by.
    seconds = world.drain_s if world.traffic else world.drain_s - world.settle_s
    quiet = world.now - timedelta(seconds=seconds)
    assert world.last_request(loser) <= quiet, "rule 6: drained"


def check_always(world: World) -> None:
    """What holds between any two writes."""
    if len(world.versions()) > 1:
        assert shares(world), "rule 8: pods of two versions, and no route without a subset"
    assert set(shares(world) or {}) <= subsets(world), "rule 1"
