from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from grayrelease.sandbox.visitors.answers import Seen, classify
from tests.sandbox.workloads.mesh import Proxy, Workload, running

pytestmark = pytest.mark.processes

SERVICES = [("details", "v1"), ("ratings", "v1"), ("reviews", "v1"), ("reviews", "v2"), ("reviews", "v3")]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """A proxy in a thread of its own, as the tests wait for answers."""
    loop, made = asyncio.new_event_loop(), Proxy()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(10)
    yield made
    asyncio.run_coroutine_threadsafe(made.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def productpage(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    log = tmp_path_factory.mktemp("bookinfo") / "log"
    with (
        running(log, *SERVICES, SANDBOX_OUTBOUND=proxy.url) as started,
        running(log, ("productpage", "v1"), SANDBOX_OUTBOUND=proxy.url) as (made,),
    ):
        details, ratings, *reviews = started
        proxy.places = {"details:9080": details.url, "ratings:9080": ratings.url}
        proxy.places |= {
            each: workload.url for each, workload in zip(("v1", "v2", "v3"), reviews, strict=True)
        }
        yield made


def get(url: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


@pytest.mark.parametrize(("version", "colour"), [("v1", None), ("v2", "black"), ("v3", "red")])
def test_the_page_shows_the_stars_of_the_version_that_answered(
    productpage: Workload, proxy: Proxy, version: str, colour: str | None
) -> None:
    proxy.places["reviews:9080"] = proxy.places[version]
    status, body, headers = get(f"{productpage.url}/productpage")
    assert classify(status, body) == Seen(version)
    assert headers["x-reviews-status"] == "200"
    assert f"<!-- reviews: {version} pod reviews-{version}-abc -->" in body
    assert "<title>Simple Bookstore App</title>" in body
    assert ("data-colour" in body) == (colour is not None)
    assert colour is None or f'data-colour="{colour}"' in body


def test_the_page_is_whole_and_says_so_when_reviews_fail(productpage: Workload, proxy: Proxy) -> None:
    del proxy.places["reviews:9080"]
    status, body, headers = get(productpage.url)
    assert status == 200
    assert "Sorry, product reviews are currently unavailable" in body
    assert headers["x-reviews-status"] == "503"
    assert classify(status, body) == Seen(fault="no reviews")


def test_stars_that_are_missing_are_a_fault(productpage: Workload, proxy: Proxy) -> None:
    proxy.places["reviews:9080"] = proxy.places["v3"]
    ratings = proxy.places.pop("ratings:9080")
    status, body, _ = get(productpage.url)
    proxy.places["ratings:9080"] = ratings
    assert "Ratings service is currently unavailable" in body
    assert classify(status, body) == Seen("v3", "no stars")


def test_what_tells_users_apart_goes_to_reviews_and_to_ratings(productpage: Workload, proxy: Proxy) -> None:
    proxy.places["reviews:9080"] = proxy.places["v2"]
    proxy.seen.clear()
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
    get(productpage.url, Cookie="user=jason; group=testers", User_Agent=agent, X_Request_Id="r-1")
    seen = dict(proxy.seen)
    for host in ("reviews:9080", "ratings:9080"):
        assert seen[host]["cookie"] == "user=jason; group=testers"
        assert seen[host]["user-agent"] == agent
        assert seen[host]["end-user"] == "jason"
        assert seen[host]["x-request-id"] == "r-1"


def test_the_services_answer_as_the_real_ones(productpage: Workload, proxy: Proxy) -> None:
    proxy.places["reviews:9080"] = proxy.places["v3"]
    reviews = json.loads(get(f"{productpage.url}/api/v1/products/0/reviews")[1])
    assert reviews["id"] == "0"
    assert reviews["reviews"][0]["rating"] == {"stars": 5, "color": "red"}
    assert json.loads(get(f"{productpage.url}/api/v1/products/0")[1])["ISBN-13"] == "123-1234567890"
    ratings = json.loads(get(f"{productpage.url}/api/v1/products/0/ratings")[1])
    assert ratings == {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}


def test_errors_and_delays_come_as_asked(tmp_path: Path) -> None:
    with running(tmp_path / "log", ("details", "v1"), ERROR_RATE="1", LATENCY_MS="150") as (details,):
        started = time.monotonic()
        assert get(f"{details.url}/details/0")[0] == 500
        assert time.monotonic() - started >= 0.15
        assert get(f"{details.url}/health")[0] == 200


def test_a_workload_serves_for_a_while_after_sigterm_and_then_ends_well(tmp_path: Path) -> None:
    with running(tmp_path / "log", ("echo", "v1"), DRAIN_S="2") as (echo,):
        echo.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        answered = 0
        while time.monotonic() - asked < 0.3:
            assert get(echo.url)[0] == 200
            answered += 1
        assert answered > 1
        assert echo.process.wait(timeout=5) == 0
        with pytest.raises(OSError):
            urllib.request.urlopen(echo.url, timeout=1)


def test_an_echo_hands_on_what_another_says(productpage: Workload, proxy: Proxy, tmp_path: Path) -> None:
    proxy.places["reviews:9080"] = proxy.places["v1"]
    with running(tmp_path / "log", ("echo", "v7"), SANDBOX_OUTBOUND=proxy.url) as (echo,):
        assert json.loads(get(f"{echo.url}/a?b=c", X_It="1")[1])["path"] == "/a?b=c"
        status, body, headers = get(f"{echo.url}/call?host=reviews:9080&path=/reviews/0")
        assert (status, json.loads(body)["podname"]) == (200, "reviews-v1-abc")
        assert headers["x-app-version"] == "v1"
