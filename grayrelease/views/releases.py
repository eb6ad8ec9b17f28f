"""The modes to begin with, and the list of releases."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from grayrelease.domain.state import LIVE, Phase
from grayrelease.models import Membership, Release, ReleaseQuerySet
from grayrelease.views import ages, parts
from grayrelease.views.access import Request, member
from grayrelease.views.shown import Shown

PER_PAGE = 25
HELD = [str(phase) for phase in LIVE]
STATES: dict[str, list[str]] = {
    "live": HELD,
    "preparing": [Phase.PREPARING],
    "running": [Phase.RUNNING],
    "taken-over": [Phase.TAKEN_OVER],
    "rolled-back": [Phase.ROLLING_BACK, Phase.ROLLED_BACK],
    "abandoned": [Phase.ABANDONING, Phase.ABANDONED],
    "forgotten": [Phase.FORGOTTEN],
    "trouble": [Phase.FAILED, Phase.FROZEN],
    "finished": [Phase.FINISHING, Phase.FINISHED],
}
"""What the filter offers, and the phases that it means."""
MODES = ("canary", "blue-green", "mirror")


@require_GET
@member
def modes(request: Request, who: Membership) -> HttpResponse:
    return parts.render(request, "releases/modes.html", {"menu": "modes"})


@require_GET
@member
def index(request: Request, who: Membership) -> HttpResponse:
    """List the project's releases, newest first: filter, search, pages."""
    query, state, mode = (request.GET.get(name, "").strip() for name in ("q", "state", "mode"))
    page = _page(found(who, query, state, mode), request.GET.get("page"))
    rows = [Shown(release, who.role) for release in page]
    stamp = ages.stamp([row.told() for row in rows], page.paginator.count)
    if ages.unchanged(request, stamp):
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "menu": "releases",
        "page": page,
        "rows": rows,
        "stamp": stamp,
        "query": query,
        "state": state if state in STATES else "",
        "mode": mode if mode in MODES else "",
        "any": bool(page.paginator.count) or of_project(who).exists(),
    }
    return parts.render(request, "releases/index.html", context)


def of_project(who: Membership) -> ReleaseQuerySet:
    return Release.objects.filter(target__project=who.project)


def for_list(releases: ReleaseQuerySet) -> ReleaseQuerySet:
    """Fetch what a row shows and leave the big columns where they are."""
    heavy = ("plan", "target__observed")
    return releases.select_related("target__project", "created_by").defer(*heavy)


def found(who: Membership, query: str, state: str, mode: str) -> ReleaseQuerySet:
    releases = for_list(of_project(who))
    if mode in MODES:
        releases = releases.filter(mode=mode)
    if state in STATES:
        releases = releases.filter(phase__in=STATES[state])
    if query:
        words = ("name", "target__service", "candidate", "stable", "created_by__username")
        conditions = [Q(**{f"{word}__icontains": query}) for word in words]
        releases = releases.filter(Q(*conditions, _connector=Q.OR))
    return releases


def _page(releases: ReleaseQuerySet, wanted: str | None) -> Page[Release]:
    return Paginator(releases, PER_PAGE).get_page(wanted)
