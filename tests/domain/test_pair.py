"""Two releases of one Service: each state that a few deeds reach, breadth first, equal states merged.

The depth is 3 deeds, on services without and with routes of their own; EXPLORE_DEPTH sets another one
(`make soak`: 8).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from grayrelease.domain import stand
from grayrelease.domain.allowed import Deed, Steps, allowed
from grayrelease.domain.plan import NOBODY, Audience, Condition, Exposure, Group, Manifest, Mirror
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import OVER, Goal, Key, Phase, Status
from tests.domain.pair import ALL_TRAFFIC, Pair, pair, planned
from tests.domain.pair_rules import check_always, check_before, is_clean

DEPTH = int(os.environ.get("EXPLORE_DEPTH", "3"))
LONG_ENOUGH = 120

TESTERS = Audience(groups=(Group(conditions=(Condition(on="header", name="x-tester", values=("yes",)),)),))
PLANS = {
    7: planned("v2", Exposure(share=200), Exposure(share=600)),
    8: planned(
        "v3",
        Exposure(mirror=Mirror(share=500)),
        Exposure(share=1000, audience=TESTERS),
        Exposure(share=500),
    ),
}


def istio_object(kind: str, name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": "demo", "annotations": {"team": "reviews"}}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def to(host: str, weight: int | None = None, subset: str = "") -> Manifest:
    destination = {"host": host, **({"subset": subset} if subset else {})}
    return {"destination": destination, **({"weight": weight} if weight is not None else {})}


USERS = (
    istio_object(
        "VirtualService",
        "reviews-routes",
        {
            "hosts": ["reviews"],
            "http": [
                {
                    "match": [{"uri": {"prefix": "/old"}}],
                    "route": [to("legacy", 10), to("reviews", 90, "stable")],
                },
                {"route": [to("reviews", subset="stable")], "retries": {"attempts": 2}},
            ],
        },
    ),
    istio_object(
        "VirtualService",
        "edge",
        {
            "hosts": ["reviews.example.com"],
            "gateways": ["demo/edge"],
            "http": [{"route": [to("reviews.demo.svc.cluster.local")], "timeout": "3s"}],
        },
    ),
    istio_object(
        "DestinationRule",
        "reviews",
        {
            "host": "reviews",
            "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}},
            "subsets": [
                {
                    "name": "stable",
                    "labels": {"version": "v1"},
                    "trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 9}}},
                }
            ],
        },
    ),
)


def users_of(world: Pair) -> dict[Key, Manifest]:
    kinds = ("VirtualService", "DestinationRule")
    found = [each for kind in kinds for each in world.cluster.list(kind, "demo")]
    return {Key(each["kind"], each["metadata"]["name"]): each for each in found}


Act = Callable[[Pair], None]


def deeds(world: Pair) -> Iterator[tuple[str, Act]]:
    """Yield what a person may do now: what `allowed` and the room beside others permit."""
    for pk in PLANS:
        begun = pk in world.live or pk in world.over or world.stable[0] != "v1"
        if not begun and stand.no_room(PLANS[pk].steps[0].exposure, world.others(pk)) is None:
            yield f"start {pk}", lambda w, pk=pk: w.start(pk)  # type: ignore[misc]
        if pk in world.live:
            yield from of_release(world, pk)


def of_release(world: Pair, pk: int) -> Iterator[tuple[str, Act]]:
    each, status = world.live[pk], world.statuses[pk]
    then = stand.next_step(each.plan, world.stand(pk))
    table = allowed(status.phase, "operator", status.now, each.goal, Steps(more=then is not None))
    over, back = Stand(ALL_TRAFFIC, each.step, each.drawn), Stand(NOBODY, each.step, each.drawn)
    version = each.plan.candidate.version
    acts: list[tuple[Deed, str, Stand | None, Act]] = [
        ("continue", "step", then, lambda w: w.expose(pk, then or back)),
        ("take-over", "new takes over", over, lambda w: w.expose(pk, over, Goal.TAKE_OVER, version)),
        ("take-over", "old takes over", back, lambda w: w.expose(pk, back, Goal.TAKE_OVER, world.stable[0])),
        ("roll-back", "roll back", None, lambda w: w.expose(pk, back, Goal.ROLL_BACK, world.stable[0])),
        ("finish", "finish", None, lambda w: w.end(pk, Goal.FINISH)),
        ("abandon", "abandon", None, lambda w: w.end(pk, Goal.ABANDON)),
        ("abandon", "abandon, keep both", None, lambda w: w.end(pk, Goal.ABANDON, keep_both=True)),
    ]
    for deed, name, wanted, act in acts:
        # A step that follows by itself may meet one that a person set meanwhile: then it waits.
        room = wanted is None or name == "step" or not stand.no_room(wanted.exposure, world.others(pk))
        if table[deed] is None and room:
            yield f"{name} {pk}", act


def settle(world: Pair, users: dict[Key, Manifest]) -> None:
    """Let runs and seconds follow each other until nothing is awaited; each write is held to the rules."""
    for _ in range(LONG_ENOUGH):
        decision = world.decide()
        for write in decision.writes:
            check_before(world, write)
            world.apply(write)
            check_always(world, users)
        world.remember(decision)
        if not decision.writes and not [each for each in decision.statuses.values() if awaits(each)]:
            reached(world, users)
            return
        world.tick()
    raise AssertionError({pk: (s.phase, s.waits) for pk, s in world.statuses.items()})


def awaits(status: Status) -> bool:
    """Tell if something is awaited that comes by itself, or a release just ended."""
    return status.phase in OVER or (status.waits is not None and status.waits.code != "no-room")


QUIET = {Phase.RUNNING, Phase.TAKEN_OVER, Phase.ROLLED_BACK}


def reached(world: Pair, users: dict[Key, Manifest]) -> None:
    """What was wanted is in effect, or says why not."""
    for pk in world.live:
        status = world.statuses[pk]
        assert status.phase in QUIET or status.waits, status
    if not world.live and len(world.versions()) == 1:
        is_clean(world, users)
    if not world.live and len(world.versions()) > 1:
        assert world.pinned, "several versions run on: the routes stay, as a state of the target"


def fingerprint(world: Pair) -> str:
    """Return what tells states apart: intent, phases, and objects without their counters."""
    kinds = ("VirtualService", "DestinationRule", "Deployment", "Pod")
    objects = [
        [kind, each["metadata"]["name"], each.get("spec"), sorted(each["metadata"].get("labels", {}))]
        for kind in kinds
        for each in world.cluster.list(kind, "demo")
    ]
    intents = [
        [pk, each.goal, each.exposure.model_dump(), each.step, each.winner, world.statuses[pk].phase]
        for pk, each in sorted(world.live.items())
    ]
    return json.dumps([world.stable, world.pinned, intents, sorted(world.over.items()), objects])


def explore(depth: int, *objects: Manifest) -> int:
    """Return how many states were seen."""
    first = pair(PLANS, *objects)
    users = users_of(first)
    seen, layer = {fingerprint(first)}, [(first, "")]
    for _ in range(depth):
        following = []
        for world, story in layer:
            for name, act in deeds(world):
                told = f"{story}, {name}"
                then = advance(world, act, users, told)
                mark = fingerprint(then)
                if mark not in seen:
                    seen.add(mark)
                    following.append((then, told))
        layer = following
    return len(seen)


def advance(world: Pair, act: Act, users: dict[Key, Manifest], told: str) -> Pair:
    then = world.copy()
    act(then)
    try:
        settle(then, users)
    except AssertionError as error:
        error.add_note(f"after {told.lstrip(', ')}")
        raise
    return then


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("objects", [(), USERS], ids=["no routes", "users' routes"])
def test_the_rules_hold_in_each_state_that_two_releases_reach(objects: tuple[Manifest, ...]) -> None:
    states = explore(DEPTH, *objects)
    assert states > DEPTH
