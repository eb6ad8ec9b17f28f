"""Traffic policies typed in the wizard: every kind of condition, steps, and copies that go elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from playwright.sync_api import expect

from tests.story.browsing import Visit

Condition = tuple[str, str, str, str]
"""What it looks at, its name, how, the value; a system's or method's value is what is ticked."""
ANY_CASE = "any case"
CONDITIONS: Sequence[Condition] = (
    ("url", "", "exact", "/only"),
    ("url", "", "prefix", "/begins"),
    ("url", ANY_CASE, "prefix", "/Cased"),
    ("url", "", "regex", "/v[0-9]+/.*"),
    ("query", "beta", "exact", "yes"),
    ("method", "", "", "PUT"),
    ("system", "", "", "linux"),
)


def type_conditions(visit: Visit) -> None:
    """Choose the requests of each condition, one a group; afterwards half of all visitors."""
    page = visit.page
    page.locator("#first-audience").check(force=True)
    for index, condition in enumerate(CONDITIONS):
        if index:
            page.locator("button[name=go][value=or]").click()
        expect(page.locator("[name=c_on]")).to_have_count(index + 1)
        _type(visit, index, condition)
    page.locator("#then-steps").check(force=True)
    page.locator("button[name=go][value='unstep:1']").click()
    expect(page.locator("[name=s_share]")).to_have_count(1)
    page.locator("[name=s_who]").select_option("everyone")
    page.locator("[name=s_share]").fill("50")


def _type(visit: Visit, index: int, condition: Condition) -> None:
    page, (on, name, how, value) = visit.page, condition
    page.locator(f"#c-{index}-on").select_option(on)
    if on in ("method", "system"):
        page.locator(f"label:has([value='{index}:{value}'])").click()
        return
    page.locator(f"#c-{index}-how").select_option(how)
    page.locator(f"#c-{index}-value").fill(value)
    if name == ANY_CASE:
        page.locator(f"[name=c_case][value='{index}']").check()
    elif name:
        page.locator(f"#c-{index}-name").fill(name)


def type_sticky(visit: Visit) -> None:
    visit.page.locator("#f-share").fill("5")
    visit.page.locator("#f-sticky").check()


def type_copies_then_all(visit: Visit) -> None:
    """Copy all requests; 3 s later 20 % of the visitors by itself; all once a person says so."""
    page = visit.page
    page.locator("#then-steps").check(force=True)
    for number, (share, gate) in enumerate((("20", "time"), ("100", "person"))):
        page.locator(f"#s-{number}-share").fill(share)
        page.locator("[name=s_gate]").nth(number).select_option(gate)
    page.locator("[name=s_minutes]").first.fill("0.05")


def copy_elsewhere(visit: Visit, source: str, name: str, port: int, *, get_only: bool, **to: str) -> None:
    """Go through the wizard for half of a service's requests: to `host`, or to `service` of a `namespace`."""
    page = visit.page
    visit.follow("Release modes")
    page.get_by_role("button", name="Create mirroring", exact=True).click()
    page.locator("[name=name]").fill(name)
    visit.next()
    visit.until(lambda page: page.locator(f"input[name=service][value={source}]"))
    page.locator(f"input[name=service][value={source}]").check()
    page.locator("#to-outside" if "host" in to else "#to-service").check()
    for field, value in to.items():
        page.locator(f"#f-to_{field}").fill(value)
    page.locator("#f-to_port").fill(str(port))
    visit.next()
    page.locator("#f-share").fill("50")
    page.locator("[name=get_only]").set_checked(get_only)
    visit.next()
    visit.press("Create release")
    page.wait_for_url(re.compile(r"/releases/\d+/$"))
