"""Applications: services, workloads and routes that belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from grayrelease import operations
from grayrelease.models import Inventory, Membership
from grayrelease.views import ages, composed, parts
from grayrelease.views.access import Request, actor, member
from grayrelease.views.releases import HELD, for_list, of_project
from grayrelease.views.shown import Shown


def inventory_of(who: Membership) -> Inventory | None:
    return Inventory.objects.filter(project=who.project).first()


@dataclass
class UnderWay:
    """A service's live releases: by the version that they bring with its role, and what brings none."""

    by_version: dict[str, tuple[Shown, str]] = field(default_factory=dict)
    copying: list[Shown] = field(default_factory=list)

    @property
    def rows(self) -> list[Shown]:
        return [*(row for row, _ in self.by_version.values()), *self.copying]

    def add(self, row: Shown) -> None:
        if row.brings:
            role = "third" if self.by_version else "candidate"
            self.by_version[row.release.candidate] = (row, role)
        else:
            self.copying.append(row)


def live_releases(who: Membership) -> dict[str, UnderWay]:
    """Return the releases under way by service, the oldest first."""
    held = for_list(of_project(who)).filter(phase__in=HELD).order_by("pk")
    found: dict[str, UnderWay] = {}
    for each in held:
        found.setdefault(each.target.service, UnderWay()).add(Shown(each, who.role))
    return found


@require_GET
@member
def index(request: Request, who: Membership) -> HttpResponse:
    inventory = inventory_of(who)
    found = composed.applications(who.project, inventory)
    context = {"menu": "applications", "applications": found, "loose": composed.loose(inventory)}
    return _live(request, "applications/index.html", context, inventory, [each.creating for each in found])


@require_GET
@member
def detail(request: Request, who: Membership, name: str) -> HttpResponse:
    inventory = inventory_of(who)
    found = {each.name: each for each in composed.applications(who.project, inventory)}
    if name not in found:
        raise Http404
    application = found[name]
    known = live_releases(who)
    releases = {each.name: known.get(each.name, UnderWay()) for each in application.services}
    context = {"menu": "applications", "application": application, "releases": releases}
    rows = [row for under in releases.values() for row in under.rows]
    told = [application.creating, [(row.release.pk, row.release.status) for row in rows]]
    return _live(request, "applications/detail.html", context, inventory, told)


@require_POST
@actor
def deploy_sample(request: Request, who: Membership) -> HttpResponse:
    try:
        made = operations.deploy_sample(request.user, who.project)
    except operations.NotFound as gone:
        raise Http404 from gone
    except operations.Forbidden as forbidden:
        raise PermissionDenied from forbidden
    return redirect("application", who.project.name, made.name)


def _live(
    request: Request, template: str, context: dict[str, Any], inventory: Inventory | None, told: Any
) -> HttpResponse:
    """Answer a poll that has seen everything with 204, else with the part or the page."""
    seen = ages.stamp(inventory and [inventory.count, inventory.error], told)
    age = ages.age(inventory.taken_at if inventory else None)
    if ages.unchanged(request, seen):
        return ages.with_ages(HttpResponse(status=204), cluster=age)
    response = parts.render(request, template, {"inventory": inventory, "stamp": seen, **context})
    return ages.with_ages(response, cluster=age)
