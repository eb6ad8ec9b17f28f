"""Finishing: route → verified → drained → the loser goes → one version only → routes are given back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil

from grayrelease.domain import again, istio, leaving, marks
from grayrelease.domain.drain import drain, of_those_there
from grayrelease.domain.exposure import Proofs, unverified
from grayrelease.domain.look import Look
from grayrelease.domain.one import One
from grayrelease.domain.order import Step, ready, routes_settling, settling, subsets_settling, writing
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.found import routes_of
from grayrelease.domain.routing.subsets import ADDED, stays, with_subsets, without_subsets
from grayrelease.domain.state import Goal, Key, Reason, Write
from grayrelease.domain.table import Table
from grayrelease.domain.writes import delete, give_back, put, replace


def loser_of(one: One) -> str:
    """Return the version that goes; "" where a release that ends brings none."""
    if one.goal == Goal.ABANDON or not one.wins:
        return one.candidate
    return one.look.stable


def winner_of(one: One) -> str:
    """Return who keeps running: whom people chose, but never a version that is gone already."""
    return one.candidate if one.goal != Goal.ABANDON and one.wins else one.look.stable


def finish(one: One, table: Table, proofs: Proofs) -> Step | None:
    """Return the next step of finishing; None once all that only this release needs is gone."""
    return _without(one, table, proofs, drained, remove) or given_back(one)


def abandon(one: One, table: Table, proofs: Proofs) -> Step | None:
    """Return the next step of giving a release up; None once nobody is sent to its candidate."""
    if one.release.keep_both and one.look.runs(one.candidate):
        return table.step(one) or unverified(one, proofs)
    return _without(one, table, proofs, drained, empty) or given_back(one)


def _without(
    one: One,
    table: Table,
    proofs: Proofs,
    drained: Callable[[One, str], Step | None],
    remove: Callable[[One, str], Step | None],
) -> Step | None:
    """Have the loser without requests, and then without pods."""
    loser = loser_of(one)
    if not one.look.runs(loser) and not one.most.exposure.mirror and not one.forward:
        return None
    return (
        table.step(one)
        or unverified(one, proofs)
        or routes_settling(one.look)
        or _winner_ready(one, loser)
        or (drained(one, loser) or remove(one, loser) if one.look.runs(loser) else None)
    )


def _winner_ready(one: One, loser: str) -> Step | None:
    """Have who stays able to carry everyone before stable goes; nobody is sent anywhere without a Service."""
    return ready(one) if loser == one.look.stable and one.look.runs(loser) and one.forward else None


def drained(one: One, loser: str) -> Step | None:
    """Wait until no caller sends to the loser (rule 6)."""
    look, seen = one.look, one.look.seen
    found = drain(
        loser,
        of_those_there(seen.traffic, look.intent.namespace, {marks.name(pod) for pod in seen.pods}),
        broken=bool(seen.traffic_error),
        since=look.routes_since(),
        now=look.now,
        settle_s=look.intent.settle_s,
        drain_s=look.intent.drain_s,
    )
    if not found.code:
        return None
    seconds = ceil(found.wait_s)
    facts: dict[str, dict[str, str | int]] = {
        "draining": {"caller": found.caller, "loser": loser, "seconds": seconds},
        "drain-unseen": {"caller": found.caller, "loser": loser},
        "drain-blind": {"loser": loser, "seconds": seconds, "error": seen.traffic_error},
    }
    return Step(Reason(found.code, facts[found.code]))


def remove(one: One, loser: str) -> Step | None:
    """Have the loser's workload gone or at 0; None where it is, or where it isn't ours to touch."""
    key = one.look.workload_key(loser)
    workload = one.look.find(key)
    if workload is None or _named(one, key):
        return _leaving(one, loser)
    if left := leaving.left(one, workload):
        return left
    write = removal(one, loser, key, workload)
    return writing(key, write) if write else _leaving(one, loser)


def empty(one: One, loser: str) -> Step | None:
    """Have the candidate's workload at 0 replicas, if it's ours."""
    key = one.look.workload_key(loser)
    workload = one.look.find(key)
    ours = workload and again.ours(workload, one.look.intent.installation) and not _named(one, key)
    if workload and ours and workload.get("spec", {}).get("replicas", 1):
        if left := leaving.left(one, workload):
            return left
        return writing(key, _scaled(one, key, workload))
    return _leaving(one, loser)


def _leaving(one: One, loser: str) -> Step | None:
    left = one.look.endpoints.named.get(loser, frozenset())
    return Step(Reason("loser-leaving", {"loser": loser, "pods": len(left)})) if left else None


def _named(one: One, key: Key) -> bool:
    """Tell if another live release brings the workload: then it stays."""
    return any(each.plan.candidate.workload == key.name for each in one.others)


def removal(one: One, loser: str, key: Key, workload: Manifest) -> Write | None:
    """Return the write that takes a loser away: what we made is deleted, a user's is scaled to 0."""
    ours = marks.made_by(workload, one.look.intent.installation)
    if loser == one.candidate and not again.ours(workload, one.look.intent.installation):
        return None
    if one.release.delete_loser or (ours and not leaving.scaled_at_most(one, workload)):
        return delete(key, workload, one.id)
    return None if workload.get("spec", {}).get("replicas", 1) == 0 else _scaled(one, key, workload)


def _scaled(one: One, key: Key, workload: Manifest) -> Write:
    spec = {**workload.get("spec", {}), "replicas": 0}
    return replace(one.look, key, {**workload, "spec": spec}, one.id)


def given_back(one: One) -> Step | None:
    """Have the routes given back, if no other release needs them; else its subset gone."""
    look, loser = one.look, loser_of(one)
    if one.others or _stays_pinned(look):
        waits = loser == one.candidate and look.has_subset(loser)
        return (routes_settling(look) or writing(look.subsets_key)) if waits else None
    return collapse(look, winner_of(one), loser, one.id)


def _stays_pinned(look: Look) -> bool:
    return look.intent.pinned and len(look.endpoints.versions()) > 1


def collapse(look: Look, winner: str, loser: str, release: int | None) -> Step | None:
    """Give the routes back: only when one version's pods alone are endpoints (rule 8), and that settled."""
    others = look.endpoints.versions() - {winner}
    if others:
        return Step(Reason("other-versions", {"versions": ", ".join(sorted(others))}))
    left = look.workload_key(loser) if loser else look.subsets_key
    return (
        settling(look, left, _alone_since(look, winner, loser))
        or _winners_subset(look, winner, release)
        or _routes_given_back(look, winner, release)
        or (_rule_given_back(look, winner, release) if _has_ours(look) else None)
    )


def _alone_since(look: Look, winner: str, loser: str) -> datetime:
    """Return since when no other version has pods: not before our last write to the loser's workload,
    which a run that was killed then may have left nobody to remember."""
    written = look.seen.written.get(look.workload_key(loser)) if loser else None
    since = look.memory.alone_since.get(winner, look.now)
    return max(since, written.at) if written else since


def _winners_subset(look: Look, winner: str, release: int | None) -> Step | None:
    """Have the subset that users' routes name once they are given back, settled."""
    rule = look.subsets
    named = stays(look.scene.rule, winner)
    if rule is None or named not in _named_after(look, winner):
        return None
    names = [each.get("name") for each in (rule.get("spec") or {}).get("subsets") or []]
    if named in names:
        return subsets_settling(look)
    own = look.scene.own_subsets(look.stable)
    ours = [version for version in {*look.versions, winner} if look.has_subset(version)]
    manifest = with_subsets(without_subsets(rule, winner, own), ours, own, look.scene.source)
    return writing(look.subsets_key, put(look, look.subsets_key, manifest, release))


def _named_after(look: Look, winner: str) -> set[str]:
    """Return the service's subsets that routes of ours would name once they are given back."""
    subset, here = stays(look.scene.rule, winner), look.intent.namespace
    given = [each.collapsed(winner, subset) for each in look.carriers if each.marked]
    routes = [route for each in given for _, route in routes_of(each)]
    targets = [to.get("destination") or {} for route in routes for to in route.get("route") or []]
    mine = [to for to in targets if look.called.is_called(str(to.get("host", "")), here)]
    return {str(to.get("subset")) for to in mine}


def _routes_given_back(look: Look, winner: str, release: int | None) -> Step | None:
    subset = stays(look.scene.rule, winner)
    ours = [each for each in look.carriers if each.ours]
    if ours:
        writes = [give_back(look, each.key, each.collapsed(winner, subset), release) for each in ours]
        return writing(ours[0].key, *writes)
    return routes_settling(look)


def _has_ours(look: Look) -> bool:
    rule = look.subsets
    made = rule is not None and marks.made_by(rule, look.intent.installation) and istio.made_for_routes(rule)
    return made or (rule is not None and ADDED in marks.notes(rule))


def _rule_given_back(look: Look, winner: str, release: int | None) -> Step | None:
    rule = look.subsets
    if rule is None:
        return None
    return writing(look.subsets_key, give_back(look, look.subsets_key, without_subsets(rule), release))
