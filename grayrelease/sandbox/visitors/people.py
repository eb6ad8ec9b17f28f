"""Visitors: a name, a browser, and the cookies that they were given."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

DATA = json.loads((Path(__file__).parent / "people.json").read_text())
# One in so many takes part in tests of what is new.
TESTERS = 10


@dataclass
class Visitor:
    """Somebody who comes again and again, always with the same browser."""

    name: str
    user_agent: str
    cookies: dict[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """Give what their browser sends."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"User-Agent": self.user_agent, "Cookie": cookies, "Accept": "text/html"}

    def keep(self, set_cookies: Sequence[str]) -> None:
        """Take the cookies of an answer; one that is to expire at once is dropped."""
        for text in set_cookies:
            try:
                parsed = SimpleCookie(text)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


def crowd(number: int, chance: random.Random) -> list[Visitor]:
    """Make visitors: jason first, then others of whom each tenth is a tester."""
    names: list[str] = DATA["names"]
    agents: list[str] = [each["userAgent"] for each in DATA["browsers"]]
    people = []
    for index in range(number):
        round_, place = divmod(index, len(names))
        name = f"{names[place]}{round_ or ''}"
        people.append(Visitor(name, chance.choice(agents), {"user": name}))
        if index % TESTERS == TESTERS - 1:
            people[-1].cookies["group"] = "testers"
    return people
