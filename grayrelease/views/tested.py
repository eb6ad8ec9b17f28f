"""The route tester's answer, ready for a template: which version, by which rule, why none of those before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import yaml
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from grayrelease import meets, tester_words
from grayrelease.domain.evaluate import Answer, Caller, Failed, Looked, Ref, Request, Rule
from grayrelease.domain.evaluate.conditions import conditions
from grayrelease.domain.evaluate.request import Refused, arrive
from grayrelease.domain.matching import istio_matches
from grayrelease.domain.plan import Audience, Condition, Group, Manifest
from grayrelease.domain.routing.copies import COPY, copied_for
from grayrelease.domain.written import SELF
from grayrelease.models import Release
from grayrelease.views.live import Live, namespace_of

Names = Mapping[int, Release]
"""The project's live releases."""


@dataclass(frozen=True)
class Asked:
    """A condition of an audience, and whether the request meets it."""

    text: SafeString
    holds: bool


@dataclass(frozen=True)
class Tried:
    """A rule that was looked at: whose it is, whom it asks for, and why it did not match."""

    number: int
    object: str
    name: str
    release: Release | None
    draft: bool
    taken: bool
    groups: list[list[Asked]]
    failures: list[SafeString]


@dataclass(frozen=True)
class Goes:
    """Where requests go, and how likely."""

    version: str
    role: str
    release: Release | None
    service: str
    permille: int
    trouble: str

    @property
    def name(self) -> str:
        return self.version or self.service


@dataclass(frozen=True)
class Tested:
    """All that the page shows of an answer."""

    answer: Answer
    goes: list[Goes]
    copies: list[tuple[str, float, bool]]
    rules: list[Tried]
    later: list[Tried]
    """Rules that nobody looked at, since one before took the request."""
    ignored: list[tuple[str, str]]
    outcome: str
    text: str
    """The rule that was taken, as Istio has it."""


@dataclass(frozen=True)
class Telling:
    """Tells an answer in a project's words."""

    live: Live
    caller: Caller
    request: Request
    releases: Names
    audiences: Mapping[int, Audience]
    stable: Mapping[str, str]
    """Service → stable version, where it has a target."""

    def told(self, answer: Answer) -> Tested:
        return Tested(
            answer=answer,
            goes=list(self._goes(answer)),
            copies=[
                (self._named(each.host, each.subset), each.percent, each.reachable) for each in answer.mirrors
            ],
            rules=list(self._rules(answer)),
            later=list(self._later(answer)),
            ignored=[(_title(each.object), self._cause(each.cause, each.other)) for each in answer.ignored],
            outcome=_outcome(answer),
            text=self._text(answer.taken),
        )

    def _goes(self, answer: Answer) -> Iterator[Goes]:
        for each in answer.destinations:
            version = self._version(each.host, each.subset)
            service = each.host.partition(".")[0] if namespace_of(each.host) else each.host
            brings = [
                r for r in self.releases.values() if (r.target.service, r.candidate) == (service, version)
            ]
            known = self.stable.get(service)
            role = "candidate" if brings else "stable" if not known or version == known else "third"
            trouble = tester_words.reason(each.reason, each.status) if each.reason else ""
            yield Goes(version, role, next(iter(brings), None), service, round(1000 * each.chance), trouble)

    def _version(self, host: str, subset: str) -> str:
        """Return the version that a subset selects, as its DestinationRule says it; "" where all do."""
        if not subset:
            return ""
        for rule in self.live.of("DestinationRule"):
            for each in (rule.get("spec") or {}).get("subsets") or []:
                if each.get("name") == subset and self._is_for(rule, host):
                    return str((each.get("labels") or {}).get("version") or subset)
        return subset

    @staticmethod
    def _is_for(rule: Manifest, host: str) -> bool:
        said = str(rule["spec"].get("host", "")).lstrip("*.")
        return host == said or host.startswith(f"{said}.") or host.endswith(f".{said}")

    def _named(self, host: str, subset: str) -> str:
        version = self._version(host, subset)
        short = host.partition(".")[0] if namespace_of(host) == self.live.project.namespace else host
        return f"{short} {version}".strip()

    def _rules(self, answer: Answer) -> Iterator[Tried]:
        grouped = groupby(
            answer.looked, key=lambda each: (each.rule.object, each.rule.delegate, each.rule.index)
        )
        for number, (_, found) in enumerate(grouped, 1):
            yield self._tried(number, list(found))

    def _later(self, answer: Answer) -> Iterator[Tried]:
        """Tell the rules that were not looked at: whose they are, and whom they are for."""
        for number, rule in enumerate(answer.later, len(list(self._rules(answer))) + 1):
            yield replace(self._tried(number, [Looked(rule)]), taken=False)

    def _tried(self, number: int, looked: list[Looked]) -> Tried:
        rule, taken = looked[-1].rule, looked[-1].taken
        name = _named(rule)
        key = _release_of(rule.route)
        audience = self.audiences.get(key) if key is not None else None
        groups = [self._asked(group) for group in audience.groups] if audience else []
        met = any(all(one.holds for one in group) for group in groups)
        failures = (
            [] if taken or (groups and not met) else [tester_words.failed(f) for f in _failures(looked)]
        )
        release = self.releases.get(key) if key is not None else None
        where = rule.delegate or rule.object
        return Tried(number, _title(where), name, release, key == SELF, taken, groups, failures)

    def _asked(self, group: Group) -> list[Asked]:
        return [Asked(meets.condition(each), self._holds(each)) for each in group.conditions]

    def _holds(self, condition: Condition) -> bool:
        arrived = arrive(self.request, self.caller)
        if isinstance(arrived, Refused):
            return False
        matches = istio_matches([Group(conditions=(condition,))])
        asked = (conditions(match, by_segment=False) for match in matches)
        return any(all(one.failure(arrived) is None for one in each) for each in asked)

    def _cause(self, cause: str, other: Ref | None) -> str:
        facts = {"other": _title(other) if other else gettext("another object")}
        return str(tester_words.CAUSES[cause]) % facts

    def _text(self, rule: Rule | None) -> str:
        """Return a rule's YAML; what other namespaces wrote is theirs to show."""
        where = (rule.delegate or rule.object) if rule else None
        if rule is None or where is None or where.namespace != self.live.project.namespace:
            return ""
        found = next((each for each in self.live.objects if _is(each, where)), {})
        spec = found.get("spec") or {}
        rules = spec.get("http") or spec.get("rules") or []
        return _yaml(rules[rule.index]) if rule.index < len(rules) else ""


def _is(manifest: Manifest, where: Ref) -> bool:
    metadata = manifest["metadata"]
    found = (manifest.get("kind"), metadata.get("namespace"), metadata["name"])
    return found == (where.kind, where.namespace, where.name)


def _named(rule: Rule) -> str:
    """Return the name that people gave to a rule; an HTTPRoute's is only its number."""
    if rule.object.kind == "HTTPRoute":
        return ""
    return rule.route.partition(".")[0] if rule.route.startswith(COPY) else rule.route


def _failures(looked: list[Looked]) -> list[Failed]:
    """Return each reason once: several matches of a rule often fail for the same."""
    return list(dict.fromkeys(each.failed for each in looked if each.failed is not None))


def _yaml(rule: object) -> str:
    return str(yaml.safe_dump(rule, sort_keys=False, allow_unicode=True))


def _release_of(route: str) -> int | None:
    """Return the release that a copied route's name says: `gr~reviews~12.c0~1` is of release 12."""
    keys = [key.partition(".")[0] for key in copied_for(route).values()]
    return next((int(key) for key in keys if key.isdecimal()), None)


def _title(ref: Ref) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.kind else gettext("Unknown names")


def _outcome(answer: Answer) -> str:
    """Say what comes of a request that isn't just forwarded; empty for one that is."""
    if answer.action == "redirect":
        return gettext("Redirected to %(to)s (%(status)s)") % {"to": answer.location, "status": answer.status}
    if answer.action == "direct":
        return gettext("The rule answers %(status)s itself") % {"status": answer.status}
    if answer.action == "refuse" or (answer.reason and not answer.destinations):
        return tester_words.reason(answer.reason, answer.status).capitalize()
    return ""
