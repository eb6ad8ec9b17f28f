"""Subsets of a DestinationRule: users' own of stable's pods, ours, and the one that stays for a winner."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from grayrelease.domain import istio
from grayrelease.domain.marks import MADE_BY, PREFIX, name, notes
from grayrelease.domain.plan import Manifest
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.state import Reason

OURS = "gr-"
ADDED = f"{PREFIX}subsets"
"""JSON: the names of the subsets that we added."""

Subset = dict[str, Any]


def plain(version: str) -> str:
    """Return the name of the subset that stays for a winner: the version, as far as it can be a name."""
    name = istio.subset(version).removeprefix(OURS)
    return name if not name.startswith(OURS) else f"v-{name}"


def all_subsets(rules: Iterable[Manifest]) -> list[Subset]:
    """Return the subsets of rules, the oldest first."""
    return [each for rule in rules for each in (rule.get("spec") or {}).get("subsets") or []]


def subset_names(rules: Iterable[Manifest]) -> set[str]:
    """Return what the subsets of rules are called."""
    return {str(each.get("name")) for each in all_subsets(rules)}


def selecting(rules: Iterable[Manifest], version: str, selector: Mapping[str, str]) -> list[str]:
    """Return the names of users' subsets of exactly a version's pods; `selector` is the Service's."""
    found = []
    for rule in rules:
        added = added_by_us(rule)
        for each in all_subsets([rule]):
            if each.get("name") not in added and _beyond(each, selector) == {"version": version}:
                found.append(str(each["name"]))
    return found


def standing_for_all(rules: Iterable[Manifest], selector: Mapping[str, str]) -> list[str]:
    """Return the names of users' subsets of all of a Service's pods."""
    return [str(each["name"]) for each in all_subsets(rules) if not _beyond(each, selector)]


def _beyond(subset: Subset, selector: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a subset that the Service doesn't ask for."""
    labels = subset.get("labels") or {}
    return {key: value for key, value in labels.items() if selector.get(key) != value}


def added_by_us(rule: Manifest) -> list[str]:
    """Return the names of the subsets that we added to a rule, as our note says."""
    try:
        return [str(each) for each in json.loads(notes(rule).get(ADDED, "[]"))]
    except (TypeError, ValueError):
        return []


def is_noted(rule: Manifest, versions: Sequence[str]) -> bool:
    """Tell if our note names all subsets of ours for these versions that are there."""
    there = subset_names([rule])
    return there & set(map(istio.subset, versions)) <= set(added_by_us(rule))


def with_subsets(
    rule: Manifest, versions: Sequence[str], own: Sequence[str] = (), source: Manifest | None = None
) -> Manifest:
    """Return a DestinationRule with a subset of ours for each version, stable's first, and no other of ours.

    Stable's copies the trafficPolicy of a user's (`own`), the others copy stable's. `source`: the rule that
    ours hides; all it says stands in ours too. Raises CannotSay where a user's subset has such a name.
    """
    result = without_subsets(rule)
    if source is not None and MADE_BY in notes(rule):
        _take_over(result, source)
    spec = result.setdefault("spec", {})
    theirs = list(spec.get("subsets") or [])
    added = [istio.subset(version) for version in versions]
    for taken in {str(each.get("name")) for each in theirs} & set(added):
        raise CannotSay(Reason("subset-taken", {"object": name(rule), "subset": taken}))
    policy = next((each.get("trafficPolicy") for each in theirs if each.get("name") in own), None)
    spec["subsets"] = [*theirs, *(_subset(istio.subset(version), version, policy) for version in versions)]
    result["metadata"].setdefault("annotations", {})[ADDED] = json.dumps(added, separators=(",", ":"))
    return result


def _subset(name: str, version: str, policy: Any) -> Subset:
    result: Subset = {"name": name, "labels": {"version": version}}
    return {**result, "trafficPolicy": deepcopy(policy)} if policy else result


def _take_over(rule: Manifest, source: Manifest) -> None:
    host = rule["spec"]["host"]
    rule["spec"] = {**deepcopy(source.get("spec") or {}), "host": host}
    rule["spec"].pop("workloadSelector", None)


def without_subsets(rule: Manifest, winner: str = "", own: Sequence[str] = ()) -> Manifest:
    """Return a DestinationRule without our subsets; what else is in it stays.

    `winner`: a version that gets a plain subset, if no user's selects it, since routes named one of stable's
    (`own`): that is named `stays(rule, winner)`, and has the same trafficPolicy.
    """
    result: Manifest = deepcopy(rule)
    spec, added = result.setdefault("spec", {}), added_by_us(rule)
    kept = [each for each in spec.get("subsets") or [] if each.get("name") not in added]
    if winner and stays(rule, winner) not in [each.get("name") for each in kept]:
        policy = next((each.get("trafficPolicy") for each in kept if each.get("name") in own), None)
        kept.append(_subset(stays(rule, winner), winner, policy))
    spec["subsets"] = kept
    if not kept and added or not kept and "subsets" not in (rule.get("spec") or {}):
        del spec["subsets"]
    annotations = result["metadata"].get("annotations") or {}
    if annotations.pop(ADDED, None) is not None and not annotations:
        del result["metadata"]["annotations"]
    return result


def stays(rule: Manifest, winner: str) -> str:
    """Return the name of the subset that a winner has when ours are gone: a user's, or a plain one."""
    added = added_by_us(rule)
    theirs = [each for each in all_subsets([rule]) if each.get("name") not in added]
    for each in theirs:
        if each.get("labels") == {"version": winner}:
            return str(each["name"])
    taken, wanted, number = {each.get("name") for each in theirs}, plain(winner), 2
    while wanted in taken:
        wanted, number = f"{plain(winner)}-{number}", number + 1
    return wanted
