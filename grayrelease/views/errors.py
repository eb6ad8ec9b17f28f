"""What people see when a page is not for them, not there, or cannot be made."""

from __future__ import annotations

import sys

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as plain
from django.utils.translation import get_language

from grayrelease.views import parts

DATABASE_AWAY = (OperationalError, InterfaceError)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "errors/403.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "errors/404.html", 404)


def not_text(request: HttpRequest) -> HttpResponse:
    return _page(request, "errors/400.html", 400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, "errors/csrf.html", 403)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer 503 where the database is away, 500 for a defect of ours. Asks nothing of the database."""
    if isinstance(sys.exception(), DATABASE_AWAY):
        return without_database(request)
    return _bare(request, "errors/500.html", 500)


def without_database(request: HttpRequest) -> HttpResponse:
    response = _bare(request, "errors/503.html", 503)
    response["Retry-After"] = "2"
    return response


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    try:
        return parts.render(request, template, {}, status)
    except Error:
        return without_database(request)


def _bare(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return plain(
        request, template, {"theme": parts.theme(request), "LANGUAGE_CODE": get_language()}, status=status
    )
