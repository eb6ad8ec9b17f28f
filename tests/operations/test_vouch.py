"""A sticky release that runs draws nobody more while a caller is there for whom nobody vouched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from grayrelease import metrics, operations
from grayrelease.domain import revision
from grayrelease.domain.handing import UNSEEN, Source
from grayrelease.domain.plan import Exposure, Plan, Step
from grayrelease.domain.state import Phase
from grayrelease.metrics.memory import Memory
from grayrelease.models import Event, Inventory, Release
from tests.operations.test_exposures import codes, generation
from tests.operations.test_exposures import running as vouched_for
from tests.world import World, person

FIRST, MORE = Exposure(share=50, sticky=True), Exposure(share=200, sticky=True)
GATEWAY = Source("istio-ingressgateway", "istio-system", "istio-ingressgateway")


@pytest.fixture
def seen(world: World) -> Iterator[Memory]:
    Inventory.objects.create(project=world.project, data={"gateways": [{"istio": "ingressgateway"}]})
    known = {"gateway": GATEWAY, "cron": Source("cron", "demo", "cron")}
    with metrics.use(Memory(workloads=known)) as double:
        assert isinstance(double, Memory)
        yield double


def running(world: World, *exposures: Exposure) -> Release:
    """A release that runs at its first step; nobody has vouched for anybody."""
    release = vouched_for(world, *exposures)
    Release.objects.filter(pk=release.pk).update(vouched=[])
    release.refresh_from_db()
    return release


def calls(seen: Memory, *callers: str) -> None:
    for caller in callers:
        seen.scrape("demo", "reviews", timezone.now(), {"v1": 5}, caller=caller)


def refused(release: Release, share: int = 200) -> list[str]:
    with pytest.raises(operations.Refused) as why:
        operations.set_share(person("operator"), release, share, generation(release))
    return codes(why)


def test_while_gateways_alone_call_it_may_be_raised(world: World, seen: Memory) -> None:
    release = running(world, FIRST, MORE)
    calls(seen, "gateway")
    operations.set_share(person("operator"), release, 100, generation(release))
    operations.carry_on(person("operator"), release, generation(release))
    release.refresh_from_db()
    assert release.share == 200


def test_a_caller_that_came_later_stops_a_raise_and_a_step_but_no_lowering(
    world: World, seen: Memory
) -> None:
    release = running(world, FIRST, MORE)
    calls(seen, "gateway", "cron")
    assert refused(release) == ["callers-new"]
    with pytest.raises(operations.Refused) as why:
        operations.carry_on(person("operator"), release, generation(release))
    assert why.value.reasons[0].facts == {"callers": "cron", "service": "reviews"}
    operations.set_share(person("operator"), release, 10, generation(release))
    release.refresh_from_db()
    assert release.share == 10


def test_once_somebody_vouches_it_may_be_raised(world: World, seen: Memory) -> None:
    release = running(world, FIRST, MORE)
    calls(seen, "cron")
    operations.vouch(person("lead"), release, ["cron"], generation(release))
    release.refresh_from_db()
    assert (release.vouched, Event.objects.get(kind="vouch").data["after"]) == (
        ["cron"],
        {"vouched": ["cron"]},
    )
    operations.set_share(person("operator"), release, 200, generation(release))


def test_where_prometheus_is_silent_somebody_must_vouch_for_that(world: World, seen: Memory) -> None:
    release = running(world, FIRST, MORE)
    seen.error = "down"
    assert refused(release) == ["callers-unknown"]
    operations.vouch(person("lead"), release, [UNSEEN], generation(release))
    release.refresh_from_db()
    operations.set_share(person("operator"), release, 200, generation(release))


def test_nobody_asks_who_calls_where_nothing_is_sticky(world: World, seen: Memory) -> None:
    release = running(world, Exposure(share=50), Exposure(share=200))
    operations.set_share(person("operator"), release, 200, generation(release))
    assert seen.asked == []
    with pytest.raises(operations.Refused) as why:
        operations.vouch(person("lead"), release, ["cron"], generation(release))
    assert codes(why) == ["nothing-sticky"]


def timed(world: World) -> Release:
    """A sticky release that runs at 5 %; 20 % follow at once by themselves."""
    release = world.release(50)
    steps = (Step(exposure=FIRST, gate="time", seconds=0), Step(exposure=MORE))
    plan = Plan.model_validate_json(release.plan).model_copy(update={"steps": steps})
    text = revision.freeze(plan)
    Release.objects.filter(pk=release.pk).update(
        plan=text, exposure=revision.canonical(FIRST.model_dump(mode="python")), drawn=[50]
    )
    release.refresh_from_db()
    return release


def test_a_step_that_follows_by_itself_waits_and_says_for_whom(world: World, seen: Memory) -> None:
    release = timed(world)
    calls(seen, "gateway", "cron")
    world.run_until(release, Phase.RUNNING)
    assert release.status["waits"] == ["callers-new", {"callers": "cron", "service": "reviews"}]
    assert (release.step, release.target.due_at is not None) == (0, True)
    operations.vouch(person("lead"), release, ["cron"], generation(release))
    world.run_until(release, Phase.RUNNING)
    assert (release.step, release.share) == (1, 200)


def test_the_page_says_who_vouched_for_whom_and_who_is_left(world: World, seen: Memory) -> None:
    release = running(world, FIRST, MORE)
    calls(seen, "cron", "gateway")
    operations.vouch(person("lead"), release, ["nightly"], generation(release))
    client = Client()
    client.force_login(person("operator"))
    address = f"/p/demo/releases/{release.pk}/"
    text = client.get(address).content.decode()
    assert "nobody has" in text and "by lead" in text and "not calling now" in text
    dialog = client.get(f"{address}share/", {"share": 20}).content.decode()
    assert "cron, between browsers and reviews, may drop visitors" in dialog
    asked = {"vouched": "cron", "generation": generation(release)}
    assert client.post(f"{address}vouch/", {**asked, "vouched": "stranger"}).status_code == 200
    assert client.post(f"{address}vouch/", asked).status_code == 302
    release.refresh_from_db()
    assert release.vouched == ["cron", "nightly"]
    assert "operator vouched for the cookies of cron" in client.get(address).content.decode()
