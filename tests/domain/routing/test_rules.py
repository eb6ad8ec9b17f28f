"""Which DestinationRule counts, and subsets that come, go and are given back."""

from __future__ import annotations

from typing import Any

import pytest

from grayrelease.domain.marks import MADE_BY
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.rules import own_rule, rules_of
from grayrelease.domain.routing.subsets import plain, selecting, stays, with_subsets, without_subsets
from tests.domain.routing.shapes import CORPUS, REVIEWS, SELECTOR, objects, of_kind

POLICY = {"connectionPool": {"tcp": {"maxConnections": 5}}}
MTLS = {"trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
RULES = [each for path in CORPUS for each in of_kind(objects(path), "DestinationRule")]


def rule(name: str, host: str, namespace: str = "demo", **spec: Any) -> Any:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": spec.pop("created", "")}
    return {"kind": "DestinationRule", "metadata": metadata, "spec": {"host": host, **spec}}


def subset(name: str, version: str, **more: Any) -> Any:
    return {"name": name, "labels": {"version": version}, **more}


def codes(rules: Any) -> list[tuple[str, Any]]:
    return [(each.code, each.facts["object"]) for each in rules.refusals]


def test_the_service_s_own_rules_come_first_oldest_first() -> None:
    young, old = (
        rule("young", "reviews", created="2026-02-01"),
        rule("old", "reviews.demo.svc.cluster.local", created="2026-01-01"),
    )
    found = rules_of(REVIEWS, [young, old, rule("wide", "*.demo.svc.cluster.local")])
    assert found.mine == (old, young)
    assert found.effective == (old, young)


def test_without_one_the_most_particular_wildcard_counts_then_the_root_s() -> None:
    root = rule("root", "*.local", "istio-system")
    wide, wider = rule("wide", "*.demo.svc.cluster.local"), rule("wider", "*.cluster.local")
    assert rules_of(REVIEWS, [root, wider, wide]).source == wide
    assert rules_of(REVIEWS, [root]).source == root
    assert rules_of(REVIEWS, [root, own_rule(REVIEWS)]).source == root


def test_hosts_that_istio_takes_for_another_do_not_count() -> None:
    wrong = [rule("a", "reviews.demo"), rule("b", "reviews", "shop"), rule("c", "ratings")]
    assert rules_of(REVIEWS, wrong).effective == ()
    assert rules_of(REVIEWS, wrong).refusals == ()


def test_a_rule_that_keeps_callers_from_ours_is_named() -> None:
    far = rule("far", "reviews.demo.svc.cluster.local", "shop")
    hidden = rule("near", "reviews", exportTo=["."])
    found = [("rule-elsewhere", "DestinationRule/shop/far"), ("rule-hidden", "DestinationRule/near")]
    assert codes(rules_of(REVIEWS, [far, hidden])) == found


@pytest.mark.parametrize("before", RULES, ids=lambda each: each["metadata"]["name"])
def test_subsets_come_and_go_without_a_trace(before: Any) -> None:
    one = with_subsets(before, ["v1"])
    both = with_subsets(one, ["v1", "v2"])
    assert both == with_subsets(before, ["v1", "v2"])
    assert with_subsets(both, ["v1"]) == one
    assert without_subsets(both) == before


def test_stable_s_policy_is_everyone_s() -> None:
    before = rule("r", "reviews", subsets=[subset("v1", "v1", trafficPolicy=POLICY)])
    ours = with_subsets(before, ["v1", "v2"], own=["v1"])["spec"]["subsets"][1:]
    assert ours == [
        subset("gr-v1", "v1", trafficPolicy=POLICY),
        subset("gr-v2", "v2", trafficPolicy=POLICY),
    ]


def test_a_winner_keeps_a_plain_subset_with_stable_s_policy() -> None:
    before = rule("r", "reviews", subsets=[subset("v1", "v1", trafficPolicy=POLICY)])
    after = without_subsets(with_subsets(before, ["v1", "v2"], own=["v1"]), "v2", own=["v1"])
    assert after["spec"]["subsets"] == [*before["spec"]["subsets"], subset("v2", "v2", trafficPolicy=POLICY)]
    theirs = rule("r", "reviews", subsets=[subset("next", "v2")])
    assert stays(theirs, "v2") == "next"
    assert without_subsets(with_subsets(theirs, ["v1", "v2"]), "v2") == theirs


def test_ours_says_all_that_the_rule_says_which_it_hides() -> None:
    source = rule("wide", "*.local", "istio-system", subsets=[subset("v1", "v1")], **MTLS)
    made = own_rule(REVIEWS)
    made["metadata"]["annotations"] = {MADE_BY: "us"}
    ours = with_subsets(made, ["v1"], source=source)["spec"]
    subsets = [subset("v1", "v1"), subset("gr-v1", "v1")]
    assert ours == {"host": "reviews", **MTLS, "subsets": subsets}


def test_a_user_s_subset_of_our_name_is_refused() -> None:
    with pytest.raises(CannotSay) as refused:
        with_subsets(rule("r", "reviews", subsets=[subset("gr-v1", "v0")]), ["v1"])
    assert refused.value.reason.facts == {"object": "r", "subset": "gr-v1"}


def test_only_subsets_of_exactly_a_version_are_stable_s() -> None:
    labels = [{"version": "v1", "app": "reviews"}, {"version": "v1", "zone": "a"}, {"app": "reviews"}]
    subsets = [{"name": name, "labels": each} for name, each in zip("abc", labels, strict=True)]
    assert selecting([rule("r", "reviews", subsets=subsets)], "v1", SELECTOR) == ["a"]


def test_a_plain_name_can_be_a_name_and_none_of_ours() -> None:
    assert plain("v2") == "v2"
    assert plain("2.1").startswith("2-1-")
    assert not plain("gr-v2").startswith("gr-")
