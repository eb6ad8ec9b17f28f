"""The rules of SAFETY §2–§4, one function each: asked at each single write, whatever happened before.

A rule speaks of our writes: what others broke is not held against a write that doesn't make it worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from grayrelease.domain import istio, marks
from grayrelease.domain.holders import holder
from grayrelease.domain.plan import ALL, Manifest
from grayrelease.domain.routing.collapse import collapse
from grayrelease.domain.routing.notes import Carried, carried
from grayrelease.domain.routing.subsets import without_subsets
from grayrelease.domain.state import Create, Delete, Goal, Phase, ReleaseIntent, Status, TargetIntent, Write
from tests.domain.pair import DRAIN_S, REVIEWS, SETTLE_S, START
from tests.domain.pair_rules import _content, _pins
from tests.domain.runs import raw
from tests.domain.runs.course import Course, Listed
from tests.domain.runs.kubelet import ready

SETTLE = timedelta(seconds=SETTLE_S)


@dataclass(frozen=True)
class Written:
    """One write: what it was decided on, and what was there before and after it."""

    course: Course
    """After it."""
    intent: TargetIntent
    status: dict[int, Status]
    capacity: int
    read: Listed
    """What the run saw, which may be of a moment ago."""
    write: Write
    before: Listed
    subset_since: dict[str, datetime]
    """Before it."""
    routed: datetime
    alone_since: datetime | None

    @property
    def old(self) -> Manifest:
        key = self.write.key
        return self.before.objects.get((key.kind, "demo", key.name), {})

    @property
    def new(self) -> Manifest:
        return self.course.find(self.write.key) or {}

    def release(self, version: str) -> ReleaseIntent | None:
        found = (each for each in self.intent.releases if each.plan.candidate.version == version)
        return next(found, None)


Rule = Callable[[Written], bool]
RULES: dict[str, Rule] = {}


def rule(words: str) -> Callable[[Rule], Rule]:
    def kept(check: Rule) -> Rule:
        RULES[words] = check
        return check

    return kept


@rule("§3.1: no route names a subset that the DestinationRule does not have")
def subsets_are_there(made: Written) -> bool:
    missing = _missing(made.course.cluster._objects) - _missing(made.before.objects)
    # What somebody else took away since the run read it, it couldn't know.
    taken = set(raw.subsets(made.read.objects)) if made.course.others_rule else set()
    return not missing - taken


def _missing(objects: raw.Objects) -> set[str]:
    return raw.all_named(objects) - set(raw.subsets(objects))


@rule("§3.1: a subset has settled before a route names it")
def subsets_have_settled(made: Written) -> bool:
    if made.write.key.kind != "VirtualService":
        return True
    ripe = made.course.now - SETTLE
    fresh = raw.named(made.new) - raw.named(made.old) - _stables(made)
    since = made.subset_since
    old = raw.named(made.old)
    if old and all(since.get(name, made.course.now) > ripe for name in old):
        fresh -= {istio.subset(made.intent.stable)}  # What it names now is as new: it gets no worse.
    return all(since.get(name, ripe) <= ripe for name in fresh)


def _stables(made: Written) -> set[str]:
    """Stable's subset, where people roll back to it, or nobody else is left who could answer."""
    backing = any(each.goal == Goal.ROLL_BACK for each in made.intent.releases)
    alone = {pod.labels["version"] for pod in made.read.pods.values()} <= {made.intent.stable}
    return {istio.subset(made.intent.stable)} if backing or alone else set()


@rule("§3.1: our subsets go once no route has named them for the settle time")
def subsets_go_last(made: Written) -> bool:
    gone = set(raw.subsets(made.before.objects)) - made.course.subsets()
    if made.write.key.kind != "DestinationRule" or not gone:
        return True
    return not gone & raw.all_named(made.before.objects) and made.routed <= made.course.now - SETTLE


@rule("§3.2, §3.5: a version gets more only once enough of its pods have been ready for the settle time")
def pods_are_ready(made: Written) -> bool:
    if made.read.objects.get(("Service", "demo", "reviews")) is None:
        return True  # Nobody can be sent anywhere.
    for version, share in _raised(made).items():
        needed = max(1, -(-share * made.capacity // ALL))
        if not _runs(made.read, made.intent.stable):
            needed = 1  # Nobody else is left who could answer.
        pods = {name: pod for name, pod in made.read.pods.items() if name in _endpoints(made)}
        if ready(pods, version, made.course.now) < needed:
            return False
    return True


def _runs(listed: Listed, version: str) -> bool:
    return any(pod.labels["version"] == version for pod in listed.pods.values())


def _endpoints(made: Written) -> set[str]:
    found = made.read.objects.get(("EndpointSlice", "demo", "reviews-slice"), {})
    return {each["targetRef"]["name"] for each in found.get("endpoints", [])}


def _raised(made: Written) -> dict[str, int]:
    """Return each candidate that a write gives more than it had, with everyone's share of it, per mille."""
    if made.write.key.kind != "VirtualService":
        return {}
    versions = {istio.subset(v): v for each in made.intent.releases if (v := each.plan.candidate.version)}
    old, new = _largest(made.old), _largest(made.new)
    fresh = raw.named(made.new) - raw.named(made.old)
    more = {name for name in versions if name in fresh or new.get(name, 0) > old.get(name, 0)}
    return {versions[name]: int(new.get(name, Fraction(0)) * ALL) for name in more}


def _largest(manifest: Manifest) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for parts in raw.shares(manifest):
        found |= {name: max(part, found.get(name, Fraction(0))) for name, part in parts.items()}
    return found


@rule("§3.3: in each route the candidate's part is exactly its share; none is negative, the total is > 0")
def shares_are_exact(made: Written) -> bool:
    if made.write.key.kind != "VirtualService" or not made.new:
        return True
    said = carried(made.new, REVIEWS)
    if said is None:
        return raw.has_weight(made.new)
    parts = _parts(said)
    return raw.has_weight(made.new) and all(found == parts for found in raw.shares(made.new))


def _parts(said: Carried) -> dict[str, Fraction]:
    shares = {istio.subset(e.version): Fraction(e.exposure.everyone, ALL) for e in said.releases if e.version}
    stable = istio.subset(said.stable)
    rest = 1 - sum(shares.values(), Fraction(0))
    return {name: part for name, part in {**shares, stable: rest}.items() if part}


@rule("§3.3, §5: nothing is raised but to what people want now; rolled back, nothing is raised")
def raised_as_wanted(made: Written) -> bool:
    said = carried(made.new, REVIEWS) if made.write.key.kind == "VirtualService" else None
    given = {each.version: each.exposure for each in said.releases} if said else {}
    for version in _raised(made):
        each = made.release(version)
        wins = each is not None and each.goal == Goal.FINISH
        if each is None or each.goal in (Goal.ROLL_BACK, Goal.ABANDON):
            return False
        if not wins and given.get(version) != each.wanted:
            return False
    return True


@rule("§3.4: all traffic is pinned, and that settled, before the candidate's workload is created")
def pinned_before_created(made: Written) -> bool:
    if made.write.key.kind != "Deployment" or not isinstance(made.write, Create):
        return True
    return _pinned(made.read) and _read_settled(made)


def _pinned(listed: Listed) -> bool:
    return raw.is_served(listed.objects) and not raw.unnamed(listed.objects)


def _read_settled(made: Written) -> bool:
    """Tell if the routes that the run read had settled; what changed since then it couldn't know."""
    return made.routed > made.read.at or made.routed <= made.course.now - SETTLE


def _loser(made: Written) -> str:
    """Return the version that a write takes the workload of; "" where it takes none."""
    if made.write.key.kind != "Deployment" or isinstance(made.write, Create):
        return ""
    if not isinstance(made.write, Delete) and made.write.manifest["spec"].get("replicas"):
        return ""
    return marks.labels(made.old).get("version", "")


@rule("§3.6: a workload goes once no route names its version, settled and drained")
def drained_before_gone(made: Written) -> bool:
    loser = _loser(made)
    if not loser or made.read.objects.get(("Service", "demo", "reviews")) is None:
        return True  # Without a Service nobody is sent anywhere.
    quiet = made.course.now - timedelta(seconds=max(SETTLE_S, DRAIN_S))
    return istio.subset(loser) not in raw.all_named(made.before.objects) and made.routed <= quiet


def _came_since(made: Written) -> bool:
    """Tell if a version has pods of which the run couldn't know yet."""
    read = {pod.labels["version"] for pod in made.read.pods.values()}
    return not {pod.labels["version"] for pod in made.before.pods.values()} <= read


@rule("§3.8: while several versions are endpoints, no route to the service is without a subset")
def several_are_pinned(made: Written) -> bool:
    now = made.course.cluster._objects
    several = len(made.course.versions()) > 1 and not _came_since(made)
    worse = set(raw.unnamed(now)) - set(raw.unnamed(made.before.objects))
    unserved = raw.is_served(made.before.objects) and not raw.is_served(now)
    return not several or not (worse or unserved)


@rule("§3.8: routes are given back once one version alone has been an endpoint for the settle time")
def alone_before_given_back(made: Written) -> bool:
    theirs = all("subset" in to["destination"] for route in raw.routes(made.new) for to in raw.ways(route))
    gone = not raw.named(made.old) or raw.named(made.new) or (made.new and theirs)
    if made.write.key.kind != "VirtualService" or gone or not made.course.versions() or _came_since(made):
        return True
    return made.alone_since is not None and made.alone_since <= made.course.now - SETTLE


@rule("§2: only what we made is deleted, or a loser that people chose to delete")
def only_ours_go(made: Written) -> bool:
    if not isinstance(made.write, Delete):
        return True
    chosen = made.write.key.kind == "Deployment" and any(e.delete_loser for e in made.intent.releases)
    return marks.MADE_BY in marks.notes(made.old) or chosen


@rule("§2: what a tool keeps is left to it, unless people chose to take it all the same")
def kept_is_left(made: Written) -> bool:
    chosen = any(each.delete_loser or each.scale_held for each in made.intent.releases)
    return chosen or not _loser(made) or holder(made.old) == ""


@rule("§2: a workload stays that another live release brings, or that was nobody's to take")
def others_workloads_stay(made: Written) -> bool:
    if not _loser(made):
        return True
    ending = [e for e in made.intent.releases if e.goal in (Goal.FINISH, Goal.ABANDON)]
    name = made.write.key.name
    naming = [e for e in made.intent.releases if e.plan.candidate.workload == name and e not in ending]
    return bool(ending) and not naming


@rule("§4 (law of collapse), §3.7: what isn't ours is unchanged")
def users_keep_theirs(made: Written) -> bool:
    original = made.course.users.get(made.write.key)
    if original is None:
        return True
    if not made.new:
        return False
    is_route = made.write.key.kind == "VirtualService"
    bare = collapse(made.new, REVIEWS) if is_route else without_subsets(made.new)
    return bool(_content(_pins(bare)) == _content(_pins(original)))


@rule("§1: a frozen target is written nothing")
def frozen_is_left(made: Written) -> bool:
    return all(status.phase != Phase.FROZEN for status in made.status.values())


def broken(made: Written) -> list[str]:
    """Return the rules that a write breaks."""
    return [words for words, check in RULES.items() if not check(made)]


__all__ = ["RULES", "START", "Written", "broken"]
