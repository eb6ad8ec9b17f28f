"""Live parts: what a poll has seen already, and how old each source is; the browser counts on by itself."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from grayrelease.views.access import Request


def stamp(*seen: Any) -> str:
    """Return what a page shows in a few letters: it changes when anything of it does."""
    return f"{zlib.crc32(json.dumps(seen, sort_keys=True, default=str).encode()):x}"


def unchanged(request: Request, stamp: str) -> bool:
    """Say whether a poll has seen all of this."""
    return bool(request.htmx) and request.GET.get("seen", "") == stamp


def age(at: datetime | None) -> float | None:
    return None if at is None else round(max(0.0, (timezone.now() - at).total_seconds()), 1)


def with_ages(response: HttpResponse, **ages: float | None) -> HttpResponse:
    """Tell the browser the ages of the sources in seconds, also where nothing else is new."""
    response["HX-Trigger"] = json.dumps({"ages": ages})
    response["Cache-Control"] = "no-store"
    return response
