"""Pods that fail: exposure falls to what they can carry, by itself, and never rises by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grayrelease.domain.plan import ALL, NOBODY, Elsewhere, Exposure, Mirror, Step
from grayrelease.domain.stand import moved
from grayrelease.domain.state import Goal, Key, Phase, Reason
from tests.domain.falling import (
    ROUTES,
    V1,
    V2,
    brought,
    crash,
    finish,
    heal,
    run,
    status,
    taken_over,
    three,
    until_still,
    weights,
)
from tests.domain.pair import planned
from tests.domain.runs.scenes import begin
from tests.domain.test_pair import TESTERS


def test_without_a_pod_its_exposure_falls_at_once_and_is_written_in_the_next_run() -> None:
    course = brought(Exposure(share=500), pods=3)
    crash(course, V2)
    decision = run(course)
    facts = {"version": "v2", "share": 0, "workload": "reviews-v2", "ready": 0, "pods": 3}
    fall = decision.falls[7]
    assert fall.exposure == NOBODY
    assert fall.reason == Reason("held-trouble", {**facts, "reason": "CrashLoopBackOff"})
    assert decision.waiting
    assert weights(course) == {"gr-v1": 500, "gr-v2": 500}
    run(course)
    assert weights(course) == {"gr-v1": ALL}
    until_still(course)
    assert status(course).phase == Phase.RUNNING
    assert status(course).now == Reason("held-trouble", {**facts, "reason": "CrashLoopBackOff"})
    assert status(course).next == Reason("person-raises", {"version": "v2"})


def test_recovered_it_stays_where_it_fell_to_until_a_person_raises_it() -> None:
    course = brought(Exposure(share=500))
    crash(course, V2)
    until_still(course)
    heal(course)
    course.tick(60)
    until_still(course)
    assert weights(course) == {"gr-v1": ALL}
    assert status(course).now.code == "held-recovered"
    course.expose(7, moved(course.live[7].plan, course.stand(7), Exposure(share=500)))
    course.live[7] = replace(course.live[7], held=None)
    until_still(course)
    assert weights(course) == {"gr-v1": 500, "gr-v2": 500}
    assert status(course).now.code == "running"


def test_with_too_few_pods_it_falls_after_ten_seconds_to_what_these_can_carry() -> None:
    course = brought(Exposure(share=900), pods=3)
    crash(course, V2, pods=2)
    decision = run(course)
    assert (decision.falls, decision.waiting) == ({}, False)
    facts = {"version": "v2", "ready": 1, "needed": 3, "share": 333, "seconds": 10}
    assert status(course).waits == Reason("falls-soon", facts)
    assert decision.due is not None and (decision.due - course.now).total_seconds() == 10
    course.tick(9)
    assert run(course).falls == {}
    course.tick(1)
    assert run(course).falls[7].exposure == Exposure(share=333)
    run(course)
    assert weights(course) == {"gr-v1": 667, "gr-v2": 333}


def test_a_pod_that_is_back_within_ten_seconds_changes_nothing() -> None:
    course = brought(Exposure(share=900), pods=3)
    crash(course, V2, pods=1)
    run(course)
    course.tick(5)
    heal(course)
    run(course)
    crash(course, V2, pods=1)
    run(course)
    course.tick(9)
    assert run(course).falls == {}
    assert weights(course) == {"gr-v1": 100, "gr-v2": 900}


def test_one_pod_is_enough_for_a_small_share() -> None:
    course = brought(Exposure(share=300), pods=3)
    crash(course, V2, pods=2)
    course.tick(60)
    assert run(course).falls == {}
    assert status(course).waits is None


@pytest.mark.parametrize(
    "exposure",
    [
        Exposure(share=ALL, audience=TESTERS),
        Exposure(mirror=Mirror()),
        Exposure(share=500, audience=TESTERS, mirror=Mirror(share=100)),
    ],
)
def test_an_audience_and_copies_need_one_pod_and_fall_to_nothing_without_any(exposure: Exposure) -> None:
    course = brought(exposure)
    crash(course, V2, pods=1)
    course.tick(30)
    assert run(course).falls == {}
    crash(course, V2)
    assert run(course).falls[7].exposure == NOBODY
    run(course)
    assert weights(course) == {"gr-v1": ALL}
    assert not any("mirrors" in each for each in (course.find(ROUTES) or {})["spec"]["http"])


def test_copies_to_another_service_go_on() -> None:
    elsewhere = Mirror(to=Elsewhere(host="reviews.test.svc.cluster.local", port=9080))
    course = brought(Exposure(share=500, mirror=elsewhere))
    crash(course, V2)
    assert run(course).falls[7].exposure == Exposure(mirror=elsewhere)


def test_a_sticky_share_that_falls_counts_as_drawn_so_that_cookies_stay_right() -> None:
    course = brought(Exposure(share=900, sticky=True), pods=3)
    crash(course, V2, pods=2)
    run(course)
    course.tick(10)
    run(course)
    assert (course.live[7].exposure, course.live[7].drawn) == (
        Exposure(share=333, sticky=True),
        (900, 333),
    )
    crash(course, V2)
    run(course)
    assert (course.live[7].exposure, course.live[7].drawn) == (Exposure(sticky=True), (900, 333))


def test_no_step_follows_by_itself_while_it_is_held() -> None:
    course = begin("none", "canary", "canary")
    plan = course.plans[7]
    steps = [Step(exposure=Exposure(share=s), gate="time", seconds=3) for s in (0, 500, 700)]
    course.plans[7] = plan.model_copy(update={"steps": tuple(steps)})
    course.start(7)
    for _ in range(20):
        run(course)
        course.tick()
        if course.find(ROUTES) and "gr-v2" in weights(course):
            break
    crash(course, V2)
    course.failing = frozenset({"reviews-v2"})
    until_still(course)
    assert course.live[7].exposure == NOBODY
    heal(course)
    course.failing = frozenset()
    for _ in range(30):
        assert run(course).advances == {}
        course.tick()
    assert weights(course) == {"gr-v1": ALL}


def test_stable_without_pods_moves_nobody_and_is_an_alarm() -> None:
    course = brought(Exposure(share=500))
    crash(course, V1)
    decision = run(course)
    facts = {"version": "v1", "workload": "reviews-v1", "ready": 0, "pods": 2, "reason": "CrashLoopBackOff"}
    assert status(course).alarm == Reason("stable-trouble", facts)
    assert (decision.falls, decision.writes) == ({}, ())
    crash(course, V2)
    course.tick(60)
    assert run(course).falls == {}, "nobody could answer instead"
    course.pods = {
        name: replace(pod, broken=False) if pod.workload == V1.name else pod
        for name, pod in course.pods.items()
    }
    course.let_pods_run()
    assert run(course).falls[7].exposure == NOBODY, "as soon as stable answers"
    assert run(course).statuses[7].alarm is None


def test_one_that_has_taken_over_falls_back_to_a_stable_version_that_can_carry_it() -> None:
    course = taken_over()
    crash(course, V2)
    assert run(course).falls[7].exposure == NOBODY
    until_still(course)
    assert weights(course) == {"gr-v1": ALL}
    assert (status(course).phase, course.live[7].goal, course.live[7].winner) == (Phase.RUNNING, Goal.RUN, "")


def test_it_falls_no_further_than_stable_can_carry() -> None:
    course = taken_over()
    course.edit(V1, lambda found: found["spec"].update(replicas=1))
    crash(course, V2, pods=2)
    run(course)
    course.tick(10)
    assert run(course).falls[7].exposure == Exposure(share=667), "one pod of stable carries a third"


def test_where_stable_can_carry_no_more_nothing_falls_and_it_says_so() -> None:
    course = taken_over()
    course.edit(V1, lambda found: found["spec"].update(replicas=1))
    crash(course, V2, pods=2)
    run(course)
    course.tick(10)
    until_still(course)
    crash(course, V2, pods=2)
    course.tick(60)
    decision = run(course)
    assert decision.falls == {} and decision.due is None
    facts = {"version": "v2", "stable": "v1", "ready": 1, "needed": 3}
    assert status(course).alarm == Reason("both-short", facts)


def test_some_pod_of_stable_is_better_than_none_of_the_candidate() -> None:
    course = taken_over()
    course.edit(V1, lambda found: found["spec"].update(replicas=1))
    crash(course, V2)
    assert run(course).falls[7].exposure == NOBODY


def test_a_finish_under_way_falls_back_as_long_as_stable_is_there() -> None:
    course = taken_over()
    finish(course)
    run(course)
    crash(course, V2)
    decision = run(course)
    assert decision.falls[7].exposure == NOBODY
    assert not any(write.key == V1 for write in decision.writes)
    until_still(course)
    assert weights(course) == {"gr-v1": ALL}
    assert course.find(V1) is not None


def test_stable_is_not_taken_offline_before_the_winner_can_carry_everyone() -> None:
    course = taken_over()
    finish(course)
    crash(course, V2, pods=1)
    for _ in range(9):
        assert not any(write.key == V1 for write in run(course).writes)
        course.tick()
    found = status(course).waits
    assert found is not None and found.code in ("pods-not-ready", "pod-trouble")


def test_nothing_falls_once_stable_is_being_taken_offline() -> None:
    course = taken_over()
    finish(course)
    for _ in range(60):
        if any(write.key == V1 for write in run(course).writes):
            break
        course.tick()
    crash(course, V2)
    for _ in range(20):
        assert run(course).falls == {}
        course.tick()


def test_what_one_sends_to_stable_counts_for_the_next() -> None:
    course = begin("none", "canary", "canary")
    for pk, version in ((7, "v2"), (8, "v3")):
        course.plans[pk] = three(planned(version, Exposure(share=400)), version)
    course.edit(V1, lambda found: found["spec"].update(replicas=3))
    course.tick(60)
    for pk in (7, 8):
        course.start(pk)
        until_still(course)
    course.edit(V1, lambda found: found["spec"].update(replicas=1))
    for key in (V2, Key("Deployment", "reviews-v3")):
        crash(course, key, pods=2)
    run(course)
    course.tick(10)
    falls = run(course).falls
    assert {pk: fall.exposure.share for pk, fall in falls.items()} == {7: 333, 8: 334}
    run(course)
    assert weights(course) == {"gr-v1": 333, "gr-v2": 333, "gr-v3": 334}
