"""What a person does with a release: each deed has a page that asks, and is done once it is confirmed."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from grayrelease import meets, operations
from grayrelease.domain.plan import ALL, Exposure
from grayrelease.forms import (
    AbandonForm,
    AgreeForm,
    DeedForm,
    ExposureForm,
    FinishForm,
    ShareForm,
    TakeOverForm,
    VouchForm,
)
from grayrelease.models import Membership
from grayrelease.operations import Deed
from grayrelease.views.access import Request, actor
from grayrelease.views.asking import Asked, carry, confirm
from grayrelease.views.changed import changed
from grayrelease.views.handed import missing
from grayrelease.views.leaving import losing
from grayrelease.views.moves import exposure_of
from grayrelease.views.release import one
from grayrelease.views.shown import Shown
from grayrelease.views.steps import in_short, over_at, rail

deed = require_http_methods(["GET", "POST"])


@deed
@actor
def share(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = ShareForm(request.POST or request.GET or {"share": row.wanted.share // 10})
    if not form.is_valid():
        return confirm(request, Asked("share", row, form, {"wanted": row.wanted.share}))
    wanted = form.cleaned_data["share"] * 10
    then = row.release.exposed.model_copy(update={"share": wanted})
    more = {"wanted": wanted, "whole": then.everyone == ALL, **becomes(row, then)}
    asked = Asked("share", row, form, more)
    return carry(
        request, asked, lambda: operations.set_share(request.user, row.release, wanted, form.generation)
    )


@deed
@actor
def exposure(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Set the whole exposure: everyone instead of an audience, a canary after a mirror, copies again."""
    row = one(who, pk)
    form = ExposureForm(request.POST or request.GET)
    if "who" in form.errors:
        raise Http404
    if not form.is_valid():
        return confirm(request, Asked("exposure", row, form, {"who": form.data["who"], "share": 0}))
    then = exposure_of(row, form.cleaned_data["who"], form.cleaned_data["share"] * 10)
    if then is None:
        raise Http404
    more = {**form.cleaned_data, "short": meets.short(then), **becomes(row, then)}
    asked = Asked("exposure", row, form, more)
    return carry(
        request, asked, lambda: operations.set_exposure(request.user, row.release, then, form.generation)
    )


@deed
@actor
def carry_on(request: Request, who: Membership, pk: int) -> HttpResponse:
    row, form = one(who, pk), DeedForm(request.POST)
    steps = rail(row)
    then = steps.following if steps else None
    if then is None:
        more: dict[str, Any] = {"short": ""}
    else:
        more = {"short": in_short(then), "number": row.release.step + 2, **becomes(row, then)}
    asked = Asked("continue", row, form, more)
    return carry(request, asked, lambda: operations.carry_on(request.user, row.release, form.generation))


@deed
@actor
def pause(request: Request, who: Membership, pk: int) -> HttpResponse:
    row, form = one(who, pk), DeedForm(request.POST)
    asked = Asked("pause", row, form, {})
    return carry(request, asked, lambda: operations.pause(request.user, row.release, form.generation))


@deed
@actor
def resume(request: Request, who: Membership, pk: int) -> HttpResponse:
    row, form = one(who, pk), DeedForm(request.POST)
    steps = rail(row)
    at = over_at(row)
    due = {"ends": at, "over": at is not None and at <= timezone.now()}
    asked = Asked("resume", row, form, {"following": steps.next_short if steps else "", **due})
    return carry(request, asked, lambda: operations.resume(request.user, row.release, form.generation))


@deed
@actor
def take_over(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = TakeOverForm(request.POST or request.GET, versions=(row.release.candidate, row.stable))
    if not form.is_valid() or not row.brings:
        raise Http404
    version = form.cleaned_data["version"]
    wins = version == row.release.candidate
    other = row.stable if wins else row.release.candidate
    asked = Asked(
        "take_over",
        row,
        form,
        {
            "version": version,
            "other": other,
            "back": not wins,
            "switch": row.release.mode == "blue-green",
            "no_room": row.no_room(Exposure(share=ALL)) if wins else None,
            "ready": row.pods(version),
        },
    )
    return carry(
        request, asked, lambda: operations.take_over(request.user, row.release, version, form.generation)
    )


@deed
@actor
def roll_back(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    asked = Asked("roll_back", row, DeedForm(request.POST), {"ready": row.pods(row.stable)})
    return carry(request, asked, lambda: operations.roll_back(request.user, row.release))


@deed
@actor
def finish(request: Request, who: Membership, pk: int) -> HttpResponse:
    row = one(who, pk)
    form = FinishForm(request.POST)
    chosen = form.cleaned_data["loser"] if form.is_valid() else ""
    delete, scale = chosen == "delete", chosen == "scale"
    winner, loser = ends(row)
    more = {"winner": winner, "loser": loser, **losing(row, loser)}
    asked = Asked("finish", row, form, more)

    def do() -> Deed:
        return operations.finish(
            request.user, row.release, form.generation, delete_loser=delete, scale_held=scale
        )

    return carry(request, asked, do)


@deed
@actor
def abandon(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Give the release up; by a person's choice the candidate goes to 0 pods, or runs on."""
    row, form = one(who, pk), AbandonForm(request.POST)
    keep = form.is_valid() and form.cleaned_data["keep_both"]
    more = {"workload": row.plan.candidate.workload}
    asked = Asked("abandon", row, form, more)

    def do() -> Deed:
        return operations.abandon(request.user, row.release, form.generation, keep_both=keep)

    return carry(request, asked, do)


@deed
@actor
def agree(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Let it start with the routes as they are now; the page shows how they differ from the reviewed ones."""
    row = one(who, pk)
    form = AgreeForm(request.POST)
    asked = Asked("agree", row, form, {"changed": changed(row.release), "base": row.release.asks})

    def do() -> Deed:
        return operations.agree(request.user, row.release, form.base, form.generation)

    return carry(request, asked, do)


@deed
@actor
def vouch(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Say of callers that came since the review that they hand cookies on."""
    row = one(who, pk)
    left = missing(row)
    form = VouchForm(request.POST or None, named=[each.name for each in left])
    asked = Asked("vouch", row, form, {"missing": left, "wrong": form.is_bound and not form.is_valid()})
    if not form.is_valid():
        return confirm(request, asked)
    named = form.cleaned_data["vouched"]
    return carry(request, asked, lambda: operations.vouch(request.user, row.release, named, form.generation))


@deed
@actor
def reapply(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Write its routes again, over what others have edited in them."""
    row, form = one(who, pk), DeedForm(request.POST)
    asked = Asked("reapply", row, form, {})
    return carry(request, asked, lambda: operations.reapply(request.user, row.release, form.generation))


def becomes(row: Shown, then: Exposure) -> dict[str, Any]:
    """Return what a dialog shows of a change: both exposures, in the way, and who is ready for it."""
    return {
        "before": row.present,
        "then": then,
        "no_room": row.no_room(then) or row.not_handed(then),
        "ready": row.pods(row.release.candidate) if row.brings else None,
        "staying": row.staying,
    }


def ends(row: Shown) -> tuple[str, str]:
    """Return the version that stays and the one that goes, if any does."""
    candidate, stable = row.release.candidate, row.stable
    return (candidate, stable) if row.wanted.everyone == ALL else (stable, candidate)
