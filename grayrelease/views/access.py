"""Who may see a page, and who may act: asked once, by the decorator that each view wears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from grayrelease.models import Membership, Project, Role

LOOKED_EVERY = timedelta(seconds=20)
Rest = ParamSpec("Rest")


class Request(HttpRequest):
    """What arrives at our views once somebody is signed in."""

    user: User
    htmx: HtmxDetails
    member: Membership


View = Callable[Concatenate[Request, Membership, Rest], HttpResponse]
Route = Callable[Concatenate[HttpRequest, str, Rest], HttpResponse]


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page and back here afterwards; a live part sends its whole page there."""
    htmx = cast(Request, request).htmx
    if not htmx:
        return redirect_to_login(request.get_full_path())
    back = urlencode({"next": htmx.current_url_abs_path or "/"})
    return HttpResponseClientRedirect(f"{resolve_url('login')}?{back}")


def member(view: View[Rest]) -> Route[Rest]:
    """Let the project's members in; for anybody else the project does not exist."""

    @wraps(view)
    def asked(request: HttpRequest, project: str, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if isinstance(request.user, AnonymousUser):
            return sign_in_first(request)
        found = Membership.objects.select_related("project").filter(user=request.user, project__name=project)
        if (membership := found.first()) is None:
            raise Http404
        _seen_by_somebody(membership.project)
        known = cast(Request, request)
        known.member = membership
        return view(known, membership, *args, **kwargs)

    return cast("Route[Rest]", asked)  # `wraps` hides the argument's name from mypy


def _seen_by_somebody(project: Project) -> None:
    """Let the driver know that somebody looks at the project; now and then is enough."""
    if project.viewed_at is None or timezone.now() - project.viewed_at > LOOKED_EVERY:
        Project.objects.filter(pk=project.pk).update(viewed_at=Now())


def may_act(membership: Membership) -> bool:
    return membership.role != Role.VIEWER


def actor(view: View[Rest]) -> Route[Rest]:
    """Let in those members who may change something."""

    @wraps(view)
    def asked(request: Request, who: Membership, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not may_act(who):
            raise PermissionDenied
        return view(request, who, *args, **kwargs)

    return member(cast("View[Rest]", asked))
