"""The tutorial's first release, in a real browser, on real parts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from demo.dashboard import PASSWORD
from demo.stack import Stack

IMAGE = "kubesphere/example-bookinfo-reviews-v2:1.16.2"
WORK_S = 40
LOOK_S = 15

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def sign_in(page: Page, stack: Stack, name: str) -> None:
    page.set_default_timeout(LOOK_S * 1000)
    page.goto(stack.options.web_url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("button.wide-btn").click()


def is_wrong(message: ConsoleMessage) -> bool:
    """Say whether the browser complains; the 422 of a form with a wrong field is as it should be."""
    return message.type == "error" and "422" not in message.text


def soon(seconds: float = WORK_S) -> float:
    return seconds * 1000


def deploy_bookinfo(page: Page) -> None:
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("button", name="Deploy sample app").first.click()
    expect(page.get_by_text("4 of 4 workloads ready").first).to_be_visible(timeout=soon())


def go_through_the_wizard(page: Page) -> None:
    page.get_by_role("link", name="Release modes").click()
    page.get_by_role("button", name="Create canary").click()
    page.get_by_label("Name of the release").fill("Reviews V2")
    page.get_by_role("button", name="Next: service").last.click()
    expect(page.get_by_text("1 field to fix")).to_be_visible()
    page.get_by_label("Name of the release").fill("reviews-v2")
    page.get_by_role("button", name="Next: service").last.click()
    expect(page.locator(".pick.off", has_text="productpage")).to_contain_text("not possible now")
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


def test_a_newcomer_brings_reviews_v2_to_everyone(browser: Browser, start_stack: object) -> None:
    stack: Stack = start_stack(visitors=30)  # type: ignore[operator]
    page = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    sign_in(page, stack, "operator")
    deploy_bookinfo(page)
    go_through_the_wizard(page)
    expect_share(page, 20)
    move_to(page, 80)
    expect_share(page, 80)
    expect(page.locator("figure[data-group] canvas").first).to_be_visible()
    assert any(share.strip() not in ("", "–") for share in shares_in_the_chart(page))
    page.get_by_role("button", name="What to do with v2").click()
    page.get_by_role("link", name="Take over…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Let v2 take over").click()
    page.get_by_role("link", name="Finish…").click(timeout=soon())
    page.get_by_role("dialog").get_by_role("button", name="Finish, take v1 offline").click()
    expect(page.locator(".chip", has_text="Finished").first).to_be_visible(timeout=soon())
    page.goto(stack.options.web_url + "p/demo/applications/bookinfo/")
    expect(page.get_by_text("reviews-v2").first).to_be_visible()
    assert wrong == [], wrong


def test_a_viewer_sees_everything_and_no_deeds(browser: Browser, stack: Stack) -> None:
    page = browser.new_page()
    sign_in(page, stack, "viewer")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.get_by_role("link", name="Create release").count() == 0
    answer = page.request.post(stack.options.web_url + "p/demo/applications/sample/")
    assert answer.status == 403
