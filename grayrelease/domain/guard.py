"""When nothing may be written, or nothing raised: the cluster is somebody else's, or was edited."""

from __future__ import annotations

from grayrelease.domain import marks
from grayrelease.domain.look import Look
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Goal, Key, Reason


def frozen(look: Look) -> Reason | None:
    """Return why the target is frozen; None if it isn't."""
    return _service(look) or _owned(look) or _edited(look) or _stable_gone(look)


def _service(look: Look) -> Reason | None:
    service, goal = look.seen.service, look.release.goal
    there = service is not None and service["metadata"].get("uid") == look.intent.uid
    if there or goal == Goal.FINISH:
        return None
    return Reason("service-gone", {"service": look.service})


def _owned(look: Look) -> Reason | None:
    for key in _ours(look):
        manifest = look.find(key)
        reason = _foreign(look, key, manifest) if manifest else None
        if reason:
            return reason
    return None


def _ours(look: Look) -> list[Key]:
    """Return the objects that this goal may write: all must be ours, or not there."""
    keys = [look.routes_key, look.subsets_key]
    if look.release.goal in (Goal.RUN, Goal.TAKE_OVER):
        return [*keys, look.workload_key(look.candidate)]
    if look.release.goal == Goal.FINISH:
        return [*keys, *_marked_workloads(look)]
    return keys


def _marked_workloads(look: Look) -> list[Key]:
    # A user's own workload has no owner; it may be scaled down all the same.
    keys = [look.workload_key(version) for version in (look.stable, look.candidate)]
    return [key for key in keys if marks.owner(look.find(key) or {}) is not None]


def _foreign(look: Look, key: Key, manifest: Manifest) -> Reason | None:
    owner = marks.owner(manifest)
    if owner is None:
        return Reason("not-ours", {"object": str(key)})
    if owner.installation != look.intent.installation:
        return Reason("other-installation", {"object": str(key), "owner": owner.installation})
    if owner.generation > look.intent.generation:
        facts = {"generation": owner.generation, "known": look.intent.generation}
        return Reason("cluster-ahead", {"object": str(key), **facts})
    return None


def _edited(look: Look) -> Reason | None:
    """Return who changed routes of ours; not when people roll back, or have decided since our last write."""
    keys = (look.routes_key, look.subsets_key)
    ours = {key: found for key in keys if (found := look.find(key)) is not None}
    written_for = [owner.generation for found in ours.values() if (owner := marks.owner(found))]
    if look.release.goal == Goal.ROLL_BACK or look.intent.generation > max(written_for, default=0):
        return None
    for key, manifest in ours.items():
        if marks.edited(manifest):
            return Reason("edited-by-other", {"object": str(key), "manager": marks.last_editor(manifest)})
    return None


def _stable_gone(look: Look) -> Reason | None:
    """Return the reason not to move anyone to a version that has no pods and is to have none."""
    moves = look.share is not None and look.wanted < look.share
    if look.release.goal == Goal.FINISH or not moves or look.runs(look.stable):
        return None
    workload = look.workload_key(look.stable).name
    return Reason("stable-gone", {"version": look.stable, "workload": workload})
