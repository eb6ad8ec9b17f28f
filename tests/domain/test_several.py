"""Several releases of one target: room, steps that follow by themselves, pauses, what becomes of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grayrelease.domain.plan import NOBODY, Candidate, Elsewhere, Exposure, Mirror, Plan, Step
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import Decision, Goal, Key, Phase, Reason
from tests.domain.manifests import deployment, plan
from tests.domain.pair import Pair, pair, planned
from tests.domain.test_pair import PLANS

LONG_ENOUGH = 60


def timed(*steps: tuple[int, int]) -> Plan:
    """Return a plan of shares, each of which stays for so many seconds."""
    made = tuple(Step(exposure=Exposure(share=share), gate="time", seconds=s) for share, s in steps)
    return planned("v2").model_copy(update={"steps": made})


def elsewhere() -> Plan:
    """Return a plan that brings no version, and copies all requests to a test environment."""
    to = Elsewhere(host="reviews.test.svc.cluster.local", port=9080)
    nobody = Candidate(version="", workload="", replicas=0, manifest={})
    steps = (Step(exposure=Exposure(mirror=Mirror(to=to))),)
    return plan().model_copy(update={"name": "copies", "candidate": nobody, "steps": steps})


def until_still(world: Pair) -> Decision:
    for _ in range(LONG_ENOUGH):
        decision = world.decide()
        for write in decision.writes:
            world.apply(write)
        world.remember(decision)
        told = [
            each for status in decision.statuses.values() for each in (status.now, status.waits, status.next)
        ]
        assert all(each is None or set(each.facts) == set(REASONS[each.code]) for each in told)
        if not decision.waiting or decision.advances:
            return decision
        world.tick()
    return decision


def begun(*plans: Plan) -> Pair:
    world = pair(dict(enumerate(plans, 7)))
    for pk in world.plans:
        world.start(pk)
        until_still(world)
    return world


def exposed(world: Pair) -> dict[int, int]:
    return {pk: each.share for pk, each in world.memory.exposed.items()}


def test_both_run_at_once_each_with_its_share() -> None:
    world = begun(planned("v2", Exposure(share=200)), planned("v3", Exposure(share=300)))
    routes = world.cluster.get("VirtualService", "demo", "reviews")["spec"]["http"]
    weights = {to["destination"]["subset"]: to["weight"] for to in routes[-1]["route"]}
    assert weights == {"gr-v1": 500, "gr-v2": 200, "gr-v3": 300}
    now = {pk: status.now for pk, status in world.statuses.items()}
    assert now[7] == Reason("running", {"version": "v2", "stable": "v1 / v3", "share": 200})
    assert now[8] == Reason("running", {"version": "v3", "stable": "v1 / v2", "share": 300})


def test_a_step_that_has_no_room_waits_and_follows_once_there_is_some() -> None:
    world = begun(planned("v2", Exposure(share=600)), planned("v3", Exposure(share=300)))
    world.expose(8, Stand(Exposure(share=500)))
    decision = until_still(world)
    assert decision.statuses[8].waits == Reason("no-room", {"release": "reviews-v2", "share": 600})
    assert (exposed(world), decision.writes) == ({7: 600, 8: 300}, ())
    world.expose(7, Stand(Exposure(share=100)))
    until_still(world)
    assert exposed(world) == {7: 100, 8: 500}


def test_one_that_waits_for_its_pods_does_not_hold_up_another() -> None:
    world = begun(planned("v2", Exposure(share=200)))
    world.plans[8] = planned("v3", Exposure(share=300))
    world.start(8)
    world.born["reviews-v3"] = world.now.replace(year=2030)
    world.expose(7, Stand(Exposure(share=400)))
    decision = until_still(world)
    assert decision.statuses[8].waits is not None and decision.statuses[7].waits is None
    assert exposed(world)[7] == 400


def test_a_step_follows_by_itself_once_its_time_since_verified_has_passed() -> None:
    world = begun(timed((50, 30), (500, 0)))
    decision = world.decide()
    verified = world.memory.exposed[7].verified_at
    assert verified is not None and decision.due is not None
    assert (decision.due - verified).total_seconds() == 30
    told = decision.statuses[7].next
    assert told is not None and (told.code, told.facts["share"]) == ("step-due", 500)
    assert decision.advances == {} and not decision.waiting
    world.tick((decision.due - world.now).total_seconds())
    assert world.decide().advances == {7: 1}


def test_paused_no_step_follows_and_it_says_so() -> None:
    world = begun(timed((50, 30), (500, 0)))
    world.live[7] = replace(world.live[7], paused=True)
    world.tick(100)
    decision = world.decide()
    assert (decision.advances, decision.due) == ({}, None)
    assert decision.statuses[7].now.code == "paused"
    assert decision.statuses[7].next == Reason("person-resumes", {"version": "v2", "share": 500})


def test_what_a_person_set_by_hand_waits_for_a_person_again() -> None:
    world = begun(timed((50, 30), (500, 0)))
    world.expose(7, Stand(Exposure(share=100)))
    until_still(world)
    world.tick(100)
    decision = world.decide()
    assert decision.advances == {}
    assert decision.statuses[7].next == Reason("person-continues", {"version": "v2", "share": 500})


def test_a_neighbours_write_does_not_let_a_step_wait_anew() -> None:
    world = begun(timed((50, 30), (500, 0)))
    before = world.memory.exposed[7]
    world.plans[8] = planned("v3", Exposure(share=300))
    world.start(8)
    until_still(world)
    assert world.memory.exposed[7].verified_at == before.verified_at


def test_copies_elsewhere_need_no_workload_and_no_subset() -> None:
    world = begun(elsewhere())
    assert world.statuses[7].phase == Phase.RUNNING
    to = "reviews.test.svc.cluster.local"
    assert world.statuses[7].now == Reason("mirroring", {"to": to, "stable": "v1", "share": 1000})
    assert {each["metadata"]["name"] for each in world.cluster.list("Deployment", "demo")} == {"reviews-v1"}
    world.end(7, Goal.FINISH)
    until_still(world)
    assert world.over == {7: Phase.FINISHED}
    assert world.cluster.list("VirtualService", "demo") == []


def test_the_winner_becomes_stable_and_the_other_is_held_at_nothing() -> None:
    world = begun(PLANS[7], planned("v3", NOBODY))
    world.expose(7, Stand(Exposure(share=1000)), Goal.TAKE_OVER, "v2")
    until_still(world)
    world.end(7, Goal.FINISH)
    until_still(world)
    assert (world.stable, world.over) == (("v2", "reviews-v2"), {7: Phase.FINISHED})
    assert world.live[8].exposure == NOBODY
    world.expose(8, Stand(Exposure(share=300)))
    until_still(world)
    routes = world.cluster.get("VirtualService", "demo", "reviews")["spec"]["http"]
    weights = {to["destination"]["subset"]: to["weight"] for to in routes[-1]["route"]}
    assert weights == {"gr-v2": 700, "gr-v3": 300}


def test_abandoned_both_may_run_on_and_routes_are_given_back_once_one_is_left() -> None:
    world = begun(PLANS[7])
    world.end(7, Goal.ABANDON, keep_both=True)
    until_still(world)
    assert (world.over, world.pinned, world.versions()) == ({7: Phase.ABANDONED}, True, {"v1", "v2"})
    assert world.cluster.list("VirtualService", "demo")
    world.cluster.remove("Deployment", "demo", "reviews-v2")
    world.let_pods_run()
    until_still(world)
    assert (world.pinned, world.cluster.list("VirtualService", "demo")) == (False, [])


def test_abandoned_its_candidate_goes_to_no_replicas_and_stays() -> None:
    world = begun(PLANS[7])
    world.end(7, Goal.ABANDON)
    until_still(world)
    candidate = world.find(Key("Deployment", "reviews-v2"))
    assert candidate is not None and candidate["spec"]["replicas"] == 0
    assert (world.over, world.cluster.list("DestinationRule", "demo")) == ({7: Phase.ABANDONED}, [])


def test_a_release_that_begins_beside_versions_left_pinned_starts_from_there() -> None:
    world = begun(PLANS[7])
    world.end(7, Goal.ABANDON, keep_both=True)
    until_still(world)
    world.plans[8] = planned("v3", Exposure(share=300))
    world.start(8)
    until_still(world)
    assert exposed(world) == {8: 300}
    world.end(8, Goal.FINISH)
    until_still(world)
    assert (world.over[8], world.pinned) == (Phase.FINISHED, True)


def test_a_release_that_rolls_back_leaves_the_other_its_share() -> None:
    world = begun(planned("v2", Exposure(share=200)), planned("v3", Exposure(share=300)))
    world.expose(7, Stand(NOBODY), Goal.ROLL_BACK, "v1")
    first = world.decide()
    assert [write.key.kind for write in first.writes] == ["VirtualService"]
    until_still(world)
    assert exposed(world) == {7: 0, 8: 300}
    assert world.statuses[7].phase == Phase.ROLLED_BACK


def test_routes_stay_as_long_as_a_third_version_that_somebody_brought_is_an_endpoint() -> None:
    """Given back they would send requests to it: nobody asked for that."""
    world = begun(PLANS[7])
    world.cluster.seed(deployment("v9"), manager="kubectl")
    world.let_pods_run()
    world.expose(7, Stand(NOBODY), Goal.ROLL_BACK, "v1")
    until_still(world)
    world.end(7, Goal.FINISH)
    decision = until_still(world)
    assert decision.statuses[7].waits == Reason("other-versions", {"versions": "v9"})
    assert (world.versions(), world.over) == ({"v1", "v9"}, {})
    world.cluster.remove("Deployment", "demo", "reviews-v9")
    world.let_pods_run()
    until_still(world)
    assert (world.over, world.cluster.list("VirtualService", "demo")) == ({7: Phase.FINISHED}, [])


@pytest.mark.parametrize("goal", [Goal.FINISH, Goal.ABANDON])
def test_two_that_end_at_the_same_moment_give_the_routes_back(goal: Goal) -> None:
    world = begun(planned("v2", Exposure(share=200)), planned("v3", Exposure(share=300)))
    for pk in (7, 8):
        world.expose(pk, Stand(NOBODY), Goal.ROLL_BACK)
    until_still(world)
    for pk in (7, 8):
        world.end(pk, goal)
    until_still(world)
    assert set(world.over) == {7, 8}
    assert not world.cluster.list("VirtualService", "demo") and not world.cluster.list(
        "DestinationRule", "demo"
    )
