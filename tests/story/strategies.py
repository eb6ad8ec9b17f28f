"""What the stories of the strategies share: policies typed in the wizard, and who meets what."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable

import requests
from playwright.sync_api import expect

from demo.stack import Stack
from grayrelease.domain.bookinfo import HOST
from tests.story.browsing import LOOK_S, WORK_S, Visit, soon
from tests.story.rows import POLL_S, Row

JASON, BOB = "theme=dark; user=jason", "user=bob"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
PAGE = re.compile(r"productpage-(v\d+)")
REQUESTS = 20


def type_jason_on_a_mac(visit: Visit) -> None:
    """Choose the requests with jason's cookie, from macOS."""
    page = visit.page
    page.locator("#first-audience").check(force=True)
    page.locator("#c-0-name").fill("user")
    page.locator("#c-0-value").fill("jason")
    page.locator("button[name=go][value='and:0']").click()
    page.locator("#c-1-on").select_option("system")
    page.locator("label:has([value='1:macos'])").click()


def type_preview(visit: Visit) -> None:
    """Let requests with a header look at the new version before the switch."""
    page = visit.page
    page.locator("#preview").check()
    page.locator("#c-0-on").select_option("header")
    page.locator("#c-0-name").fill("X-Preview")
    page.locator("#c-0-value").fill("yes")


def type_copies_then_steps(visit: Visit) -> None:
    """Copy all requests; when a person says so 5 % of the visitors, 3 s later 15 % by itself."""
    page = visit.page
    page.locator("#then-steps").check(force=True)
    expect(page.locator("[name=s_share]")).to_have_count(2)
    for number, share in enumerate(("5", "15")):
        page.locator(f"#s-{number}-share").fill(share)
    page.locator("[name=s_gate]").last.select_option("time")
    page.locator("[name=s_minutes]").last.fill("0.05")


def met(stack: Stack, cookie: str = "", system: str = WINDOWS, **headers: str) -> Counter[tuple[str, str]]:
    """Ask for the product page again and again; count whose page it was, and whose reviews."""
    url = f"http://127.0.0.1:{stack.options.ports.gateway}/productpage"
    sent = {"Host": HOST, "Cookie": cookie, "User-Agent": system, **headers}
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(REQUESTS):
        answer = requests.get(url, headers=sent, timeout=soon(LOOK_S))
        assert answer.status_code == 200, answer.text
        page = PAGE.search(answer.text)
        assert page, answer.text
        found[page[1], answer.headers.get("x-reviews-version", "")] += 1
    return found


def copied_to(stack: Stack, workload: str) -> float:
    """Wait until Prometheus knows of requests that a workload got; how many."""
    counted = f'sum(istio_requests_total{{reporter="destination",destination_workload="{workload}"}})'
    url, end = f"{stack.options.prometheus_url}/api/v1/query", time.monotonic() + WORK_S
    while not (found := requests.get(url, params={"query": counted}, timeout=5).json()["data"]["result"]):
        assert time.monotonic() < end, f"{workload} got nothing"
        time.sleep(POLL_S)
    return float(found[0]["value"][1])


def runs(code: str) -> Callable[[Row], bool]:
    """True once a release's status says so, as people wanted it last."""

    def is_so(row: Row) -> bool:
        current = row["carried_generation"] == row["generation"]
        return bool(current and row["status"].get("now", [""])[0] == code)

    return is_so
