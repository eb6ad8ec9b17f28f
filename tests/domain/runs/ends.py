"""What becomes of a target once nobody interferes: what people want is in effect, or it says who must act."""

from __future__ import annotations

from grayrelease.domain import marks
from grayrelease.domain.leaving import LEFT
from grayrelease.domain.plan import NOBODY, Exposure
from grayrelease.domain.routing.notes import carried
from grayrelease.domain.state import Decision, Goal, Key, Phase, Reason
from tests.domain.manifests import deployment
from tests.domain.pair import REVIEWS
from tests.domain.pair_rules import _content, _pins
from tests.domain.runs import deeds, raw
from tests.domain.runs.acting import Do
from tests.domain.runs.course import Course
from tests.domain.runs.kubelet import HERE
from tests.domain.runs.runs import Broken, Taken, whole

LONG_ENOUGH = 60
"""Runs until nothing is awaited any more."""
QUIET = {Phase.RUNNING, Phase.TAKEN_OVER, Phase.ROLLED_BACK}
OF_PEOPLE = {"no-room", "base-changed", "callers-new", "callers-unknown", "other-versions", "loser-leaving"}
OF_PEOPLE |= LEFT
"""What is awaited of people."""


def settle(course: Course, do: Do) -> Decision:
    """Let runs and seconds follow each other until nothing is awaited that comes by itself."""
    do(("pods heal", 0, 0))
    for _ in range(LONG_ENOUGH):
        decision = Taken(course).decision
        do(("run: whole", 0, 0))
        later = decision.due is not None and decision.due > course.now
        if not decision.waiting and not later and not decision.advances and not decision.writes:
            return decision
        if _awaits_people(course, decision) and not decision.writes and not decision.advances:
            return decision
        do(("seconds", 0, 20))
    waits = {pk: (each.phase, each.waits) for pk, each in course.statuses.items() if pk in course.live}
    raise Broken(f"it never ends: {waits}")


def _awaits_people(course: Course, decision: Decision) -> bool:
    """Tell if no release that goes on awaits anything but people."""
    waits = [each.waits for each in decision.statuses.values() if each.waits]
    return bool(waits) and all(each.code in OF_PEOPLE or _too_few(course, each) for each in waits)


def _too_few(course: Course, waits: Reason) -> bool:
    """Tell if a workload was told to have less pods than a share needs: a person scales it up."""
    if waits.code not in ("pods-not-ready", "pod-trouble"):
        return False
    found = course.find_workload(str(waits.facts["workload"]))
    return found is None or found["spec"].get("replicas", 1) < int(waits.facts["needed"])


def reached(course: Course) -> None:
    """Raise Broken where what is wanted is neither in effect nor said to be awaited."""
    for pk, each in course.live.items():
        status = course.statuses[pk]
        if status.phase == Phase.FROZEN or status.waits:
            continue
        if status.phase not in QUIET:
            raise Broken(f"end: {status.phase} and nothing is awaited")
        wanted = NOBODY if each.goal in (Goal.ROLL_BACK, Goal.ABANDON) else each.wanted
        for found in _given(course, pk):
            if found != wanted and (found.meets or wanted.meets):
                raise Broken(f"end: {status.phase}, and routes give {found!r} where {wanted!r} is wanted")


def _given(course: Course, release: int) -> list[Exposure]:
    """Return the exposure of a release that each expanded object says."""
    said = [carried(each, REVIEWS) for each in raw.of_kind(course.cluster._objects, "VirtualService")]
    of = [{each.release: each.exposure for each in one.releases} for one in said if one]
    return [one.get(release, NOBODY) for one in of]


def lead_out(course: Course, do: Do, choice: int) -> None:
    """Do what the reason of a frozen target offers, and see that it isn't frozen for that any more."""
    frozen = {pk: s for pk in course.live if (s := course.statuses[pk]).phase == Phase.FROZEN}
    if not frozen:
        return
    code = next(iter(frozen.values())).now.code
    for pk in sorted(frozen):
        if pk in course.live:
            _deed_out(course, do, pk, code, choice)
    settle(course, do)
    still = [pk for pk in course.live if course.statuses[pk].phase == Phase.FROZEN]
    if still and course.statuses[still[0]].now.code == code:
        raise Broken(f"end: frozen, {code}, and what it offers does not lead out of it")


OFFERED = ("roll-back", "finish", "abandon")


def _deed_out(course: Course, do: Do, pk: int, code: str, choice: int) -> None:
    if code == "stable-gone":
        _bring_back(course)
        return
    possible = deeds.possible(course, pk)
    offered = [each for each in OFFERED if each in possible]
    if code in ("service-gone", "led-away"):
        offered = [each for each in offered if each != "roll-back"]
    if not offered:
        raise Broken(f"end: frozen, {code}, and nothing is offered: {possible}")
    do((offered[choice % len(offered)], pk, 0))


def _bring_back(course: Course) -> None:
    """Give stable its pods again, as the reason says that a person must."""
    key = Key("Deployment", course.stable[1])
    if course.find(key) is None:
        course.put(deployment(course.stable[0], 2))
    else:
        course.edit(key, lambda found: found["spec"].update(replicas=2))


def conclude(course: Course, do: Do, choice: int) -> None:
    """End all releases, one way or another, and see that everything is given back."""
    for turn in range(8):
        if not course.live:
            break
        lead_out(course, do, choice + turn)
        for pk in sorted(course.live):
            if pk in course.live:
                _end_one(course, do, pk, choice + turn)
        settle(course, do)
    if course.live:
        told = {pk: course.statuses[pk] for pk in course.live}
        raise Broken(f"end: it can't be ended: {told}")
    if len(course.versions()) == 1 and not course.pinned:
        clean(course)


def _end_one(course: Course, do: Do, pk: int, choice: int) -> None:
    possible = deeds.possible(course, pk)
    ways = [each for each in ("finish", "roll-back", "abandon") if each in possible]
    if course.live[pk].goal in (Goal.FINISH, Goal.ABANDON) or not ways:
        # A loser that isn't ours, or another version's pods: a person takes them away.
        _take_away(course, pk)
        return
    do((ways[choice % len(ways)] if choice < 6 else ways[-1], pk, 0))


def _take_away(course: Course, pk: int) -> None:
    waits = course.statuses[pk].waits
    if waits and waits.code in LEFT:
        kept = Key("Deployment", str(waits.facts["workload"]))
        course.edit(kept, lambda it: it["spec"].update(replicas=0))
    if waits and waits.code in ("loser-leaving", "other-versions"):
        loser = str(waits.facts.get("loser") or waits.facts.get("versions"))
        for version in loser.split(", "):
            course.edit(Key("Deployment", f"reviews-{version}"), lambda it: it["spec"].update(replicas=0))


def clean(course: Course) -> None:
    """Raise Broken where anything of ours is left in routes, or users' objects aren't as users have them."""
    objects = course.cluster._objects
    kinds = ("VirtualService", "DestinationRule")
    there = {f"{k}/{n}": m for (k, at, n), m in objects.items() if k in kinds and at == HERE}
    users = {str(key): each for key, each in course.users.items()}
    if there.keys() != users.keys():
        raise Broken(f"end: left over or gone: {sorted(there.keys() ^ users.keys())}")
    for key, found in there.items():
        mine, theirs = _content(found), _content(users[key])
        if course.moved or (course.ending and found["kind"] == "DestinationRule"):
            mine, theirs = _content(_pins(found)), _content(_pins(users[key]))
        left = [name for name in marks.notes(found) if name.startswith(marks.PREFIX)]
        if mine != theirs or left or raw.named(found):
            raise Broken(f"end: {key} isn't as its users have it: {left} {mine} != {theirs}")


REACTS_WITHIN = 16
"""Runs, a second apart: a reaction may have to wait for subsets to settle, and for 10 s."""


def react(course: Course) -> None:
    """Raise Broken where people are still sent to a version without a ready pod once runs could react."""
    for _ in range(REACTS_WITHIN):
        whole(course, 0)
        if not (sent := _sent_to_nobody(course)):
            return
        course.tick()
    raise Broken(f"reaction: {', '.join(sorted(sent))} has no ready pod and is sent requests")


def _sent_to_nobody(course: Course) -> set[str]:
    """Return the versions that routes name and that have no ready pod, though stable has one."""
    frozen = any(each.phase == Phase.FROZEN for pk, each in course.statuses.items() if pk in course.live)
    workload = course.find(Key("Deployment", course.stable[1]))
    stays = workload is not None and workload["spec"].get("replicas", 1) > 0
    if frozen or not stays or not _answers(course, course.stable[0]) or course.find_service() is None:
        return set()
    subsets = raw.subsets(course.cluster._objects)
    named = {subsets.get(name, "") for name in raw.all_named(course.cluster._objects)}
    brought = {each.plan.candidate.version for each in course.live.values()}
    return {version for version in named & brought if not _answers(course, version)}


def _answers(course: Course, version: str) -> bool:
    return any(pod.ready and pod.labels["version"] == version for pod in course.pods.values())


def finish(course: Course, do: Do, ending: int) -> None:
    """Let nobody interfere any more: what is wanted is reached; with an odd `ending` all is given back."""
    react(course)
    settle(course, do)
    reached(course)
    lead_out(course, do, ending)
    reached(course)
    if ending % 2:
        conclude(course, do, ending)
