"""Applications: services, workloads and routes that belong together."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from grayrelease import operations
from grayrelease.models import Membership
from grayrelease.views import parts
from grayrelease.views.access import Request, actor, member


@require_GET
@member
def index(request: Request, who: Membership) -> HttpResponse:
    return parts.render(request, "applications/index.html", {"menu": "applications"})


@require_GET
@member
def detail(request: Request, who: Membership, name: str) -> HttpResponse:
    return parts.render(request, "applications/detail.html", {"menu": "applications"})


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
