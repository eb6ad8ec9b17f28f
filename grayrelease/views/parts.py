"""One page, one template; htmx gets the part of it whose name is the id that it wants to replace."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from grayrelease.models import Membership
from grayrelease.views.access import may_act

THEMES = ("light", "dark")


def render(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Answer with the page, or with its part `HX-Target` where htmx asks for one."""
    whole = shell(request) | context
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    part = htmx.target if htmx and not htmx.boosted and not htmx.history_restore_request else None
    response = HttpResponse(_text(request, template, part, whole), status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
    return response


def _text(request: HttpRequest, template: str, part: str | None, context: dict[str, Any]) -> str:
    if part:
        try:
            return render_to_string(f"{template}#{part}", context | {"part": part}, request)
        except TemplateDoesNotExist as missing:
            if str(missing) not in (part, f"{template}#{part}"):
                raise
    return render_to_string(template, context, request)


def theme(request: HttpRequest) -> str:
    """Return what the person has chosen, or nothing: then their system decides."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame around each page needs."""
    membership: Membership | None = getattr(request, "member", None)
    return {
        "theme": theme(request),
        "member": membership,
        "project": membership and membership.project,
        "may_act": membership is not None and may_act(membership),
        "projects": projects(request),
        "here": here(request),
    }


def here(request: HttpRequest) -> str:
    """Return the page's own address: of a poll without what it has seen."""
    query = request.GET.copy() if request.method == "GET" else QueryDict(mutable=True)
    query.pop("seen", None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def projects(request: HttpRequest) -> list[Membership]:
    """Return the person's projects, or none: also on pages that must work without the database."""
    user = cast("User | AnonymousUser | None", getattr(request, "user", None))
    if user is None or not user.is_authenticated:
        return []
    return list(Membership.objects.select_related("project").filter(user=user).order_by("project__name"))
