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
from grayrelease.domain import revision
from grayrelease.domain.plan import ALL
from grayrelease.domain.state import Phase
from grayrelease.forms import DeedForm, FinishForm, ShareForm, TakeOverForm
from grayrelease.models import Membership, Release
from grayrelease.operations import Deed
from grayrelease.templatetags.ui import percent
from grayrelease.views import parts
from grayrelease.views.access import Request, actor
from grayrelease.views.events import Told
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
    more = {"wanted": wanted, "whole": wanted == ALL, "ready": row.pods(row.release.candidate)}
    asked = Asked("share", row, form, more)
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
    asked = Asked("take_over", row, form, {"version": version, "other": other, "ready": row.pods(version)})
    return carry(
        request, asked, lambda: operations.take_over(request.user, row.release, version, form.generation)
    )


@require_http_methods(["GET", "POST"])
@actor
def roll_back(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    asked = Asked("roll_back", row, DeedForm(request.POST), {"ready": row.pods(row.release.stable)})
    return carry(request, asked, lambda: operations.roll_back(request.user, row.release))


@require_http_methods(["GET", "POST"])
@actor
def finish(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = FinishForm(request.POST)
    delete = form.is_valid() and form.cleaned_data["delete_loser"]
    winner, loser = ends(row)
    more = {"winner": winner, "loser": loser, **losing(row, loser)}
    asked = Asked("finish", row, form, more)

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
    if not deed.rung and asked.kind != "roll_back":  # that one was carried out here
        messages.warning(request, gettext("Saved; it will be carried out within %(n)s s.") % {"n": DRIVER_S})
    return redirect(asked.row.url)


def not_carried(request: Request, asked: Asked, why: operations.NotDone) -> HttpResponse:
    """Say what happened meanwhile, and offer the same deed anew or to leave it."""
    reasons = why.reasons if isinstance(why, operations.Refused) else ()
    moved = why if isinstance(why, operations.Moved) else None
    fresh = one(request.member, asked.row.release.pk)
    context = {
        "menu": "releases",
        "row": fresh,
        "reasons": reasons,
        "moved": moved,
        "told": Told(moved.last) if moved and moved.last else None,
        "asked": wish(asked),
        "again": again(asked, fresh),
        "typed": {k: v for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "generation")},
    }
    return parts.render(request, "releases/deeds/not_done.html", context, 409)


def ends(row: Shown) -> tuple[str, str]:
    """Return the version that stays and the one that goes."""
    candidate, stable = row.release.candidate, row.release.stable
    return (candidate, stable) if row.release.intent().chosen == candidate else (stable, candidate)


def losing(row: Shown, loser: str) -> dict[str, Any]:
    """Return the workload that goes, and whether a release made it."""
    plan = revision.parse(row.release.plan)
    if loser == plan.candidate.version:
        return {"workload": plan.candidate.workload, "ours": True}
    made = Release.objects.filter(target=row.target, candidate=loser, phase=Phase.FINISHED)
    return {"workload": plan.stable.workload, "ours": made.exists()}


def wish(asked: Asked) -> str:
    """Say what the person had asked for."""
    more = asked.more
    match asked.kind:
        case "share":
            return gettext("You asked for %(share)s.") % {"share": percent(more["wanted"])}
        case "take_over":
            return gettext("You asked to let %(version)s take over.") % {"version": more["version"]}
        case "finish":
            return gettext("You asked to finish, which takes %(loser)s offline.") % {"loser": more["loser"]}
    return ""


def again(asked: Asked, fresh: Shown) -> str:
    """Return the words of the button that does it all the same; none where it can't be done."""
    deed = {"share": "set_share"}.get(asked.kind, asked.kind)
    if not fresh.may.get(deed):
        return ""
    match asked.kind:
        case "share":
            return gettext("Set %(share)s now") % {"share": percent(asked.more["wanted"])}
        case "take_over":
            return gettext("Let %(version)s take over now") % {"version": asked.more["version"]}
    return gettext("Finish now")
