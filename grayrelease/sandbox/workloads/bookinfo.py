"""Bookinfo's services behind the page: details, ratings and reviews, with the answers of the real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from grayrelease.sandbox.workloads.serving import Calls, Handler, Settings

# What the real ones hand on from request to request.
FORWARDED = (
    "x-request-id",
    "x-ot-span-context",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "traceparent",
    "tracestate",
    "x-cloud-trace-context",
    "grpc-trace-bin",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "sw8",
    "end-user",
    "user-agent",
    "cookie",
    "authorization",
    "jwt",
)
VERSION_HEADER = "x-app-version"
COLOURS = {"v1": "", "v2": "black", "v3": "red"}
TEXTS = {
    "Reviewer1": "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!",
    "Reviewer2": (
        "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by "
        "Shakespeare."
    ),
}
DETAILS = {
    "author": "William Shakespeare",
    "year": 1595,
    "type": "paperback",
    "pages": 200,
    "publisher": "PublisherA",
    "language": "English",
    "ISBN-10": "1234567890",
    "ISBN-13": "123-1234567890",
}
RATINGS = {"Reviewer1": 5, "Reviewer2": 4}
UNRATED = {"error": "Ratings service is currently unavailable"}


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep of a request's headers what goes with the calls it causes."""
    return {name: headers[name] for name in FORWARDED if name in headers}


def details(settings: Settings, _: Calls) -> Handler:
    """Serve /details/N."""

    async def handle(request: web.BaseRequest) -> web.Response:
        number = _number(request, "details")
        return _health("Details", request) if number is None else _json(settings, {"id": number, **DETAILS})

    return handle


def ratings(settings: Settings, _: Calls) -> Handler:
    """Serve /ratings/N."""

    async def handle(request: web.BaseRequest) -> web.Response:
        number = _number(request, "ratings")
        if number is None:
            return _health("Ratings", request)
        return _json(settings, {"id": number, "ratings": RATINGS})

    return handle


def reviews(settings: Settings, calls: Calls) -> Handler:
    """Serve /reviews/N; v2 and v3 ask ratings for stars."""
    colour = COLOURS[settings.version]

    async def handle(request: web.BaseRequest) -> web.Response:
        number = _number(request, "reviews")
        if number is None:
            return _health("Reviews", request)
        stars = await _stars(calls, number, request.headers) if colour else {}
        entries = [_review(name, text, stars, colour) for name, text in TEXTS.items()]
        body = {"id": str(number), "podname": settings.pod, "clustername": "null", "reviews": entries}
        return _json(settings, body)

    return handle


async def _stars(calls: Calls, number: int, headers: Mapping[str, str]) -> dict[str, int]:
    answer = await calls.get("ratings:9080", f"/ratings/{number}", forwarded(headers))
    try:
        found: dict[str, int] = json.loads(answer.body)["ratings"] if answer.status == 200 else {}
    except (ValueError, KeyError):
        return {}
    return found


def _review(name: str, text: str, stars: Mapping[str, int], colour: str) -> dict[str, Any]:
    review: dict[str, Any] = {"reviewer": name, "text": text}
    if colour:
        review["rating"] = {"stars": stars[name], "color": colour} if name in stars else UNRATED
    return review


def _number(request: web.BaseRequest, name: str) -> int | None:
    last = request.path.removeprefix(f"/{name}/")
    return int(last) if last != request.path and last.isdigit() else None


def _health(name: str, request: web.BaseRequest) -> web.Response:
    if request.path == "/health":
        return web.json_response({"status": f"{name} is healthy"})
    return web.json_response({"error": "please provide numeric product ID"}, status=404)


def _json(settings: Settings, body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers={VERSION_HEADER: settings.version})
