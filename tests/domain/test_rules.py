"""Whatever happens, and wherever a run stops: the rules of SAFETY §3 hold at every prefix of the writes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from grayrelease.domain.allowed import Deed, allowed
from grayrelease.domain.state import Decision, Goal, Phase
from tests.depth import tried
from tests.domain.callers import Callers
from tests.domain.manifests import ROUTES, SUBSETS, V2
from tests.domain.rules import check_always, check_before, shares
from tests.domain.world import Stale, World

LONG_ENOUGH = 200


def carry_out(world: World, decision: Decision, *, upto: int = 99) -> None:
    for write in decision.writes[:upto]:
        check_before(world, write)
        world.apply(write)
        check_always(world)


def whole_run(world: World) -> Decision:
    decision = world.decide()
    carry_out(world, decision)
    world.remember(decision)
    return decision


def killed_before_writing(world: World) -> None:
    world.decide()


def killed_before_remembering(world: World) -> None:
    carry_out(world, world.decide())


def two_runs_decided_on_the_same(world: World) -> None:
    first, second = world.decide(), world.decide()
    carry_out(world, first)
    with contextlib.suppress(Stale):
        carry_out(world, second)
    world.remember(second)


RUNS: dict[str, Callable[[World], object]] = {
    "run": whole_run,
    "killed before": killed_before_writing,
    "killed after": killed_before_remembering,
    "twice": two_runs_decided_on_the_same,
}
DEEDS: dict[str, tuple[Deed, Callable[[World], None]]] = {
    "20 %": ("set-share", lambda world: world.deed(Goal.RUN, 200)),
    "80 %": ("set-share", lambda world: world.deed(Goal.RUN, 800)),
    "0 %": ("set-share", lambda world: world.deed(Goal.RUN, 0)),
    "v2 takes over": ("take-over", lambda world: world.deed(Goal.TAKE_OVER, 1000, "v2")),
    "v1 takes over": ("take-over", lambda world: world.deed(Goal.TAKE_OVER, 0, "v1")),
    "roll back": ("roll-back", lambda world: world.deed(Goal.ROLL_BACK)),
    "finish": ("finish", lambda world: world.deed(Goal.FINISH, winner=world.release.winner)),
}
EVENTS: dict[str, Callable[[World], None]] = {
    "a pod fails": lambda world: world.set_ready("reviews-v2-0", False),
    "kubelet is slow": lambda world: setattr(world, "prompt", False),
    "kubelet is prompt": lambda world: setattr(world, "prompt", True),
    "scaled up": lambda world: world.scale(V2, 3),
}
DISTURBANCES = st.lists(st.sampled_from([*RUNS, *EVENTS, "a second"]), max_size=4)
CHAPTERS = st.lists(
    st.tuples(st.integers(0, 20), DISTURBANCES, st.sampled_from(sorted(DEEDS))), min_size=1, max_size=6
)
"""A story: rounds of runs and seconds, some trouble, then a deed; and so on."""


def act(world: World, callers: Callers, action: str) -> None:
    if action in RUNS:
        RUNS[action](world)
    elif action in EVENTS:
        EVENTS[action](world)
    else:
        callers.second()
    check_always(world)


def do(world: World, name: str, *, asked: bool) -> None:
    """Do a deed; where people are asked first, only if it's allowed now."""
    deed, carry = DEEDS[name]
    status = world.decide().statuses.get(7)
    if status is None:
        return
    table = allowed(status.phase, "operator", status.now, world.release.goal)
    if not asked or table[deed] is None:
        carry(world)


def to_the_end(world: World, callers: Callers) -> Decision:
    """Let runs and seconds follow each other until nothing is awaited."""
    world.prompt = True
    for _ in range(LONG_ENOUGH):
        decision = whole_run(world)
        if not decision.waiting:
            return decision
        callers.second()
    raise AssertionError(f"it never ends: {decision.statuses}")


def assert_reached(world: World, decision: Decision) -> None:
    goal, status = world.release.goal, decision.statuses.get(7)
    if world.finished:
        kept = "v2" if world.stable == "v2" else "v1"
        assert {ROUTES, SUBSETS} & set(world.objects) == set()
        assert world.versions() == {kept}
        return
    assert status is not None
    if status.phase == Phase.FROZEN:
        assert status.now.code == "stable-gone"
        return
    assert goal != Goal.FINISH
    assert (shares(world) or {}).get("v2", 0) == world.wanted()
    assert status.phase in (Phase.RUNNING, Phase.TAKEN_OVER, Phase.ROLLED_BACK)


@tried(60, HealthCheck.too_slow)
@given(
    chapters=CHAPTERS,
    rate=st.sampled_from([0, 5, 50, 50]),
    lag=st.sampled_from([0.0, 1.0, 2.0]),
    pods=st.integers(1, 3),
    asked=st.booleans(),
    metrics=st.booleans(),
)
def test_the_rules_hold_at_every_prefix_and_the_end_is_reached(
    chapters: list[tuple[int, list[str], str]], rate: int, lag: float, pods: int, asked: bool, metrics: bool
) -> None:
    world = World(settle_s=2, drain_s=3, stable_pods=pods, replicas=pods)
    callers = Callers(world, rate, lag, metrics)
    for rounds, disturbances, deed in chapters:
        for _ in range(rounds):
            whole_run(world)
            callers.second()
        for action in disturbances:
            act(world, callers, action)
        do(world, deed, asked=asked)
    assert_reached(world, to_the_end(world, callers))
