from __future__ import annotations

import asyncio
import random

import pytest
from aiohttp import web

from grayrelease.sandbox.visitors.answers import Seen, classify
from grayrelease.sandbox.visitors.people import Visitor, crowd
from grayrelease.sandbox.visitors.summary import Summary
from grayrelease.sandbox.visitors.traffic import Plan, Traffic


def block(version: str, colour: str = "") -> str:
    rated = [f'<p data-stars="{number}" data-colour="{colour}"></p>' if colour else "" for number in (5, 4)]
    quotes = "".join(f'<blockquote class="review">text {stars}</blockquote>' for stars in rated)
    return f"<!-- reviews: {version} pod reviews-7d5-x -->{quotes}<!-- end of reviews -->"


def page(*blocks: str) -> str:
    return f'<html><dl class="details"></dl>{"".join(blocks)}</html>\n'


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, page(block("v1")), Seen("v1")),
        (200, page(block("v2", "black")), Seen("v2")),
        (200, page(block("v3", "red")), Seen("v3")),
        (200, page(block("canary", "red")), Seen("canary")),
        (0, "", Seen(fault="lost")),
        (503, "no healthy upstream", Seen(fault="status 503")),
        (200, page(block("v1"))[:-9], Seen(fault="incomplete")),
        (200, page(block("v1")).replace('class="details"', ""), Seen(fault="no details")),
        (200, page(), Seen(fault="no reviews")),
        (200, page(block("v1"), block("v2", "black")), Seen(fault="mixed")),
        (200, page(block("v2", "red")), Seen("v2", "mixed")),
        (200, page(block("v1", "black")), Seen("v1", "mixed")),
        (200, page(block("v2")), Seen("v2", "no stars")),
    ],
)
def test_an_answer_is_good_only_if_it_is_whole_and_of_one_version(
    status: int, body: str, expected: Seen
) -> None:
    assert classify(status, body) == expected


def test_a_seed_gives_the_same_people_and_jason_is_one() -> None:
    people = crowd(50, random.Random(7))
    assert people == crowd(50, random.Random(7))
    assert people[0].cookies == {"user": "jason"}
    assert len({person.name for person in people}) == 50
    assert sum(person.cookies.get("group") == "testers" for person in people) == 5
    assert len({person.user_agent for person in people}) > 10


def test_a_visitor_keeps_cookies_until_they_are_taken_back() -> None:
    visitor = Visitor("zoe", "Browser/1", {"user": "zoe"})
    visitor.keep(["gr-7=v2.1; Path=/; HttpOnly; SameSite=Lax"])
    assert visitor.headers()["Cookie"] == "user=zoe; gr-7=v2.1"
    visitor.keep(["gr-7=; Max-Age=0"])
    assert visitor.headers()["Cookie"] == "user=zoe"


def test_the_summary_counts_what_was_bad_and_how_long_answers_took() -> None:
    summary = Summary()
    for number in range(1, 101):
        summary.add("zoe", 200, Seen("v1"), at=0, seconds=number / 1000)
    summary.add("jason", 503, Seen(fault="status 503"), at=2.5, seconds=0.2)
    report = summary.as_json(10)
    assert (report["requests"], report["bad"], report["rate"]) == (101, 1, 10.1)
    assert report["versions"] == {"v1": 100}
    assert report["faults"] == {"status 503": 1}
    assert report["latency_ms"] == {"p50": 51, "p95": 96, "p99": 100}
    assert report["first_faults"] == [{"at_s": 2.5, "visitor": "jason", "status": 503, "fault": "status 503"}]


def test_visitors_keep_their_pace_and_count_what_is_lost_while_nobody_answers() -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(text=page(block("v1")))

    async def run() -> Summary:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        plan = Plan(f"http://127.0.0.1:{runner.addresses[0][1]}/", "shop", rate=100, duration=1, seed=1)
        traffic = Traffic(plan)
        visiting = asyncio.create_task(traffic.run(asyncio.Event()))
        while traffic.summary.requests < 30:
            await asyncio.sleep(0.005)
        await runner.cleanup()
        await visiting
        return traffic.summary

    summary = asyncio.run(run())
    assert summary.requests == 100
    assert summary.versions["v1"] >= 30
    assert summary.faults["lost"] == 100 - summary.versions["v1"] > 0
