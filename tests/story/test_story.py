"""The tutorial’s story, in a real browser, on real parts: with scripts, without them in Chinese."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from demo.stack import Stack
from tests.story.browsing import Visit, bring, confirm, in_chinese, sign_in, soon, visit
from tests.story.rows import Rows, carried, verified
from tests.story.strategies import (
    BOB,
    JASON,
    MAC,
    REQUESTS,
    copied_to,
    met,
    runs,
    type_copies_then_steps,
    type_jason_on_a_mac,
    type_preview,
)

IMAGE = "kubesphere/example-bookinfo-reviews-v2:1.16.2"
ASKED = f"curl http://details:9080/details/0 -b '{JASON}' -A '{MAC}'"
KINDS = ["created", "pause", "resume", "continue", "step", "abandon"]
DEEDS = "select kind from grayrelease_event where release_id = %s and kind = any(%s) order by id"

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def is_wrong(message: ConsoleMessage) -> bool:
    """Say whether the browser complains; the 422 of a form with a wrong field is as it should be."""
    return message.type == "error" and "422" not in message.text


def go_through_the_wizard(page: Page) -> None:
    page.get_by_role("link", name="Release modes").click()
    page.get_by_role("button", name="Create canary").click()
    page.get_by_label("Name of the release").fill("Reviews V2")
    page.get_by_role("button", name="Next: service").last.click()
    expect(page.get_by_text("1 field to fix")).to_be_visible()
    page.get_by_label("Name of the release").fill("reviews-v2")
    page.get_by_role("button", name="Next: service").last.click()
    page.locator("input[name=service][value=reviews]").check()
    page.get_by_role("button", name="Next: new version").last.click()
    page.get_by_label("Version", exact=True).fill("V2")
    page.get_by_label("Image", exact=True).fill(IMAGE)
    page.get_by_role("button", name="Next: traffic policy").last.click()
    expect(page.get_by_label("First share of v2 in percent")).to_have_value("20")
    page.get_by_role("button", name="Next: review").last.click()
    expect(page.get_by_text("All visitors are pinned to v1.")).to_be_visible()
    page.get_by_role("button", name="Create release").click()


def expect_share(page: Page, share: int) -> None:
    """Wait until the page says that a share is set and verified, without a reload."""
    said = re.compile(rf"Set {share}\s%, observed")
    expect(page.get_by_text(said).first).to_be_visible(timeout=soon())


def move_to(page: Page, share: int) -> None:
    page.get_by_label("Share of v2 in percent").fill(str(share))
    page.get_by_role("button", name="Change share…").click()
    page.get_by_role("dialog").get_by_role("button", name="Move v2 to").click()


def shares_in_the_chart(page: Page) -> list[str]:
    """Return what the chart's table says v2's observed share was, newest first."""
    heads = [head.strip() for head in page.locator("#t-traffic thead th").all_text_contents()]
    column = next(i for i, head in enumerate(heads) if "v2" in head)
    return page.locator(f"#t-traffic tbody tr td:nth-child({column + 1})").all_text_contents()


def show_v3_to_jason_on_a_mac(operator: Visit, stack: Stack) -> None:
    """Release v3 beside v2, to whom a cookie and a system choose; see who meets what; take it back."""
    page, rows = operator.page, Rows(stack.settings)
    v2 = page.url
    bring(operator, "reviews", "v3", type_jason_on_a_mac, image=IMAGE.replace("v2", "v3"))
    rows.wait("reviews-v3", runs("running-audience"), 40)
    assert {reviews for _, reviews in met(stack, JASON, MAC)} == {"v3"}
    shares = [met(stack, BOB, MAC), met(stack, JASON)]
    found = sum(count for each in shares for (_, reviews), count in each.items() if reviews == "v2")
    assert {reviews for each in shares for _, reviews in each} == {"v1", "v2"}
    assert found / (2 * REQUESTS) > 0.55, shares
    v3 = page.url
    page.goto(v2)
    page.get_by_role("button", name="What to do with v2").click()
    expect(page.get_by_role("link", name="Take over…").first).to_be_hidden()
    page.goto(v3)
    confirm(operator, "Roll back", "Roll back to v1")
    confirm(operator, "Finish…", "Finish, take v3 offline")
    expect(page.locator(".chip", has_text="Finished").first).to_be_visible(timeout=soon())
    page.goto(v2)
    rows.close()


def test_a_newcomer_brings_reviews_v2_to_everyone(browser: Browser, stack: Stack) -> None:
    operator = visit(browser, stack)
    page = operator.page
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    sign_in(operator, "operator")
    application = page.context.new_page()
    application.goto(stack.options.web_url + "p/demo/applications/bookinfo/")
    go_through_the_wizard(page)
    expect_share(page, 20)
    expect(application.get_by_text("reviews-v2").first).to_be_visible()
    move_to(page, 80)
    expect_share(page, 80)
    expect(page.locator("figure[data-group] canvas").first).to_be_visible()
    assert any(share.strip() not in ("", "–") for share in shares_in_the_chart(page))
    show_v3_to_jason_on_a_mac(operator, stack)
    page.get_by_role("button", name="What to do with v2").click()
    page.get_by_role("link", name="Take over…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Let v2 take over").click()
    page.get_by_role("link", name="Finish…").click(timeout=soon())
    page.get_by_role("dialog").get_by_role("button", name="Finish, take v1 offline").click()
    expect(page.locator(".chip", has_text="Finished").first).to_be_visible(timeout=soon())
    assert wrong == [], wrong


def show_v3_in_chinese(operator: Visit) -> None:
    """Release v3 beside v2, to whom a cookie and a system choose; ask the tester; give it up."""
    page, v2 = operator.page, operator.page.url
    bring(operator, "details", "v3", type_jason_on_a_mac)
    v3 = page.url
    operator.until(lambda page: page.locator(".chip", has_text=operator.say("Running")))
    operator.follow("Route tester")
    page.locator("#pasted").fill(ASKED)
    page.locator("#caller").select_option("productpage")
    operator.press("Test")
    expect(page.locator("#answer .ver.candidate")).to_have_text(re.compile("^v3"))
    page.goto(v3)
    operator.follow("Abandon…")
    operator.press("Abandon the release")
    operator.until(lambda page: page.locator(".chip", has_text=operator.say("Abandoned")))
    page.goto(v2)


def test_the_same_without_javascript_in_chinese(browser: Browser, stack: Stack) -> None:
    operator = in_chinese(visit(browser, stack, scripts=False))
    page, say = operator.page, operator.say
    sign_in(operator, "operator")
    bring(operator, "details", "v2")
    operator.until(lambda page: page.locator("#share", has_text=re.compile("20%.*80%", re.S)))
    operator.until(lambda page: page.locator("#move input[name=share]"))
    page.locator("#move input[name=share]").fill("80")
    operator.press("Change share…")
    operator.press("Move %(v)s to %(after)s", v="v2", after="80%")
    operator.until(lambda page: page.get_by_text(re.compile("设定 ?80%")))
    show_v3_in_chinese(operator)
    page.locator("[popovertarget=m-candidate]").click()
    operator.follow("Take over…")
    operator.press("Let %(version)s take over", version="v2")
    operator.until(lambda page: page.locator(".chip", has_text=say("Taken over")))
    operator.follow("Roll back")
    expect(page.get_by_role("button", name=say("Roll back to %(stable)s", stable="v1"))).to_be_visible()
    operator.follow("Cancel")
    operator.until(lambda page: page.get_by_role("link", name=say("Finish…")))
    operator.follow("Finish…")
    operator.press("Finish, take %(loser)s offline", loser="v1")
    operator.until(lambda page: page.locator(".chip", has_text=say("Finished")))
    page.context.close()


def test_two_people_old_tabs_and_double_clicks_do_each_deed_once(browser: Browser, stack: Stack) -> None:
    operator, lead = visit(browser, stack), visit(browser, stack)
    sign_in(operator, "operator")
    sign_in(lead, "lead")
    bring(operator, "ratings", "v2")
    release, rows = operator.page.url, Rows(stack.settings)
    rows.wait("ratings-v2", verified(200), 40)
    lead.page.goto(release)
    move_page = release + "share/?share=50"
    operator.page.goto(move_page)  # the tab that grows old
    lead.page.get_by_label("Share of v2 in percent").fill("80")
    lead.page.get_by_role("button", name="Change share…").click()
    lead.page.get_by_role("dialog").get_by_role("button", name="Move v2 to").dblclick()
    rows.wait("ratings-v2", verified(800), 40)
    operator.press("Move v2 to")
    expect(operator.page.get_by_text(re.compile(r"lead moved the share from 20\s% to 80\s%"))).to_be_visible()
    assert rows.release("ratings-v2")["share"] == 800
    operator.press("Set 50\u00a0% now")
    rows.wait("ratings-v2", verified(500), 40)
    operator.page.go_back()
    operator.page.go_back()
    expect(operator.page.get_by_role("button", name="Move v2 to")).to_be_visible()
    operator.press("Move v2 to")
    deeds = "select data from grayrelease_event where kind = 'share' and release_id = %s order by id"
    moved = [row["data"]["after"]["share"] for row in rows.all(deeds, rows.release("ratings-v2")["id"])]
    assert moved == [800, 500]
    rows.close()


def test_everyone_is_switched_to_the_new_page_and_back(browser: Browser, stack: Stack) -> None:
    operator, rows = visit(browser, stack), Rows(stack.settings)
    page = operator.page
    sign_in(operator, "operator")
    bring(operator, "productpage", "v2", type_preview, mode="Create blue-green")
    rows.wait("productpage-v2", runs("running-audience"), 40)
    assert {seen for seen, _ in met(stack, **{"X-Preview": "yes"})} == {"v2"}
    assert {seen for seen, _ in met(stack)} == {"v1"}
    confirm(operator, "Switch to %(version)s", "Switch to %(version)s", version="v2")
    rows.wait("productpage-v2", runs("taken-over"), 40)
    assert {seen for seen, _ in met(stack)} == {"v2"}
    confirm(operator, "Switch back to %(version)s", "Switch back to %(version)s", version="v1")
    rows.wait("productpage-v2", lambda row: row["share_in_effect"] == 0, 40)
    rows.wait("productpage-v2", carried, 40)
    assert {seen for seen, _ in met(stack, **{"X-Preview": "yes"})} == {"v1"}
    confirm(operator, "Abandon…", "Abandon the release")
    expect(page.locator(".chip", has_text="Abandoned").first).to_be_visible(timeout=soon())
    rows.close()


def test_copies_come_first_then_a_canary_by_steps(browser: Browser, stack: Stack) -> None:
    operator, rows = visit(browser, stack), Rows(stack.settings)
    page = operator.page
    sign_in(operator, "operator")
    bring(operator, "details", "v5", type_copies_then_steps, mode="Create mirroring")
    rows.wait("details-v5", runs("mirroring"), 40)
    assert copied_to(stack, "details-v5") > 0
    confirm(operator, "Pause", "Pause")
    expect(page.locator("#steps .chip", has_text="Paused")).to_be_visible(timeout=soon())
    confirm(operator, "Resume", "Resume")
    expect(page.locator("#steps .chip", has_text="Paused")).to_be_hidden(timeout=soon())
    page.locator("#steps").get_by_role("link", name="Continue to").click(timeout=soon())
    page.get_by_role("dialog").get_by_role("button", name="Continue to").click()
    expect_share(page, 15)
    confirm(operator, "Abandon…", "Abandon the release")
    expect(page.locator(".chip", has_text="Abandoned").first).to_be_visible(timeout=soon())
    assert [row["kind"] for row in rows.all(DEEDS, rows.release("details-v5")["id"], KINDS)] == KINDS
    rows.close()


def test_a_viewer_sees_everything_and_no_deeds(browser: Browser, stack: Stack) -> None:
    viewer = visit(browser, stack)
    sign_in(viewer, "viewer")
    assert viewer.page.get_by_role("link", name="Create release").count() == 0
    answer = viewer.page.request.post(stack.options.web_url + "p/demo/applications/sample/")
    assert answer.status == 403
