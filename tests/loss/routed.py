"""Who was answered by which version of reviews, held against what the routes named for them at that time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from grayrelease.domain.bookinfo import HOST
from tests.story.api import Change, Manifest

CREW = "crew"
"""The cookie of the audience."""
PEOPLE = {"somebody": "user=bob", CREW: f"user=bob; {CREW}=yes"}
PAUSE_S = 0.1
SLACK_S = 1.0
"""What a watch or a push may take beside the lag."""


@dataclass(frozen=True)
class Answer:
    """One person's request, from `asked` to `answered` (time.monotonic). Status 0: none came."""

    who: str
    asked: float
    answered: float
    status: int
    version: str

    @property
    def lost(self) -> bool:
        return self.status != 200


@contextmanager
def asking(gateway_port: int) -> Iterator[list[Answer]]:
    """Have somebody, and one of the crew, ask again and again meanwhile; their answers."""
    answers: list[Answer] = []
    end = threading.Event()
    threads = [threading.Thread(target=_ask, args=(gateway_port, who, answers, end)) for who in PEOPLE]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _ask(gateway_port: int, who: str, answers: list[Answer], end: threading.Event) -> None:
    session = requests.Session()
    session.headers.update({"Host": HOST, "Cookie": PEOPLE[who]})
    url = f"http://127.0.0.1:{gateway_port}/productpage"
    while not end.wait(PAUSE_S):
        asked, status, version = time.monotonic(), 0, ""
        try:
            answer = session.get(url, timeout=15)
            status = int(answer.headers.get("x-reviews-status", answer.status_code))
            version = answer.headers.get("x-reviews-version", "")
        except requests.RequestException as error:
            version = str(error)
        answers.append(Answer(who, asked, time.monotonic(), status, version))


def unnamed(answers: Sequence[Answer], changes: Sequence[Change], stable: str, lag_s: float) -> list[Answer]:
    """Return the answers of a version that no route named for that person while it could be in force.

    changes: of the one VirtualService; before the first, and once it's deleted, stable alone answers.
    """
    return [
        answer
        for answer in answers
        if not answer.lost and answer.version not in _named(answer, changes, stable, lag_s)
    ]


def _named(answer: Answer, changes: Sequence[Change], stable: str, lag_s: float) -> set[str]:
    since, until = answer.asked - lag_s - SLACK_S, answer.answered + SLACK_S
    before = [change for change in changes if change.at <= since]
    during = [change for change in changes if since < change.at <= until]
    first = _versions(before[-1], answer.who, stable) if before else {stable}
    return first.union(*(_versions(change, answer.who, stable) for change in during))


def _versions(change: Change, who: str, stable: str) -> set[str]:
    if change.type == "DELETED":
        return {stable}
    routes = [route for route in change.object["spec"]["http"] if who == CREW or not _is_for_the_crew(route)]
    parts = [part for route in routes for part in route["route"] if part.get("weight", 100)]
    return {part["destination"].get("subset", stable).removeprefix("gr-") for part in parts}


def _is_for_the_crew(route: Manifest) -> bool:
    return CREW in json.dumps(route.get("match") or [])
