"""A release whose pods crash and recover, and runs that look at it."""

from __future__ import annotations

from dataclasses import replace

from grayrelease.domain.plan import ALL, Exposure, Plan
from grayrelease.domain.reasons import REASONS
from grayrelease.domain.state import Decision, Goal, Key, Phase, Status
from tests.domain.manifests import deployment
from tests.domain.pair import planned
from tests.domain.runs.course import Course
from tests.domain.runs.scenes import begin

V1, V2 = Key("Deployment", "reviews-v1"), Key("Deployment", "reviews-v2")
ROUTES = Key("VirtualService", "reviews")


def run(course: Course) -> Decision:
    decision = course.decide()
    for write in decision.writes:
        course.apply(write)
    course.remember(decision)
    for status in decision.statuses.values():
        for reason in (status.now, status.waits, status.next, status.alarm):
            assert reason is None or set(reason.facts) == set(REASONS[reason.code]), reason
    return decision


def until_still(course: Course, seconds: int = 60) -> Decision:
    for _ in range(seconds):
        decision = run(course)
        if not decision.waiting:
            return decision
        course.tick()
    raise AssertionError(decision.statuses)


def brought(exposure: Exposure, *, pods: int = 2, goal: Goal = Goal.RUN) -> Course:
    """Return a release of v2 at an exposure, with so many pods of each version."""
    course = begin("none", "canary", "canary")
    course.edit(V1, lambda found: found["spec"].update(replicas=pods))
    course.tick(60)
    plan = planned("v2", exposure)
    candidate = plan.candidate.model_copy(update={"replicas": pods, "manifest": deployment("v2", pods)})
    course.plans[7] = plan.model_copy(update={"candidate": candidate})
    course.start(7)
    if goal != Goal.RUN:
        course.live[7] = replace(course.live[7], goal=goal, winner="v2")
    until_still(course)
    return course


def crash(course: Course, key: Key, pods: int = 9) -> None:
    """Let the first pods of a workload crash, for good."""
    dying = sorted(name for name, pod in course.pods.items() if pod.workload == key.name)[:pods]
    course.pods = {
        name: replace(pod, ready=None, broken=True) if name in dying else pod
        for name, pod in course.pods.items()
    }
    course.let_pods_run()


def heal(course: Course) -> None:
    course.pods = {name: replace(pod, broken=False) for name, pod in course.pods.items()}
    course.let_pods_run()


def weights(course: Course) -> dict[str, int]:
    routes = (course.find(ROUTES) or {})["spec"]["http"]
    return {each["destination"]["subset"]: each.get("weight", ALL) for each in routes[-1]["route"]}


def status(course: Course) -> Status:
    return course.statuses[7]


def taken_over(pods: int = 3) -> Course:
    course = brought(Exposure(share=ALL), pods=pods, goal=Goal.TAKE_OVER)
    assert status(course).phase == Phase.TAKEN_OVER
    return course


def finish(course: Course) -> None:
    course.live[7] = replace(course.live[7], goal=Goal.FINISH)
    course.generation += 1


def three(plan: Plan, version: str) -> Plan:
    made = deployment(version, 3)
    candidate = plan.candidate.model_copy(update={"replicas": 3, "manifest": made})
    return plan.model_copy(update={"candidate": candidate})
