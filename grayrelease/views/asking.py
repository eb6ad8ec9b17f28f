"""How a deed is asked for and carried out: a page that asks, the deed once it is confirmed, or why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from grayrelease import operations
from grayrelease.forms import DeedForm
from grayrelease.operations import Deed
from grayrelease.templatetags.ui import percent
from grayrelease.views import parts
from grayrelease.views.access import Request
from grayrelease.views.events import Told
from grayrelease.views.release import one
from grayrelease.views.shown import Shown

DRIVER_S = 3
"""The driver finds what nobody could be told of within this time."""
NAMES = {"share": "set_share", "exposure": "set_exposure"}
"""Deeds whose page has another name."""


@dataclass(frozen=True)
class Asked:
    """A deed as a page asks for it: its template, and what the template needs."""

    kind: str
    row: Shown
    form: DeedForm
    more: dict[str, Any]

    @property
    def deed(self) -> str:
        return NAMES.get(self.kind, self.kind)


def confirm(request: Request, asked: Asked, status: int = 200) -> HttpResponse:
    """Show what would happen; htmx gets it as a dialog's content."""
    context = {
        "menu": "releases",
        "row": asked.row,
        "form": asked.form,
        "kind": asked.kind,
        "can": asked.row.may.get(asked.deed, False),
        "why_not": asked.row.why_not.get(asked.deed),
        **asked.more,
    }
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
        "others": fresh.others if any(reason.code == "no-room" for reason in reasons) else [],
        "moved": moved,
        "told": Told(moved.last) if moved and moved.last else None,
        "asked": wish(asked),
        "again": again(asked, fresh),
        "typed": {k: v for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "generation")},
    }
    return parts.render(request, "releases/deeds/not_done.html", context, 409)


def wish(asked: Asked) -> str:
    """Say what the person had asked for."""
    more = asked.more
    texts = {
        "share": lambda: gettext("You asked for %(share)s.") % {"share": percent(more["wanted"])},
        "exposure": lambda: gettext("You asked for %(share)s.") % {"share": more["short"]},
        "continue": lambda: gettext("You asked to continue."),
        "pause": lambda: gettext("You asked to pause."),
        "resume": lambda: gettext("You asked to resume."),
        "abandon": lambda: gettext("You asked to abandon the release."),
        "vouch": lambda: gettext("You vouched for callers."),
        "forget": lambda: gettext("You asked to forget the release."),
        "reapply": lambda: gettext("You asked to write the routes again."),
        "agree": lambda: gettext("You asked to go on with the routes as they were on your page."),
        "take_over": lambda: (
            gettext("You asked to let %(version)s take over.") % {"version": more["version"]}
        ),
        "finish": lambda: _finishes(more["loser"]),
    }
    return texts[asked.kind]() if asked.kind in texts else ""


def _finishes(loser: str) -> str:
    if not loser:
        return gettext("You asked to finish.")
    return gettext("You asked to finish, which takes %(loser)s offline.") % {"loser": loser}


def again(asked: Asked, fresh: Shown) -> str:
    """Return the words of the button that does it all the same; none where it can't be done.

    A step more is not offered: which one it would be now is another question. So it is with routes, and
    with callers.
    """
    if not fresh.may.get(asked.deed) or asked.kind in ("continue", "agree", "vouch", "reapply"):
        return ""
    match asked.kind:
        case "share":
            return gettext("Set %(share)s now") % {"share": percent(asked.more["wanted"])}
        case "exposure":
            return gettext("Set it now")
        case "take_over":
            return gettext("Let %(version)s take over now") % {"version": asked.more["version"]}
        case "pause":
            return gettext("Pause now")
        case "resume":
            return gettext("Resume now")
        case "abandon":
            return gettext("Abandon now")
        case "forget":
            return gettext("Forget it now")
    return gettext("Finish now")
