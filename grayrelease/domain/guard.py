"""When nothing may be written, or nothing raised: the cluster is somebody else's, or was edited."""

from __future__ import annotations

from collections.abc import Sequence

from grayrelease.domain import marks
from grayrelease.domain.drift import ENDING, Drift
from grayrelease.domain.look import Look
from grayrelease.domain.one import FORWARD, One
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing import writers
from grayrelease.domain.state import Goal, Key, Reason


def frozen(look: Look, ones: Sequence[One], drift: Drift) -> Reason | None:
    """Return why the target is frozen; None if it isn't."""
    return (
        _service(look, ones)
        or _led_away(look, ones)
        or _owned(look, ones)
        or drift.reason
        or _stable_gone(look, ones)
    )


def _service(look: Look, ones: Sequence[One]) -> Reason | None:
    service = look.seen.service
    there = service is not None and service["metadata"].get("uid") == look.intent.uid
    if there or all(one.goal in ENDING for one in ones):
        return None
    return Reason("service-gone", {"service": look.service})


def _led_away(look: Look, ones: Sequence[One]) -> Reason | None:
    """Return why nobody can be sent anywhere: no route leads to the service; its releases may still end."""
    leaves = all(one.goal in (*ENDING, Goal.ROLL_BACK) for one in ones)
    if leaves or any(each.leads for each in look.carriers):
        return None
    return Reason("led-away", {"service": look.service})


def _owned(look: Look, ones: Sequence[One]) -> Reason | None:
    for key, must_be_ours in _ours(look, ones).items():
        manifest = look.find(key)
        reason = _foreign(look, key, manifest, must_be_ours) if manifest else None
        if reason:
            return reason
    return None


def _ours(look: Look, ones: Sequence[One]) -> dict[Key, bool]:
    """Return the objects that these goals may write, and whether they must be ours if they're there.

    A user's route objects and workloads have no owner; they may be changed all the same.
    """
    keys = {each.key: not each.there for each in look.carriers} | {look.subsets_key: False}
    keys |= {one.workload: True for one in ones if one.brings and one.goal in FORWARD}
    ending = [one for one in ones if one.goal in ENDING]
    losers = {look.workload_key(version) for one in ending for version in (look.stable, one.candidate)}
    return {**dict.fromkeys(losers, False), **keys}


def _foreign(look: Look, key: Key, manifest: Manifest, must_be_ours: bool) -> Reason | None:
    owner = marks.owner(manifest)
    if owner is None:
        return Reason("not-ours", {"object": str(key)}) if must_be_ours else None
    if owner.installation != look.intent.installation:
        return Reason("other-installation", {"object": str(key), "owner": owner.installation})
    generation, _ = writers.last(manifest, look.called)
    if generation > look.intent.generation:
        facts = {"generation": generation, "known": look.intent.generation}
        return Reason("cluster-ahead", {"object": str(key), **facts})
    return None


def _stable_gone(look: Look, ones: Sequence[One]) -> Reason | None:
    """Return the reason not to move anyone to a version that has no pods and is to have none."""
    moving = [one for one in ones if one.goal != Goal.FINISH]
    moves = any(one.wanted.exposure.everyone < one.most.exposure.everyone for one in moving)
    if not moves or look.runs(look.stable):
        return None
    return Reason("stable-gone", {"version": look.stable, "workload": look.workload_key(look.stable).name})
