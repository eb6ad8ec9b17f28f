"""Strategies in a real browser, counted where visitors, other services and hosts outside stand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from demo.stack import Stack
from tests.story.api import ISTIO, Api
from tests.story.asking import VERSION, ask, pages, share, statuses
from tests.story.browsing import Visit, bring, confirm, sign_in, soon, visit
from tests.story.outside import OUTSIDE, STAGING, make_known, make_staging
from tests.story.policies import copy_elsewhere, type_conditions, type_copies_then_all, type_sticky
from tests.story.receiver import Receiver, receiver
from tests.story.rows import Rows, carried, verified
from tests.story.strategies import copied_to, runs

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"
ASKED = 40
BROWSERS = 80
BEFORE_S = 3
"""A step's time in `type_copies_then_all`."""

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def rows(stack: Stack) -> Iterator[Rows]:
    with closing(Rows(stack.settings)) as rows:
        yield rows


@pytest.fixture
def operator(browser: Browser, stack: Stack) -> Iterator[Visit]:
    operator = visit(browser, stack)
    sign_in(operator, "operator")
    yield operator
    operator.page.context.close()


def abandon(operator: Visit) -> None:
    confirm(operator, "Abandon…", "Abandon the release")
    expect(operator.page.locator(".chip", has_text="Abandoned").first).to_be_visible(timeout=soon())


def copy_all(operator: Visit, rows: Rows, name: str) -> None:
    page = operator.page
    page.get_by_label("Of the requests are copied").fill("100")
    page.get_by_role("button", name="Change copies…").click()
    page.get_by_role("dialog").get_by_role("button", name="Change copies").click()
    rows.wait(name, lambda row: bool(carried(row) and row["status"]["now"][1].get("share") == 1000), 40)


def copies(outside: Receiver, mark: str, least: int) -> dict[str, int]:
    """Wait until so many of the marked copies have arrived; count them by method."""
    end = time.monotonic() + 5
    while sum((found := outside.marked(mark)).values()) < least:
        assert time.monotonic() < end, outside.got
        time.sleep(0.02)
    return found


def test_what_reads_is_copied_to_a_host_outside(operator: Visit, rows: Rows, stack: Stack) -> None:
    with receiver() as outside:
        make_known(Api(stack.options.kubeconfig, "demo"), outside.server_port)
        copy_elsewhere(operator, "productpage", "page-audit", 80, get_only=True, host=OUTSIDE)
        rows.wait("page-audit", lambda row: carried(row) and runs("mirroring-reads")(row), 40)
        assert statuses(stack, ASKED, "GET", X_Story="half") == {200}
        assert statuses(stack, ASKED, "POST", X_Story="half") == {200}
        half = copies(outside, "half", 8)
        assert set(half) == {"GET"} and 8 <= half["GET"] <= 32, half
        copy_all(operator, rows, "page-audit")
        assert statuses(stack, ASKED, "GET", X_Story="all") | statuses(stack, 1, "POST", X_Story="all") == {
            200
        }
        assert copies(outside, "all", ASKED) == {"GET": ASKED}
        confirm(operator, "Roll back", "Roll back to v1")
        expect(operator.page.get_by_text("Nothing is copied any more").first).to_be_visible(timeout=soon())
        rows.wait("page-audit", carried, 40)
        assert statuses(stack, ASKED, "GET", X_Story="none") == {200}
        abandon(operator)
        assert outside.marked("none") == {}


def test_another_namespace_gets_copies_until_they_are_stopped(
    operator: Visit, rows: Rows, stack: Stack
) -> None:
    make_staging(Api(stack.options.kubeconfig, STAGING))
    to = {"service": "reviews", "namespace": STAGING}
    copy_elsewhere(operator, "reviews", "reviews-copies", 9080, get_only=False, **to)
    rows.wait("reviews-copies", runs("mirroring"), 40)
    assert copied_to(stack, "reviews-staging") > 0
    abandon(operator)
    demo = Api(stack.options.kubeconfig, "demo")
    assert not any("mirror" in str(each["spec"]) for each in demo.get(ISTIO, "virtualservices")["items"])


def move_to(operator: Visit, rows: Rows, name: str, percent: int) -> None:
    page = operator.page
    page.get_by_label("Share of v4 in percent").fill(str(percent))
    page.get_by_role("button", name="Change share…").click()
    page.get_by_role("dialog").get_by_role("button", name="Move v4 to").click()
    rows.wait(name, verified(10 * percent), 40)


def test_browsers_keep_the_page_that_they_met(operator: Visit, rows: Rows, stack: Stack) -> None:
    bring(operator, "productpage", "v4", type_sticky)
    rows.wait("productpage-v4", verified(50), 40)
    jars: list[dict[str, str]] = [{} for _ in range(BROWSERS)]
    met = [pages(stack, jars)]
    assert met[0].count("v4") <= 14
    for percent, least, most in ((20, 4, 31), (50, 22, 58), (20, 4, 31)):
        move_to(operator, rows, "productpage-v4", percent)
        met.append(pages(stack, jars))
        assert least <= met[-1].count("v4") <= most, (percent, met[-1])
        assert pages(stack, jars) == met[-1]
    went = [set(zip(before, after, strict=True)) for before, after in zip(met, met[1:], strict=False)]
    assert ("v4", "v1") not in went[0] | went[1], "nobody goes back on a raise"
    assert ("v1", "v4") not in went[2], "nobody is drawn on a way down"
    abandon(operator)


def test_each_condition_alone_chooses_then_half_of_all_meet_it(
    operator: Visit, rows: Rows, stack: Stack
) -> None:
    bring(operator, "productpage", "v9", type_conditions, image="grayrelease/echo:v9")
    rows.wait("productpage-v9", lambda row: carried(row) and runs("running-audience")(row), 40)
    chosen = [
        ask(stack, "/only?x=1"),
        ask(stack, "/begins/here"),
        ask(stack, "/cASED/x"),
        ask(stack, "/v12/x"),
        ask(stack, "/productpage?a=b&beta=yes"),
        ask(stack, method="PUT"),
        ask(stack, User_Agent=LINUX),
    ]
    others = [
        ask(stack, "/only/x"),
        ask(stack, "/Begins/here"),
        ask(stack, "/ccased"),
        ask(stack, "/v/x"),
        ask(stack, "/productpage?beta=yess"),
        ask(stack, method="POST"),
        ask(stack, User_Agent=ANDROID),
    ]
    assert [each.headers.get(VERSION) for each in chosen] == ["v9"] * len(chosen)
    assert {each.headers.get(VERSION) for each in others} == {None}
    confirm(operator, "Continue to %(what)s", "Continue to %(what)s", what="50\u00a0%")
    rows.wait("productpage-v9", verified(500), 40)
    assert 0.2 <= share(stack, "v9", ASKED) <= 0.8
    abandon(operator)


def test_a_paused_step_waits_and_copies_become_a_canary_for_all(
    browser: Browser, rows: Rows, stack: Stack
) -> None:
    operator = visit(browser, stack, scripts=False)
    sign_in(operator, "operator")
    bring(operator, "details", "v6", type_copies_then_all, mode="Create mirroring")
    operator.follow("Pause")
    operator.press("Pause")
    rows.wait("details-v6", lambda row: carried(row) and row["status"]["next"][0] == "person-resumes", 40)
    seen = time.monotonic()
    while time.monotonic() < seen + BEFORE_S + 1:
        assert rows.release("details-v6")["status"]["next"][0] == "person-resumes"
        operator.page.wait_for_timeout(500)
    operator.until(lambda page: page.get_by_text("Paused: nothing follows by itself"))
    operator.follow("Resume")
    expect(operator.page.get_by_text("It is over: 20\u00a0% follows at once.")).to_be_visible()
    operator.press("Resume")
    rows.wait("details-v6", verified(200), 40)
    operator.until(lambda page: page.get_by_role("link", name="Continue to all visitors"))
    operator.follow("Continue to all visitors")
    operator.press("Continue to all visitors")
    rows.wait("details-v6", runs("taken-over"), 40)
    operator.follow("Roll back")
    operator.press("Roll back to %(stable)s", stable=rows.release("details-v6")["stable"])
    operator.until(lambda page: page.locator(".chip", has_text="Rolled back"))
    operator.page.context.close()
