"""Ten thousand cookie jars at a real Envoy, through the steps of a sticky release."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from math import sqrt
from typing import Any

import pytest

from grayrelease.domain import stand
from grayrelease.domain.plan import Audience, Condition, Exposure, Group, Plan, Step
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.expand import expand
from grayrelease.domain.routing.rules import own_rule
from grayrelease.domain.routing.subsets import with_subsets
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import Goal, ReleaseIntent
from tests.domain.manifests import plan
from tests.domain.routing.shapes import CORPUS, REVIEWS, carriers_of, objects
from tests.sticky.browser import Browser
from tests.sticky.edge import Edge, edge

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

Z = 3.89
"""Ten looks at a share all fall within with 99.9 %."""
TESTERS = Audience(groups=(Group(conditions=(Condition(on="cookie", name="group", values=("testers",)),)),))
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "reviews", "namespace": "demo"},
    "spec": {"ports": [{"name": "http", "port": 9080}], "selector": {"app": "reviews"}},
}


def plan_of(*exposures: Exposure) -> Plan:
    return plan().model_copy(update={"steps": tuple(Step(exposure=each) for each in exposures)})


def wanted(whole: Plan, where: Stand, goal: Goal = Goal.RUN) -> Exposing:
    """Return what a release exposes, as its row says it."""
    intent = ReleaseIntent(7, whole, goal, where.exposure, where.step, drawn=where.drawn)
    drawn = intent.drawn if intent.wanted.sticky else ()
    return Exposing(intent.id, whole.candidate.version, intent.wanted, drawn)


def written(shape: str, exposing: Exposing) -> list[Any]:
    """Return a shape's objects as they are once this is in effect."""
    found = deepcopy(objects(next(path for path in CORPUS if path.stem == shape)))
    releases = [exposing] if exposing.exposure.meets else []
    routes = [
        expand(each.manifest, REVIEWS, "v1", releases, each.place) for each in carriers_of(found).objects
    ]
    others = [without_tls(each) for each in found if each["kind"] != "VirtualService"]
    return [SERVICE, *others, with_subsets(own_rule(REVIEWS), ["v1", "v2"]), *routes]


def without_tls(manifest: Any) -> Any:
    """Return a Gateway as it is once the connection is decrypted: the sandbox's has no certificates."""
    for server in manifest["spec"].get("servers") or []:
        server.pop("tls", None)
        server["port"] = {"number": 80, "name": "http", "protocol": "HTTP"}
    return manifest


def within(browsers: Sequence[Browser], share: float) -> bool:
    met = sum(each.met[-1] == "v2" for each in browsers) / len(browsers)
    return abs(met - share) <= Z * sqrt(share * (1 - share) / len(browsers))


def crowd(count: int, seed: int) -> list[Browser]:
    """Make browsers with no, one or several cookies from elsewhere, and one whose name is like ours."""
    chance = random.Random(seed)
    several = [{}, {"theme": "dark"}, {"a": "b", "user": "jason", "xgr-7": "v2.0"}, {"lang": "zh"}]
    return [Browser(others=dict(chance.choice(several))) for _ in range(count)]


def moves(browsers: Sequence[Browser]) -> set[tuple[str, str]]:
    """Return what they met at their last two visits."""
    return {(each.met[-2], each.met[-1]) for each in browsers if len(each.met) > 1}


async def stay(at: Edge, moment: int, browsers: Sequence[Browser]) -> None:
    """Assert that they meet the version that they met, ten times of ten."""
    for _ in range(10):
        await at.visit(moment, browsers)
    assert all(len(set(each.met[-11:])) == 1 for each in browsers)


def some(browsers: Sequence[Browser], chance: random.Random) -> Iterator[Browser]:
    """Most come at each step; who doesn't comes back only later."""
    return (each for each in browsers if chance.random() < 0.85)


def test_ten_thousand_jars_through_5_20_50_and_20_percent() -> None:
    steps = plan_of(*(Exposure(share=share, sticky=True) for share in (50, 200, 500)))
    first = stand.begin(steps)
    second = stand.next_step(steps, first)
    third = second and stand.next_step(steps, second)
    assert second and third
    lowered = stand.moved(steps, third, Exposure(share=200, sticky=True))
    plain = stand.moved(steps, lowered, Exposure(share=200))
    again = stand.moved(steps, plain, Exposure(share=300, sticky=True))
    sticky = [wanted(steps, each) for each in (first, second, third, lowered, plain, again)]
    back = wanted(steps, again, Goal.ROLL_BACK)
    moments = [written("gateway-https", each) for each in (*sticky, back)]
    asyncio.run(_jars(moments))


async def _jars(moments: Sequence[Sequence[Any]]) -> None:
    browsers, chance = crowd(10_000, 1), random.Random(2)
    async with edge(moments, 80, "shop.example.com", "/reviews/1") as at:
        for moment, share in enumerate((0.05, 0.2, 0.5)):
            come = list(some(browsers, chance))
            await at.visit(moment, come)
            assert ("v2", "v1") not in moves(come), "somebody goes back to stable on a raise"
            assert within(come, share)
            await stay(at, moment, come[:50])
        # Who has been away comes with the cookie of the step that they saw last.
        come = list(some(browsers, chance))
        last = [each.jar["gr-7"].value[-1] if each.met else "" for each in come]
        await at.visit(3, come)
        assert within(come, 0.2)
        assert {"", "0", "1", "2"} == set(last)
        at_20, at_50 = (
            [each for each, step in zip(come, last, strict=True) if step == wanted] for wanted in "12"
        )
        assert moves(at_50) == {("v1", "v1"), ("v2", "v1"), ("v2", "v2")}, "new ones meet it on a lowering"
        assert moves(at_20) == {("v1", "v1"), ("v2", "v2")}, "somebody changes though the share is the same"
        await stay(at, 3, come[:50])
        _attributes(come)
        await _later(at, browsers)


def _attributes(browsers: Sequence[Browser]) -> None:
    for each in browsers:
        ours = each.jar["gr-7"]
        assert ours.attributes == {"path": "/", "httponly": "", "samesite": "Lax", "secure": ""}
        assert ours.value == f"{each.met[-1]}.3"
        assert each.jar["session"].value == "s1", "the workload's own cookie is lost"


async def _later(at: Edge, browsers: Sequence[Browser]) -> None:
    """A step without cookies, a sticky one again, and the way back."""
    some = browsers[:2000]
    cookies = [each.jar.get("gr-7") for each in some]
    await at.visit(4, some)
    assert within(some, 0.2)
    assert cookies == [each.jar.get("gr-7") for each in some]
    assert {("v1", "v2"), ("v2", "v1")} <= moves(some), "without cookies each request is drawn"
    had = [each for each in some if each.jar.get("gr-7") and each.jar["gr-7"].value == "v2.3"]
    await at.visit(5, some)
    assert within(some, 0.3)
    assert had and {each.met[-1] for each in had} == {"v2"}, "who had the candidate when it was sticky"
    await at.visit(6, some)
    assert {each.met[-1] for each in some} == {"v1"}
    assert {each.jar["gr-7"].value[:2] for each in some} == {"v1", "v2"}


def test_an_audience_stays_too_and_others_meet_stable_without_a_cookie() -> None:
    shares = [Exposure(share=share, sticky=True, audience=TESTERS) for share in (300, 600)]
    steps = plan_of(*shares, Exposure(share=200, sticky=True))
    first = stand.begin(steps)
    second = stand.next_step(steps, first)
    third = second and stand.next_step(steps, second)
    assert second and third
    exposing = [wanted(steps, each) for each in (first, second, third)]
    back = wanted(steps, third, Goal.ROLL_BACK)
    asyncio.run(_audience([written("gateway", each) for each in (*exposing, back)]))


async def _audience(moments: Sequence[Sequence[Any]]) -> None:
    browsers = crowd(1500, 3)
    for each in browsers:
        each.secure = False
    testers, others = browsers[:1000], browsers[1000:]
    for each in testers:
        each.others["group"] = "testers"
    async with edge(moments, 80, "shop.example.com", "/reviews/1") as at:
        for moment, share in enumerate((0.3, 0.6)):
            await at.visit(moment, browsers)
            assert within(testers, share)
            assert ("v2", "v1") not in moves(testers)
            assert {each.met[-1] for each in others} == {"v1"}
            assert not any("gr-7" in each.jar for each in others)
            await stay(at, moment, browsers[975:1025])
        assert {tuple(sorted(each.jar["gr-7"].attributes)) for each in testers} == {
            ("httponly", "path", "samesite")
        }
        await at.visit(2, browsers)
        assert within(testers, 0.2)
        assert within(others, 0.2)
        assert ("v1", "v2") not in moves(testers), "a tester who had stable meets the candidate on a lowering"
        await at.visit(3, browsers)
        assert {each.met[-1] for each in browsers} == {"v1"}


def test_who_drops_cookies_is_drawn_anew_at_each_request() -> None:
    """What a caller in between does that keeps no cookies: its users change versions all the time."""
    steps = plan_of(Exposure(share=500, sticky=True))
    asyncio.run(_dropping([written("gateway", wanted(steps, stand.begin(steps)))]))


async def _dropping(moments: Sequence[Sequence[Any]]) -> None:
    browsers = [Browser(drops=True) for _ in range(100)]
    async with edge(moments, 80, "shop.example.com", "/reviews/1") as at:
        for _ in range(20):
            await at.visit(0, browsers)
    assert all(set(each.met) == {"v1", "v2"} for each in browsers)
