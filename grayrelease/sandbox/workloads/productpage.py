"""Bookinfo's page."""

from __future__ import annotations

import asyncio
import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from grayrelease.sandbox.workloads.bookinfo import VERSION_HEADER, forwarded
from grayrelease.sandbox.workloads.serving import Answer, Calls, Handler, Settings

PAGE = Template((Path(__file__).parent / "productpage.html").read_text())
TITLE = "The Comedy of Errors"
PRODUCT = {
    "id": 0,
    "title": TITLE,
    "descriptionHtml": "Wikipedia Summary: The Comedy of Errors is one of William Shakespeare's early plays.",
}
LABELS = {
    "type": "Type",
    "pages": "Pages",
    "publisher": "Publisher",
    "language": "Language",
    "ISBN-10": "ISBN-10",
    "ISBN-13": "ISBN-13",
}
STAR = (
    '<svg viewBox="0 0 16 16" class="star {colour}" aria-hidden="true">'
    '<path d="M8 .8l2.2 4.6 5 .7-3.6 3.5.9 5L8 12.2l-4.5 2.4.9-5L.8 6.1l5-.7z"/></svg>'
)
UNAVAILABLE = "Sorry, product {what} are currently unavailable for this book."


def productpage(settings: Settings, calls: Calls) -> Handler:
    """Serve the page at / and /productpage, log-in by name, the API, and /health."""

    async def handle(request: web.BaseRequest) -> web.Response:
        match request.path:
            case "/" | "/productpage":
                return await page(settings, calls, request)
            case "/login" | "/logout":
                return await _session(request)
            case "/health":
                return web.Response(text="Product page is healthy")
            case path if path.startswith("/api/v1/products"):
                return await _api(calls, request, path.removeprefix("/api/v1/products"))
        return web.Response(status=404, text="not found")

    return handle


async def page(settings: Settings, calls: Calls, request: web.BaseRequest) -> web.Response:
    """Draw the page from what details and reviews say; it is whole, and 200, when one of them fails."""
    headers, user = _headers(request)
    about, said = await asyncio.gather(
        calls.get("details:9080", "/details/0", headers), calls.get("reviews:9080", "/reviews/0", headers)
    )
    text = PAGE.substitute(
        title=TITLE,
        user=_user(user),
        details=_details(_parsed(about)),
        reviews=_reviews(_parsed(said), said.headers.get(VERSION_HEADER, "unknown")),
        pod=escape(settings.pod),
    )
    status = {"x-reviews-status": str(said.status), "x-details-status": str(about.status)}
    version = {"x-reviews-version": said.headers[VERSION_HEADER]} if VERSION_HEADER in said.headers else {}
    return web.Response(text=text, content_type="text/html", headers=status | version)


def _headers(request: web.BaseRequest) -> tuple[dict[str, str], str]:
    user = request.cookies.get("user", "")
    headers = forwarded(request.headers)
    return headers | ({"end-user": user} if user else {}), user


def _parsed(answer: Answer) -> dict[str, Any] | None:
    if answer.status != 200:
        return None
    try:
        found: dict[str, Any] = json.loads(answer.body)
    except ValueError:
        return None
    return found


def _details(found: dict[str, Any] | None) -> str:
    if found is None:
        return f'<p class="sorry">{UNAVAILABLE.format(what="details")}</p>'
    rows = [f"<dt>{label}</dt><dd>{escape(str(found.get(name, '')))}</dd>" for name, label in LABELS.items()]
    return f'<dl class="details">{"".join(rows)}</dl>'


def _reviews(found: dict[str, Any] | None, version: str) -> str:
    if found is None:
        return f'<!-- reviews: none --><p class="sorry">{UNAVAILABLE.format(what="reviews")}</p>'
    pod = escape(str(found["podname"]))
    quotes = "".join(_review(each) for each in found["reviews"])
    marker = f"<!-- reviews: {escape(version)} pod {pod} -->"
    served = f'<p class="served">Reviews served by: <code>{pod}</code> <span>{escape(version)}</span></p>'
    return f"{marker}{quotes}{served}<!-- end of reviews -->"


def _review(review: dict[str, Any]) -> str:
    name, text = escape(review["reviewer"]), escape(review["text"])
    rating = _rating(review.get("rating"))
    return f'<blockquote class="review"><p>{text}</p>{rating}<footer>{name}</footer></blockquote>'


def _rating(rating: dict[str, Any] | None) -> str:
    if rating is None:
        return ""
    if "stars" not in rating:
        return '<p class="sorry">Ratings service is currently unavailable</p>'
    number, colour = int(rating["stars"]), escape(rating["color"])
    stars = STAR.format(colour=colour) * number + STAR.format(colour="empty") * (5 - number)
    return f'<p class="stars" title="{number} of 5" data-stars="{number}" data-colour="{colour}">{stars}</p>'


def _user(name: str) -> str:
    if name:
        return f'<span>{escape(name)}</span> <a href="/logout">Sign out</a>'
    return (
        '<form method="post" action="/login"><input name="username" placeholder="Name" aria-label="Name" '
        'required maxlength="40"><button>Sign in</button></form>'
    )


async def _session(request: web.BaseRequest) -> web.Response:
    response = web.Response(status=302, headers={"Location": "/productpage"})
    name = parse_qs(await request.text()).get("username", [""])[0] if request.path == "/login" else ""
    if name:
        response.set_cookie("user", name, httponly=True, samesite="Lax")
    else:
        response.del_cookie("user")
    return response


async def _api(calls: Calls, request: web.BaseRequest, path: str) -> web.Response:
    """Hand on what the services say, with their status."""
    headers, _ = _headers(request)
    hosts = {"/0": "details", "/0/reviews": "reviews", "/0/ratings": "ratings"}
    if path not in hosts:
        return web.json_response([PRODUCT])
    host = hosts[path]
    answer = await calls.get(f"{host}:9080", f"/{host}/0", headers)
    return web.Response(status=answer.status or 503, body=answer.body, content_type="application/json")
