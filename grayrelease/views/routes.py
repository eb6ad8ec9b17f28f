"""The routes of a release as the cluster has them now: a page of its own, since it asks the cluster."""

from __future__ import annotations

import yaml
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from grayrelease.cluster.interface import ClusterError
from grayrelease.models import Membership
from grayrelease.views import live, parts
from grayrelease.views.access import Request, member
from grayrelease.views.release import one


@require_GET
@member
def routes(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Show the objects that carry the target's routes, as YAML; 2 s at most."""
    row = one(who, pk)
    context = {"menu": "releases", "row": row, "objects": [], "cluster_error": ""}
    try:
        found = live.routes_of(live.read(who.project), row.target.service)
        context["objects"] = [(title, _yaml(each)) for title, each in live.titled(found)]
    except ClusterError as error:
        context["cluster_error"] = str(error)
    return parts.render(request, "releases/deeds/routes.html", context)


def _yaml(manifest: object) -> str:
    return str(yaml.dump(manifest, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))
