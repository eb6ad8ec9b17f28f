from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError

from grayrelease.domain.handing import Verdict, verdict
from grayrelease.domain.routes import cookie_name

TIMEOUT_S = 5.0
KEPT = "{cookie} came once in {times} answers: it is handed on both ways, and a visitor keeps their version."
WRONG: dict[Verdict, str] = {
    "not-given": "No answer gave {cookie}: a caller in between doesn't give it back, or this address doesn't "
    "lead to the service, or the release isn't sticky at the moment.",
    "given-again": "{cookie} was given again to a browser that had it: a caller in between drops the "
    "visitor's cookies, and each request meets any version.",
    "moved": "The release went to another step meanwhile. Ask again.",
}


class Command(BaseCommand):
    """Ask an address several times as one browser does, and say whether a release's cookie stays.

    What metrics can't show: that the callers between the gateway and the service hand cookies on, both ways.
    """

    help = "Test whether a visitor at an address keeps the version that a sticky release gave them."
    requires_system_checks: list[str] = []  # it looks at an address alone

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="of a page for which the service is called, as visitors know it")
        parser.add_argument("release", type=int, help="the release's number, as in its page's address")
        parser.add_argument("--host", default="", help="the Host to send, if not the address's")
        parser.add_argument("--times", type=int, default=10, help="how often to ask (10)")

    def handle(self, *args: Any, **options: Any) -> None:
        cookie, times = cookie_name(options["release"]), max(2, options["times"])
        try:
            found = verdict(list(_given(options["url"], options["host"], cookie, times)))
        except requests.RequestException as error:
            raise CommandError(f"{options['url']} gave no answer: {error}") from error
        if found != "kept":
            raise CommandError(WRONG[found].format(cookie=cookie))
        self.stdout.write(KEPT.format(cookie=cookie, times=times))


def _given(url: str, host: str, cookie: str, times: int) -> Iterator[str]:
    """Yield the cookie's value that each answer gave; "" where it gave none."""
    with requests.Session() as browser:
        browser.headers["Host"] = host or None  # type: ignore[assignment]
        for _ in range(times):
            answer = browser.get(url, timeout=TIMEOUT_S)
            values = [each.cookies.get(cookie, "") for each in (*answer.history, answer)]
            yield next((value for value in values if value), "")
