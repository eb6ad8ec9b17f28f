"""What a request may hold before anything else looks at it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, QueryDict

from grayrelease.views import errors

Answering = Callable[[HttpRequest], HttpResponse]
NUL = "\0"


def refuse_nul(answering: Answering) -> Answering:
    """Answer 400 to a character that PostgreSQL takes in no text and no keyboard has."""

    def answer(request: HttpRequest) -> HttpResponse:
        held = NUL in request.path or _has_nul(request.GET) or _has_nul(request.POST)
        return errors.not_text(request) if held else answering(request)

    return answer


def _has_nul(typed: QueryDict) -> bool:
    return any(NUL in text for name, values in typed.lists() for text in (name, *values))
