"""Two releases while runs are killed, deeds come at any moment and two runs decide on the same state."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest

from grayrelease.cluster.interface import AlreadyExists, Conflict, NotFound
from grayrelease.domain.plan import Manifest
from grayrelease.domain.state import Decision, Key
from tests.domain.pair import Pair, pair
from tests.domain.pair_rules import check_always, check_before
from tests.domain.test_pair import PLANS, USERS, deeds, settle, users_of

Users = dict[Key, Manifest]
STALE = (AlreadyExists, Conflict, NotFound)


def carry_out(world: Pair, decision: Decision, users: Users, upto: int = 99) -> None:
    for write in decision.writes[:upto]:
        check_before(world, write)
        world.apply(write)
        check_always(world, users)


def whole(world: Pair, users: Users, random: Random) -> None:
    decision = world.decide()
    carry_out(world, decision, users)
    world.remember(decision)


def killed_between_two_writes(world: Pair, users: Users, random: Random) -> None:
    carry_out(world, world.decide(), users, upto=random.randint(0, 2))


def killed_before_remembering(world: Pair, users: Users, random: Random) -> None:
    carry_out(world, world.decide(), users)


def two_decided_on_the_same(world: Pair, users: Users, random: Random) -> None:
    first, second = world.decide(), world.decide()
    carry_out(world, first, users)
    with suppress(*STALE):
        for write in second.writes:
            world.apply(write)
            check_always(world, users)
    world.remember(first)


RUNS = (whole, whole, killed_between_two_writes, killed_before_remembering, two_decided_on_the_same)


def deed(world: Pair, random: Random) -> None:
    """Do something that a person may do now, as far as the last run has told."""
    known = {pk for pk in world.live if pk in world.statuses}
    if known == world.live.keys() and (able := list(deeds(world))):
        _, act = random.choice(able)
        act(world)


@pytest.mark.parametrize("seed", range(8))
def test_the_rules_hold_at_each_prefix_and_the_end_is_reached(seed: int) -> None:
    random = Random(seed)
    world = pair(PLANS, *(USERS if seed % 2 else ()))
    users = users_of(world)
    for _ in range(6):
        deed(world, random)
        for _ in range(random.randint(0, 12)):
            random.choice(RUNS)(world, users, random)
            world.tick(random.choice([0.3, 1.0, 2.5]))
    settle(world, users)
