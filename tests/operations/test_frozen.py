"""What somebody's edit froze is led on by a deed, though it be the one that was done before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grayrelease import operations
from grayrelease.domain.state import Goal, Phase
from grayrelease.models import Event, Release, Target
from grayrelease.operations import Deed
from tests.world import World, person

EDITED = {"now": ["edited-by-other", {"object": "VirtualService/reviews", "manager": "kubectl"}]}
Again = Callable[[Release, int], Deed]
AGAIN: dict[Goal, Again] = {
    Goal.ABANDON: lambda release, at: operations.abandon(person("operator"), release, at, keep_both=False),
    Goal.FINISH: lambda release, at: operations.finish(person("operator"), release, at),
}


def generation(release: Release) -> int:
    return Target.objects.values_list("generation", flat=True).get(pk=release.target_id)


@pytest.mark.parametrize("goal", AGAIN)
def test_an_ending_that_was_frozen_is_asked_for_again_and_done_once(world: World, goal: Goal) -> None:
    release = world.release(1000)
    Release.objects.filter(pk=release.pk).update(phase=Phase.TAKEN_OVER)
    AGAIN[goal](release, generation(release))
    Release.objects.filter(pk=release.pk).update(phase=Phase.FROZEN, status=EDITED)
    drawn = generation(release)
    first = AGAIN[goal](release, drawn)
    second = AGAIN[goal](release, drawn)
    assert first.event is not None and second.event is None
    assert generation(release) == drawn + 1
    assert Event.objects.filter(release=release, kind=first.event.kind).count() == 2
