"""A sticky release is frozen only where each caller keeps cookies, or somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from grayrelease import metrics, operations
from grayrelease.domain.handing import UNSEEN, Source
from grayrelease.metrics.memory import Memory
from grayrelease.models import Draft, Event
from tests.operations.test_drafts import codes, draft
from tests.world import World, person

STICKY = [{"exposure": {"share": 50, "sticky": True}}]
PAGE = {
    "name": "page-v2",
    "service": "productpage",
    "image": "istio/examples-bookinfo-productpage-v2:1.16.2",
    "steps": STICKY,
}
GATEWAY = Source("istio-ingressgateway", "istio-system", "istio-ingressgateway")
CRON = Source("cron", "demo", "cron")


@pytest.fixture
def seen() -> Iterator[Memory]:
    with metrics.use(Memory(workloads={"gateway": GATEWAY, "cron": CRON})) as double:
        assert isinstance(double, Memory)
        yield double


def calls(seen: Memory, service: str, *callers: str) -> None:
    for caller in callers:
        seen.scrape("demo", service, timezone.now(), {"v1": 5}, caller=caller)


def freeze(made: Draft) -> Draft:
    operations.freeze(person("operator"), made)
    return made


def refused(world: World, **typed: Any) -> list[str]:
    with pytest.raises(operations.Refused) as why:
        freeze(draft(world, **typed))
    return codes(why)


def test_a_service_that_a_gateway_alone_calls_may_be_sticky(world: World, seen: Memory) -> None:
    calls(seen, "productpage", "gateway")
    assert freeze(draft(world, **PAGE)).frozen


def test_a_caller_in_between_is_named_and_refused_until_somebody_vouches(world: World, seen: Memory) -> None:
    calls(seen, "productpage", "gateway", "cron")
    assert refused(world, **PAGE) == ["callers-between"]
    assert refused(world, **PAGE, vouched=["productpage-v1"]) == ["callers-between"]
    made = freeze(draft(world, **PAGE, vouched=["cron"]))
    operations.create_release(person("operator"), made)
    assert Event.objects.get(kind="created").data["vouched"] == ["cron"]


def test_a_caller_that_came_after_the_word_is_refused_too(world: World, seen: Memory) -> None:
    calls(seen, "productpage", "cron")
    made = draft(world, **PAGE, vouched=["cron"])
    seen.workloads["late"] = Source("late", "jobs", "late")
    calls(seen, "productpage", "late")
    with pytest.raises(operations.Refused) as why:
        freeze(made)
    assert why.value.reasons[0].facts["callers"] == "jobs/late"


def test_without_metrics_somebody_must_vouch(world: World, seen: Memory) -> None:
    seen.error = "Prometheus gave no answer within 1.5 s"
    assert refused(world, **PAGE) == ["callers-unseen"]
    assert freeze(draft(world, **PAGE, vouched=[UNSEEN])).frozen


def test_a_service_of_services_may_be_sticky_once_its_callers_are_vouched_for(
    world: World, seen: Memory
) -> None:
    assert refused(world, steps=STICKY) == ["no-browser"]
    calls(seen, "reviews", "cron")
    assert refused(world, steps=STICKY) == ["callers-between"]
    assert freeze(draft(world, steps=STICKY, vouched=["cron"])).frozen


def test_nobody_is_asked_about_callers_where_nothing_is_sticky(world: World, seen: Memory) -> None:
    freeze(draft(world))
    assert seen.asked == []
