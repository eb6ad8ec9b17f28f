"""What becomes of a release whose routes somebody replaced: marks gone, or no way to the service left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grayrelease.domain import marks
from grayrelease.domain.plan import NOBODY, Exposure, Manifest
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import Goal, Phase, Reason
from tests.domain.pair import Pair, planned
from tests.domain.test_several import begun, until_still

Edit = Callable[[Manifest], None]


def without_notes(manifest: Manifest) -> None:
    """As `kubectl replace`, or a tool that keeps a repository's state, leaves it."""
    manifest["metadata"]["annotations"] = {}


def redirected(manifest: Manifest) -> None:
    manifest["spec"]["http"] = [{"redirect": {"uri": "/moved"}}]


def redirected_without_notes(manifest: Manifest) -> None:
    without_notes(manifest)
    redirected(manifest)


def test_subsets_without_our_note_were_edited_too_and_rolling_back_goes_on() -> None:
    world = begun(planned("v2", Exposure(share=200)))
    world.cluster.edit("DestinationRule", "demo", "reviews", without_notes)
    status = until_still(world).statuses[7]
    assert status.now is not None and status.now.code == "edited-by-other"
    assert status.now.facts["object"] == "DestinationRule/reviews"
    world.expose(7, Stand(NOBODY), Goal.ROLL_BACK, "v1")
    assert until_still(world).statuses[7].phase == Phase.ROLLED_BACK
    world.end(7, Goal.FINISH)
    until_still(world)
    assert (world.over, world.versions()) == ({7: Phase.FINISHED}, {"v1"})


def edited(edit: Edit) -> Pair:
    """Return a release at 20 % whose routes somebody edited."""
    world = begun(planned("v2", Exposure(share=200)))
    world.cluster.edit("VirtualService", "demo", "reviews", edit)
    return world


def weights(world: Pair) -> dict[str, int]:
    routes = world.cluster.get("VirtualService", "demo", "reviews")["spec"]["http"]
    return {to["destination"]["subset"]: to["weight"] for to in routes[-1]["route"]}


def test_routes_without_our_notes_were_edited_by_somebody_else() -> None:
    status = until_still(edited(without_notes)).statuses[7]
    assert status.phase == Phase.FROZEN
    assert status.now is not None and status.now.code == "edited-by-other"


def test_a_share_that_is_set_then_is_written_with_the_notes_anew() -> None:
    world = edited(without_notes)
    world.expose(7, Stand(Exposure(share=500)), decides=True)
    assert until_still(world).statuses[7].phase == Phase.RUNNING
    assert weights(world) == {"gr-v1": 500, "gr-v2": 500}


def test_rolled_back_stable_alone_is_met_and_what_was_left_stays_the_users() -> None:
    world = edited(without_notes)
    world.expose(7, Stand(NOBODY), Goal.ROLL_BACK, "v1")
    assert until_still(world).statuses[7].phase == Phase.ROLLED_BACK
    assert weights(world) == {"gr-v1": 1000}
    world.end(7, Goal.FINISH)
    until_still(world)
    left = world.cluster.get("VirtualService", "demo", "reviews")
    assert left["spec"]["http"] == [{"route": [{"destination": {"host": "reviews"}}]}]
    assert marks.notes(left) == {}


@pytest.mark.parametrize("edit", [redirected, redirected_without_notes])
@pytest.mark.parametrize("share", [200, 500])
def test_nothing_is_raised_or_written_where_no_route_leads_to_the_service(edit: Edit, share: int) -> None:
    world = edited(edit)
    world.expose(7, Stand(Exposure(share=share)), decides=True)
    decision = until_still(world)
    assert decision.statuses[7].now == Reason("led-away", {"service": "reviews"})
    assert (decision.writes, decision.waiting) == ((), False)


@pytest.mark.parametrize("edit", [redirected, redirected_without_notes])
def test_it_can_still_be_rolled_back_and_finished(edit: Edit) -> None:
    world = edited(edit)
    world.expose(7, Stand(NOBODY), Goal.ROLL_BACK, "v1")
    assert until_still(world).statuses[7].phase == Phase.ROLLED_BACK
    world.end(7, Goal.FINISH)
    until_still(world)
    assert (world.over, world.versions()) == ({7: Phase.FINISHED}, {"v1"})
    left = world.cluster.get("VirtualService", "demo", "reviews")["spec"]["http"]
    assert left == [{"redirect": {"uri": "/moved"}}]
