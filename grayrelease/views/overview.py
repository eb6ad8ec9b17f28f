"""What is under way in a project, who is waited for, and what happened lately."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from grayrelease.models import Inventory, Membership
from grayrelease.views import parts
from grayrelease.views.access import Request, member
from grayrelease.views.releases import HELD, for_list, of_project
from grayrelease.views.shown import Shown

MANY = 50
LATELY = 5


@require_GET
@member
def overview(request: Request, who: Membership) -> HttpResponse:
    live = [Shown(each, who.role) for each in for_list(of_project(who)).filter(phase__in=HELD)[:MANY]]
    over = for_list(of_project(who)).exclude(phase__in=HELD)[:LATELY]
    context = {
        "menu": "overview",
        "rows": live,
        "needed": [row for row in live if row.need],
        "lately": [Shown(each, who.role) for each in over],
        "applications": who.project.applications.count(),
        "inventory": Inventory.objects.filter(project=who.project).first(),
    }
    return parts.render(request, "overview/overview.html", context)
