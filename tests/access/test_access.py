"""Everybody can use every page: axe-core finds nothing, in light and dark, wide and narrow.

SCREENSHOTS=folder saves a picture of each look, and of each page in Chinese.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.access.conftest import Site
from tests.access.pages import PAGES, Shown
from tests.access.texts import english_left

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
# No rule is switched off. The other theme changes nothing but colours: there only the rules about them run.
RUN = "only => axe.run(document, { resultTypes: ['violations'], ...only }).then(found => found.violations)"
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1440, 390)

# Marked for the database so that there is one; its rows are `site`'s.
pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(120)]


@pytest.fixture(scope="module", params=PAGES, ids=lambda shown: shown.name)
def shown(request: pytest.FixtureRequest) -> Shown:
    made: Shown = request.param
    return made


def context_of(browser: Browser, site: Site, who: str, language: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, reduced_motion="reduce")
    cookies = {"django_language": language} | ({"sessionid": site.sessions[who]} if who else {})
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    return context


def go(context: BrowserContext, site: Site, shown: Shown) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(site.address(shown.path))
    if shown.steps:
        shown.steps(page)
    return page


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=page.get_by_role("dialog").count() == 0)


def told(violation: dict[str, Any]) -> str:
    where = "; ".join(f"{node['target']} {node['failureSummary']}" for node in violation["nodes"])
    return f"{violation['id']} ({violation['help']}): {where}"


def looks(page: Page) -> Iterator[str]:
    """Show the page in each theme and width. Yields what the look is called."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            yield f"{theme}-{width}"


def rules(look: str) -> dict[str, list[str]]:
    return {} if look.startswith(THEMES[0]) else COLOURS


def test_axe_finds_nothing(browser: Browser, site: Site, shown: Shown) -> None:
    with context_of(browser, site, shown.who, "en") as context:
        page = go(context, site, shown)
        page.evaluate(AXE)
        found = []
        for look in looks(page):
            picture(page, f"{shown.name}-{look}")
            found += [f"{look}: {told(each)}" for each in page.evaluate(RUN, rules(look))]
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            found += [f"{look}: scrolls sideways by {wide} px"] * (wide > 0)
    assert found == []


def test_in_chinese_nothing_is_left_in_english(browser: Browser, site: Site, shown: Shown) -> None:
    with context_of(browser, site, shown.who, "zh-hans") as context:
        page = go(context, site, shown)
        picture(page, f"{shown.name}-zh")
        assert page.locator("html").get_attribute("lang") == "zh-hans"
        assert english_left(page) == []
