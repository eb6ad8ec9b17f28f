"""What people do in a browser, in English or in Chinese, with JavaScript or without it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polib
from playwright.sync_api import Browser, Locator, Page, expect

from demo.dashboard import PASSWORD
from demo.stack import Stack
from tests.access.texts import CATALOGUE, english_left

LOOK_S, WORK_S = 15, 40
PAUSE_MS = 300
NEXT = "button[name=go][value=next]"
Language = Literal["en", "zh-hans"]


def soon(seconds: float = WORK_S) -> float:
    return seconds * 1000


@cache
def chinese() -> dict[str, str]:
    return {each.msgid: each.msgstr or each.msgstr_plural[0] for each in polib.pofile(str(CATALOGUE))}


@dataclass(frozen=True)
class Visit:
    """One person's browser at a stack's dashboard."""

    page: Page
    url: str
    language: Language = "en"

    def say(self, text: str, **facts: object) -> str:
        """Return one of our texts as this person reads it."""
        if self.language == "en":
            return text % facts if facts else text
        said = chinese()[text]
        return said % facts if facts else said

    def read(self) -> None:
        """Look at the page: it is in the person's language, all of it."""
        assert self.page.locator("html").get_attribute("lang") == self.language
        if self.language != "en":
            assert english_left(self.page) == []

    def follow(self, text: str, **facts: object) -> None:
        self.page.get_by_role("link", name=self.say(text, **facts)).first.click()
        self.read()

    def press(self, text: str, **facts: object) -> None:
        self.page.get_by_role("button", name=self.say(text, **facts)).last.click()
        self.read()

    def next(self) -> None:
        self.page.locator(NEXT).last.click()
        self.read()

    def until(self, wanted: Callable[[Page], Locator]) -> None:
        """Load the page again until it shows something, as people without JavaScript do."""
        end = time.monotonic() + WORK_S
        while not wanted(self.page).count():
            assert time.monotonic() < end, self.page.locator("main").inner_text()
            self.page.wait_for_timeout(PAUSE_MS)
            self.page.reload()
        self.read()


def visit(browser: Browser, stack: Stack, scripts: bool = True) -> Visit:
    context = browser.new_context(viewport={"width": 1440, "height": 1200}, java_script_enabled=scripts)
    page = context.new_page()
    page.set_default_timeout(soon(LOOK_S))
    page.goto(stack.options.web_url)
    return Visit(page, stack.options.web_url)


def in_chinese(visit: Visit) -> Visit:
    """Switch the language in the header."""
    visit.page.get_by_role("button", name="简体中文").click()
    chinese = Visit(visit.page, visit.url, "zh-hans")
    chinese.read()
    return chinese


def sign_in(visit: Visit, name: str) -> None:
    visit.page.get_by_label(visit.say("Name")).fill(name)
    visit.page.get_by_label(visit.say("Password")).fill(PASSWORD)
    visit.page.locator("button.wide-btn").click()
    expect(visit.page.get_by_role("heading", name=visit.say("Overview"))).to_be_visible()
    visit.read()


def deploy_bookinfo(visit: Visit) -> None:
    """Deploy the sample application, for which the whole stack is there."""
    visit.follow("Applications")
    visit.press("Deploy sample app")
    ready = visit.say("%(ready)s of %(total)s workloads ready", ready=4, total=4)
    visit.until(lambda page: page.get_by_text(ready))


def nothing_more(visit: Visit) -> None:
    """Leave the traffic policy as the wizard proposes it."""


def bring(
    visit: Visit,
    service: str,
    version: str,
    policy: Callable[[Visit], None] = nothing_more,
    *,
    mode: str = "Create canary",
    image: str = "",
) -> None:
    """Go through the wizard, mostly with what it proposes; the release page is shown at the end."""
    visit.follow("Release modes")
    visit.page.get_by_role("button", name=visit.say(mode), exact=True).click()
    visit.page.locator("[name=name]").fill(f"{service}-{version}")
    visit.next()
    visit.until(lambda page: page.locator(f"input[name=service][value={service}]"))
    visit.page.locator(f"input[name=service][value={service}]").check()
    visit.next()
    visit.page.locator("[name=version]").fill(version)
    if image:
        visit.page.locator("[name=image]").fill(image)
    visit.next()
    policy(visit)
    visit.next()
    visit.press("Create release")
    visit.page.wait_for_url(re.compile(r"/releases/\d+/$"))


def confirm(visit: Visit, text: str, button: str, **facts: object) -> None:
    """Follow a link to a deed, and press the button in its dialog."""
    visit.page.get_by_role("link", name=visit.say(text, **facts)).first.click(timeout=soon())
    visit.page.get_by_role("dialog").get_by_role("button", name=visit.say(button, **facts)).click()
