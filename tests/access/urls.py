"""The dashboard's addresses, and two that break."""

from __future__ import annotations

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from grayrelease import urls

handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as a defect would")


def without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("as PostgreSQL's client would")


urlpatterns = [*urls.urlpatterns, path("broken/", broken), path("away/", without_database)]
