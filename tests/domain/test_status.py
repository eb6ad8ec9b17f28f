"""What a release says: where it is, what it waits for and what comes next; each reason with its facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Decision, Goal, Phase, Reason, Status
from grayrelease.domain.traffic import Caller, Traffic, Window
from tests.domain.manifests import V1
from tests.domain.test_writes import until_still
from tests.domain.world import World


def status(decision: Decision) -> Status:
    found = decision.statuses[7]
    for reason in (found.now, found.waits, found.next):
        assert reason is None or set(reason.facts) == set(REASONS[reason.code]), reason
    return found


def waits(decision: Decision) -> Reason:
    found = status(decision).waits
    assert found is not None
    return found


def run_until(world: World, code: str) -> Decision:
    for _ in range(60):
        decision = world.run()
        found = status(decision).waits
        if found and found.code == code:
            return decision
        world.tick(1)
    raise AssertionError(f"it never waits for {code}")


def test_preparing_says_that_everyone_is_pinned_to_stable_first() -> None:
    decision = World().run()
    assert decision.waiting
    assert status(decision) == Status(
        Phase.PREPARING,
        Reason("preparing", {"version": "v2", "stable": "v1"}),
        Reason("writing", {"object": "DestinationRule/reviews"}),
        Reason("will-pin", {"stable": "v1"}),
    )


def nows(world: World) -> list[tuple[str, object]]:
    """Run until nothing is awaited; return what it told on the way, each once: code and share."""
    told: list[tuple[str, object]] = []
    for _ in range(60):
        decision = world.run()
        now = status(decision).now
        if (now.code, now.facts.get("share")) not in told[-1:]:
            told.append((now.code, now.facts.get("share")))
        if not decision.waiting:
            return told
        world.tick(1)
    raise AssertionError("it never ends")


def test_it_runs_from_the_first_share_on_and_says_it() -> None:
    assert nows(World()) == [("preparing", None), ("running", 200)]


def test_it_runs_without_a_share_where_none_is_wanted() -> None:
    world = World()
    world.deed(Goal.RUN, 0)
    assert nows(world) == [("preparing", None), ("running", 0)]


def test_what_ran_once_never_prepares_again() -> None:
    world = World()
    until_still(world)
    world.deed(Goal.RUN, 0)
    assert nows(world) == [("running", 200), ("running", 0)]
    world.deed(Goal.RUN, 300)
    assert nows(world) == [("running", 0), ("running", 300)]


def test_settling_says_which_object_and_for_how_long() -> None:
    world = World(settle_s=4)
    world.run()
    world.tick(1)
    assert waits(world.run()) == Reason("settling", {"object": "DestinationRule/reviews", "seconds": 3})


def test_an_image_that_cannot_be_pulled_is_said_in_kubelets_own_words() -> None:
    world = World(prompt=False, replicas=2)
    run_until(world, "pods-not-ready")
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "reviews:v9"'}
    world.pods["reviews-v2-0"]["container_statuses"] = [{"name": "reviews", "state": {"waiting": waiting}}]
    decision = world.run()
    assert decision.waiting
    assert waits(decision).facts == {
        "workload": "reviews-v2",
        "ready": 0,
        "needed": 1,
        "pod": "reviews-v2-0",
        **waiting,
    }
    assert status(decision).next == Reason("will-expose", {"version": "v2", "share": 200})


def test_a_raise_beyond_what_the_ready_pods_carry_waits_and_a_lowering_does_not() -> None:
    world = World(stable_pods=4, replicas=1)
    until_still(world)
    world.deed(Goal.RUN, 800)
    assert waits(world.run()) == Reason("pods-not-ready", {"workload": "reviews-v2", "ready": 1, "needed": 4})
    assert world.run().writes == ()
    world.deed(Goal.RUN, 100)
    assert len(world.run().writes) == 1


def test_a_pod_must_have_been_an_endpoint_for_the_settle_time() -> None:
    decision = run_until(World(), "pods-settling")
    assert waits(decision).facts == {"workload": "reviews-v2", "ready": 1, "seconds": 2}


def windows(world: World, candidate: int, stable: int, seconds: int = 10) -> Traffic:
    at = [world.now + timedelta(seconds=i) for i in range(seconds + 1)]
    counts = {"v2": candidate, "v1": stable}
    return Traffic(tuple(Window(a, b, counts) for a, b in zip(at, at[1:], strict=False)))


def raised(candidate: int, stable: int, *, after: float, settle_s: float = 2) -> tuple[World, Decision]:
    """A share was written, and so many requests a second were seen since."""
    world = World(settle_s=settle_s)
    world.traffic = Traffic()
    for _ in range(100):
        world.run()
        if world.log and world.log[-1].key.kind == "VirtualService" and len(world.log) > 4:
            break
        world.tick(1)
    world.traffic = windows(world, candidate, stable, int(after))
    world.tick(after)
    return world, world.run()


def test_a_share_is_verified_by_traffic_and_says_what_was_seen() -> None:
    world, decision = raised(20, 80, after=3)
    assert not decision.waiting
    exposed = world.memory.exposed[7]
    assert (exposed.how, exposed.observed, exposed.requests) == ("observed", 200, 300)
    assert exposed.low < 200 < exposed.high


def test_traffic_that_does_not_obey_is_said_and_never_counts_as_settled() -> None:
    world, decision = raised(0, 100, after=8)
    assert waits(decision).code == "not-seen-yet"
    assert waits(decision).facts["observed"] == 0
    world.traffic = replace(world.traffic or Traffic(), windows=windows(world, 0, 100, 100).windows)
    world.tick(100)
    assert world.run().waiting


def test_without_traffic_the_share_settles_after_the_first_scrapes() -> None:
    world, decision = raised(0, 0, after=3)
    assert waits(decision).code == "verifying"
    world.tick(2)
    assert not world.run().waiting
    assert world.memory.exposed[7].how == "settled"


def test_no_traffic_is_named_while_a_longer_settle_time_passes() -> None:
    _, decision = raised(0, 0, after=6, settle_s=15)
    assert waits(decision) == Reason("no-traffic", {"seconds": 9})


def test_a_change_too_small_to_see_settles() -> None:
    world, _ = raised(20, 80, after=5, settle_s=15)
    world.deed(Goal.RUN, 210)
    world.run()
    world.traffic = windows(world, 2, 8, 6)
    world.tick(6)
    found = waits(world.run())
    assert found.code == "too-small"
    assert found.facts == {"version": "v2", "share": 210, "before": 200, "seconds": 9}


def test_prometheus_being_down_is_named_and_the_share_settles() -> None:
    world = World(traffic_error="connection refused")
    assert waits(run_until(world, "no-metrics")).facts == {"error": "connection refused", "seconds": 1}


def finishing(namespace: str = "", **caller: Any) -> tuple[World, Decision]:
    world = World(settle_s=1, drain_s=10)
    until_still(world)
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    world.tick(20)
    world.traffic = Traffic((), (Caller("productpage-0", caller["last"], caller["seen"], namespace),))
    return world, world.run()


def test_finishing_names_the_caller_that_still_sends_to_the_loser() -> None:
    now = World().now + timedelta(hours=1)
    _, decision = finishing(last={"v1": now - timedelta(seconds=3)}, seen=now)
    assert waits(decision) == Reason("draining", {"caller": "productpage-0", "loser": "v1", "seconds": 7})


def test_finishing_names_a_caller_that_was_not_scraped_since_the_route_was_written() -> None:
    _, decision = finishing(last={}, seen=World().now)
    assert waits(decision) == Reason("drain-unseen", {"caller": "productpage-0", "loser": "v1"})
    assert decision.needs_traffic


def test_finishing_does_not_wait_for_a_caller_whose_pod_is_gone() -> None:
    world, decision = finishing("demo", last={}, seen=World().now)
    assert decision.writes, waits(decision)
    _, decision = finishing("elsewhere", last={}, seen=World().now)
    assert waits(decision).code == "drain-unseen"


def test_finishing_without_metrics_says_that_nobody_looked() -> None:
    world = World(drain_s=30)
    until_still(world)
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    until_still(world)
    world.deed(Goal.FINISH, 1000, "v2")
    found = waits(world.run())
    assert found == Reason("drain-blind", {"loser": "v1", "seconds": 28, "error": "refused"})


def test_pods_of_the_loser_that_are_still_endpoints_keep_the_routes() -> None:
    world = World()
    until_still(world)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    world.deed(Goal.FINISH)
    world.tick(10)
    world.run()
    assert waits(world.run()) == Reason("loser-leaving", {"loser": "v2", "pods": 1})


def test_a_third_version_keeps_the_routes() -> None:
    world = World()
    until_still(world)
    world.deed(Goal.ROLL_BACK)
    until_still(world)
    world.deed(Goal.FINISH)
    world.tick(10)
    world.run()
    world.tick(1)
    world.pods["reviews-v3-0"] = {"metadata": {"name": "reviews-v3-0", "labels": {"version": "v3"}}}
    assert waits(world.run()) == Reason("other-versions", {"versions": "v3"})


def test_each_phase_says_who_acts_next() -> None:
    world = World()
    until_still(world)
    assert status(world.decide()).next == Reason("person-moves", {"version": "v2"})
    world.deed(Goal.TAKE_OVER, 1000, "v2")
    assert status(world.run()).next == Reason("will-take-over", {"version": "v2"})
    world.tick(1)
    until_still(world)
    assert status(world.decide()).now == Reason("taken-over", {"version": "v2", "other": "v1"})
    assert status(world.decide()).next == Reason("person-finishes", {"loser": "v1"})
    world.deed(Goal.FINISH, 1000, "v2")
    assert status(world.run()).next == Reason("will-scale-down", {"workload": V1.name})
    world.tick(1)
    assert status(run_until(world, "settling")).next == Reason("will-give-back", {"service": "reviews"})


def test_a_target_without_releases_needs_nothing() -> None:
    world = World()
    world.finished = True
    decision = world.decide()
    assert (decision.writes, decision.statuses, decision.waiting) == ((), {}, False)
