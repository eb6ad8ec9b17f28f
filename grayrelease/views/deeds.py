"""What a person does with a release: each deed has a page that asks, and is done once it is confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from grayrelease import operations
from grayrelease.domain.plan import ALL
from grayrelease.forms import DeedForm, FinishForm, ShareForm, TakeOverForm
from grayrelease.models import Membership
from grayrelease.operations import Deed
from grayrelease.views import parts
from grayrelease.views.access import Request, actor
from grayrelease.views.release import one
from grayrelease.views.shown import Shown

DRIVER_S = 3
"""The driver finds what nobody could be told of within this time."""


@dataclass(frozen=True)
class Asked:
    """A deed as a page asks for it: its template, and what the template needs."""

    kind: str
    row: Shown
    form: DeedForm
    more: dict[str, Any]


@require_http_methods(["GET", "POST"])
@actor
def share(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = ShareForm(request.POST or request.GET or {"share": row.share // 10})
    if not form.is_valid():
        return confirm(request, Asked("share", row, form, {"wanted": row.share}))
    wanted = form.cleaned_data["share"] * 10
    asked = Asked("share", row, form, {"wanted": wanted, "whole": wanted == ALL})
    return carry(
        request, asked, lambda: operations.set_share(request.user, row.release, wanted, form.generation)
    )


@require_http_methods(["GET", "POST"])
@actor
def take_over(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = TakeOverForm(request.POST or request.GET, versions=(row.release.candidate, row.release.stable))
    if not form.is_valid():
        raise Http404
    version = form.cleaned_data["version"]
    other = row.release.stable if version == row.release.candidate else row.release.candidate
    asked = Asked("take_over", row, form, {"version": version, "other": other})
    return carry(
        request, asked, lambda: operations.take_over(request.user, row.release, version, form.generation)
    )


@require_http_methods(["GET", "POST"])
@actor
def roll_back(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    asked = Asked("roll_back", row, DeedForm(request.POST), {})
    return carry(request, asked, lambda: operations.roll_back(request.user, row.release))


@require_http_methods(["GET", "POST"])
@actor
def finish(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = FinishForm(request.POST)
    delete = form.is_valid() and form.cleaned_data["delete_loser"]
    asked = Asked("finish", row, form, {})

    def do() -> Deed:
        return operations.finish(request.user, row.release, form.generation, delete_loser=delete)

    return carry(request, asked, do)


def confirm(request: Request, asked: Asked, status: int = 200) -> HttpResponse:
    """Show what would happen; htmx gets it as a dialog's content."""
    context = {"menu": "releases", "row": asked.row, "form": asked.form, "kind": asked.kind, **asked.more}
    return parts.render(request, f"releases/deeds/{asked.kind}.html", context, status)


def carry(request: Request, asked: Asked, do: Callable[[], Deed]) -> HttpResponse:
    """Ask on GET. On POST do it and go back to the release; or say why it was not done."""
    if request.method != "POST":
        return confirm(request, asked)
    try:
        deed = do()
    except operations.NotFound as gone:
        raise Http404 from gone
    except operations.Forbidden as forbidden:
        raise PermissionDenied from forbidden
    except operations.NotDone as not_done:
        return not_carried(request, asked, not_done)
    if not deed.rung:
        messages.warning(
            request, gettext("Saved; it will be carried out within %(n)s s.") % {"n": DRIVER_S}
        )
    return redirect(asked.row.url)


def not_carried(request: Request, asked: Asked, why: operations.NotDone) -> HttpResponse:
    """Say what happened meanwhile, and offer the same deed anew or to leave it."""
    reasons = why.reasons if isinstance(why, operations.Refused) else ()
    moved = why if isinstance(why, operations.Moved) else None
    context = {
        "menu": "releases",
        "row": asked.row,
        "kind": asked.kind,
        "reasons": reasons,
        "moved": moved,
        "typed": {k: v for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "generation")},
        **asked.more,
    }
    return parts.render(request, "releases/deeds/not_done.html", context, 409)
