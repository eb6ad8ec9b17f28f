"""What visitors do at the gateway: browsers with cookie jars, odd requests, marked ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import requests

from demo.stack import Stack
from grayrelease.domain.bookinfo import HOST
from tests.sticky.browser import parse
from tests.story.browsing import LOOK_S
from tests.story.strategies import PAGE, WINDOWS

VERSION = "x-app-version"
Jar = dict[str, str]


def ask(stack: Stack, path: str = "/productpage", method: str = "GET", **headers: str) -> requests.Response:
    """Send one request to the product page's host; headers are named with `_` for `-`."""
    url = f"http://127.0.0.1:{stack.options.ports.gateway}{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Host": HOST, "User-Agent": WINDOWS, **named}
    return requests.request(method, url, headers=sent, timeout=LOOK_S, allow_redirects=False)


def statuses(stack: Stack, count: int, method: str, **headers: str) -> set[int]:
    """Send the same request several times; which statuses came back."""
    return {ask(stack, method=method, **headers).status_code for _ in range(count)}


def pages(stack: Stack, jars: Sequence[Jar]) -> list[str]:
    """Let each browser ask once, and keep the cookies that it gets; whose page each met."""
    return [_page(stack, jar) for jar in jars]


def _page(stack: Stack, jar: Jar) -> str:
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
    answer = ask(stack, **sent)
    raw: Any = answer.raw
    for cookie in map(parse, raw.headers.getlist("set-cookie")):
        jar[cookie.name] = cookie.value
    found = PAGE.search(answer.text)
    assert answer.status_code == 200 and found, answer.text
    return found[1]


def share(stack: Stack, version: str, count: int) -> float:
    """Return which part of unlike requests a version that names itself in a header answers."""
    met = Counter(ask(stack).headers.get(VERSION, "") for _ in range(count))
    return met[version] / count
