"""What is under way in a project, who is waited for, and what happened lately."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from grayrelease.models import Inventory, Membership
from grayrelease.views import ages, parts
from grayrelease.views.access import Request, member
from grayrelease.views.releases import HELD, for_list, of_project
from grayrelease.views.shown import Shown

MANY = 15
LATELY = 5


@require_GET
@member
def overview(request: Request, who: Membership) -> HttpResponse:
    held = for_list(of_project(who)).filter(phase__in=HELD)
    live, total = [Shown(each, who.role) for each in held[:MANY]], held.count()
    over = [Shown(each, who.role) for each in for_list(of_project(who)).exclude(phase__in=HELD)[:LATELY]]
    inventory = Inventory.objects.filter(project=who.project).first()
    cluster = inventory and [inventory.error, inventory.data.get("by_lists")]
    stamp = ages.stamp([row.told() for row in (*live, *over)], total, cluster)
    if ages.unchanged(request, stamp):
        return HttpResponse(status=204)
    context = {
        "menu": "overview",
        "rows": live,
        "total": total,
        "needed": [row for row in live if row.need],
        "lately": over,
        "applications": who.project.applications.count(),
        "inventory": inventory,
        "stamp": stamp,
    }
    return parts.render(request, "overview/overview.html", context)
