"""Signing in and out, language, theme, and where a person starts."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from grayrelease.views import parts
from grayrelease.views.access import sign_in_first

YEAR_S = 365 * 24 * 3600
DEMO_USERS = ("operator", "lead", "viewer", "admin")


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Show the form, or sign in. Demo users are named in the demo only."""
    extra = {
        "theme": parts.theme(request),
        "demo_users": DEMO_USERS if settings.DEMO else (),
        "here": request.get_full_path(),
    }
    view = LoginView.as_view(
        template_name="session/sign_in.html", redirect_authenticated_user=True, extra_context=extra
    )
    return view(request)


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark; anything else forgets it, so that the system decides again."""
    response = redirect(safe_next(request))
    if (chosen := request.POST.get("theme", "")) in parts.THEMES:
        response.set_cookie(
            "theme", chosen, max_age=YEAR_S, httponly=True, samesite="Lax", secure=settings.HTTPS
        )
    else:
        response.delete_cookie("theme")
    return response


def safe_next(request: HttpRequest) -> str:
    """Return the address that the form wants to go back to, if it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and ours else "/"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Go to the person's first project; without any, say so."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    mine = parts.projects(request)
    if mine:
        return redirect("overview", mine[0].project.name)
    return parts.render(request, "session/no_project.html", {})
