"""The wizard's rows in a browser: with the script they are swapped in place, without it pages are posted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.access.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(120)]


@pytest.fixture(params=["typing", "typing_plainly"], ids=["with-script", "without-script"])
def page(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Page]:
    """The policy of a canary by steps."""
    context = browser.new_context(java_script_enabled=request.param == "typing")
    context.add_cookies([{"name": "sessionid", "value": site.sessions["operator"], "url": site.url}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(site.address(f"/p/demo/releases/new/{{{request.param}}}/policy/"))
    yield page
    context.close()


def test_conditions_and_steps_are_typed_in_rows(page: Page) -> None:
    page.locator("#first-audience").check(force=True)
    expect(page.locator("div.by-share")).to_be_hidden()
    page.get_by_label("Name in condition 1").fill("user")
    page.get_by_label("Values in condition 1").fill("jason")
    page.get_by_role("button", name="And a condition").click()
    page.get_by_label("What condition 2 looks at").select_option("system")
    expect(page.get_by_label("Values in condition 2")).to_be_hidden()
    page.locator("label:has([value='1:ios'])").click()
    page.get_by_role("button", name="Or another group").click()
    page.get_by_label("What condition 3 looks at").select_option("url")
    page.get_by_label("How condition 3 compares").select_option("prefix")
    page.get_by_label("Values in condition 3").fill("/reviews")
    page.locator("#then-steps").check(force=True)
    page.get_by_role("button", name="Fill in 20 → 50 → 100 %").click()
    expect(page.get_by_label("Share of v5 in step 4, percent")).to_have_value("100")
    page.get_by_role("button", name="Remove step 2").click()
    expect(page.locator("[name=s_share]")).to_have_count(2)
    expect(page.get_by_label("Values in condition 1")).to_have_value("jason")
    page.get_by_role("button", name="Next: review").click()
    said = page.locator(".sentence").first
    expect(said).to_contain_text("user = jason and from iOS, or to paths beginning with /reviews")


def test_the_sentence_follows_without_a_press(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    context.add_cookies([{"name": "sessionid", "value": site.sessions["operator"], "url": site.url}])
    page = context.new_page()
    page.goto(site.address("/p/demo/releases/new/{following}/policy/"))
    page.locator("#first-share").check(force=True)
    page.locator("#f-share").fill("37")
    expect(page.locator("#means")).to_contain_text("37\u00a0% of all visitors meet v5")
    expect(page.locator("#f-share")).to_be_focused()
    page.reload()
    expect(page.locator("#f-share")).to_have_value("37")
    context.close()
