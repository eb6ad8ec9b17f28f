"""Objects that aren't ours, were edited or deleted by others, or belong to a newer database."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.state import Goal, Key, Phase, Reason
from tests.domain.manifests import ROUTES, SUBSETS, US, V1, V2, deployment
from tests.domain.rules import shares
from tests.domain.test_status import run_until, status
from tests.domain.test_writes import until_still
from tests.domain.world import World


def exposed() -> World:
    world = World()
    until_still(world)
    return world


def annotate(world: World, key: Key, owner: str) -> None:
    world.objects[key]["metadata"]["annotations"]["grayrelease/owner"] = owner


def edit(world: World, key: Key, spec: dict[str, Any]) -> None:
    """Somebody changes a spec by hand, with kubectl."""
    found = world.objects[key]
    world.put(key, {**found, "spec": {**found["spec"], **spec}})
    fields = [{"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-24T12:30:00Z"}]
    world.objects[key]["metadata"]["managedFields"] = fields


def even_split() -> dict[str, Any]:
    both = [{"destination": {"host": "reviews", "subset": s}, "weight": 500} for s in ("gr-v1", "gr-v2")]
    return {"http": [{"route": both}]}


def test_nothing_is_written_where_the_cluster_is_ahead_of_the_database() -> None:
    world = exposed()
    annotate(world, ROUTES, f"{US}/9")
    world.deed(Goal.RUN, 800)
    decision = world.run()
    assert status(decision).now == Reason(
        "cluster-ahead", {"object": "VirtualService/reviews", "generation": 9, "known": 2}
    )
    assert (status(decision).phase, decision.writes, decision.waiting) == (Phase.FROZEN, (), False)


def test_nothing_is_written_over_another_installation_not_even_to_roll_back() -> None:
    world = exposed()
    annotate(world, SUBSETS, "11111111-2222-3333-4444-555555555555/1")
    world.deed(Goal.ROLL_BACK)
    decision = world.run()
    assert status(decision).now.code == "other-installation"
    assert decision.writes == ()


def test_an_object_that_is_called_like_ours_stops_the_release_with_its_name() -> None:
    world = World()
    world.put(V2, deployment("v2"))
    decision = world.run()
    assert status(decision).now == Reason("not-ours", {"object": "Deployment/reviews-v2"})
    assert status(decision).next == Reason("person-repairs", {"object": "Deployment/reviews-v2"})


def test_a_workload_in_our_place_is_left_alone_when_the_release_is_given_up() -> None:
    world = World()
    world.put(V2, deployment("v2", replicas=0))
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    world.deed(Goal.FINISH)
    until_still(world)
    assert world.finished
    assert world.log == []


def test_a_hand_edit_freezes_and_names_its_field_manager() -> None:
    world = exposed()
    edit(world, ROUTES, even_split())
    decision = world.run()
    facts = {"object": "VirtualService/reviews", "manager": "kubectl-edit"}
    assert status(decision).now == Reason("edited-by-other", facts)
    assert (decision.writes, decision.waiting) == ((), False)


def test_a_deed_after_a_hand_edit_writes_again() -> None:
    world = exposed()
    edit(world, ROUTES, even_split())
    world.deed(Goal.RUN, 300, decides=True)
    assert status(world.decide()).phase == Phase.RUNNING
    until_still(world)
    assert shares(world) == {"v1": 700, "v2": 300}
    assert status(world.decide()).phase == Phase.RUNNING


def test_the_same_share_asked_for_again_after_a_hand_edit_is_written_again() -> None:
    world = exposed()
    edit(world, ROUTES, even_split())
    world.deed(Goal.RUN, 200, decides=True)
    until_still(world)
    assert shares(world) == {"v1": 800, "v2": 200}


def test_an_edit_outside_our_marks_is_no_drift_and_stays_to_the_end() -> None:
    world = exposed()
    edit(world, ROUTES, {"hosts": ["reviews", "reviews.example.com"]})
    decision = world.run()
    assert (status(decision).phase, decision.writes) == (Phase.RUNNING, ())
    world.deed(Goal.RUN, 300)
    until_still(world)
    assert world.objects[ROUTES]["spec"]["hosts"] == ["reviews", "reviews.example.com"]
    assert shares(world) == {"v1": 700, "v2": 300}


def test_rolling_back_writes_over_a_hand_edit_at_once() -> None:
    world = exposed()
    edit(world, ROUTES, even_split())
    world.deed(Goal.ROLL_BACK)
    decision = world.run()
    assert len(decision.writes) == 1
    assert shares(world) == {"v1": 1000}


def test_a_hand_edited_destination_rule_keeps_its_policy() -> None:
    world = exposed()
    policy = {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 7}}}}
    edit(world, SUBSETS, policy)
    assert status(world.run()).phase == Phase.RUNNING
    world.deed(Goal.RUN, 300)
    until_still(world)
    assert world.objects[SUBSETS]["spec"]["trafficPolicy"] == policy["trafficPolicy"]
    assert status(world.decide()).phase == Phase.RUNNING


LOWERING = [(Goal.RUN, 100, "", Phase.RUNNING), (Goal.TAKE_OVER, 0, "v1", Phase.TAKEN_OVER)]


@pytest.mark.parametrize(("goal", "share", "winner", "phase"), LOWERING)
def test_a_lowering_adopts_edited_subsets_too_and_is_not_frozen_by_them(
    goal: Goal, share: int, winner: str, phase: Phase
) -> None:
    world = exposed()
    edit(world, SUBSETS, {"trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}}})
    world.deed(goal, share, winner)
    until_still(world)
    assert (shares(world) or {}).get("v2", 0) == share
    assert status(world.decide()).phase == phase


def test_rolling_back_does_not_wait_for_edited_subsets() -> None:
    world = exposed()
    edit(world, SUBSETS, {"trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}}})
    world.deed(Goal.ROLL_BACK)
    assert [write.key for write in world.run().writes] == [ROUTES]
    world.tick(1)
    until_still(world)
    world.deed(Goal.FINISH)
    until_still(world)
    assert world.finished


def test_routes_that_somebody_deleted_come_back_pinned_to_stable_and_then_at_their_share() -> None:
    world = exposed()
    world.drop(ROUTES)
    decision = world.run()
    assert [str(write.key) for write in decision.writes] == ["VirtualService/reviews"]
    assert shares(world) == {"v1": 1000}
    world.tick(1)
    until_still(world)
    assert shares(world) == {"v1": 800, "v2": 200}


def test_routes_and_subsets_that_somebody_deleted_come_back_in_the_safe_order() -> None:
    world = exposed()
    world.drop(ROUTES)
    world.drop(SUBSETS)
    made = len(world.log)
    until_still(world)
    kinds = [write.key.kind for write in world.log[made:]]
    assert kinds == ["DestinationRule", "VirtualService", "DestinationRule", "VirtualService"]
    assert shares(world) == {"v1": 800, "v2": 200}


def test_a_subset_that_somebody_took_away_is_given_back_before_anybody_is_sent_there() -> None:
    world = exposed()
    edit(world, SUBSETS, {"subsets": [{"name": "gr-v2", "labels": {"version": "v2"}}]})
    world.deed(Goal.ROLL_BACK)
    first = world.run()
    world.tick(1)
    assert [write.key for write in first.writes] == [SUBSETS]
    until_still(world)
    assert shares(world) == {"v1": 1000}


def test_rolling_back_with_pods_of_both_and_no_routes_pins_stable() -> None:
    world = exposed()
    world.drop(ROUTES)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    assert shares(world) == {"v1": 1000}
    assert status(world.decide()).phase == Phase.ROLLED_BACK


def test_a_candidate_that_somebody_deleted_is_made_again() -> None:
    world = exposed()
    world.drop(V2)
    world.tick(1)
    until_still(world)
    assert V2 in world.objects


def test_nobody_is_moved_to_a_stable_version_that_is_gone_and_finishing_is_a_way_out() -> None:
    world = exposed()
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    run_until(world, "settling")
    world.tick(1)
    world.deed(Goal.ROLL_BACK)
    decision = world.run()
    assert status(decision).now == Reason("stable-gone", {"version": "v1", "workload": "reviews-v1"})
    assert decision.writes == ()
    world.deed(Goal.FINISH)
    until_still(world)
    assert (world.finished, world.stable) == (True, "v2")


def test_a_service_that_is_gone_or_another_one_stops_all_but_finishing() -> None:
    world = exposed()
    world.uid = "another"
    decision = world.run()
    assert status(decision).now == Reason("service-gone", {"service": "reviews"})
    world.deed(Goal.FINISH)
    until_still(world)
    assert world.finished and set(world.objects) == {V1}


def test_an_object_whose_write_was_never_heard_of_settles_from_when_it_was_first_seen() -> None:
    world = World(settle_s=3)
    world.run()
    world.written.clear()
    seen_first = world.now
    world.tick(1)
    run_until(world, "writing")
    assert (world.now - seen_first).total_seconds() == 4
