"""The wizard: one page per step, and a draft in the database that loses nothing that was typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from grayrelease import meets
from grayrelease.forms import EDITS, PolicyForm, StepForm, edited
from grayrelease.models import Draft, Inventory, Membership
from grayrelease.views import parts
from grayrelease.views.access import Request, actor
from grayrelease.views.drafts import MODES, STEPS, Wizard, parts_of
from grayrelease.views.picture import of_exposure


@require_POST
@actor
def start(request: Request, who: Membership) -> HttpResponse:
    """Begin a draft, for a service or application where the page named one."""
    named = {key: request.POST[key] for key in ("application", "service") if request.POST.get(key)}
    mode = request.POST.get("mode", MODES[0])
    if mode not in MODES:
        raise Http404
    by = {"by": "steps"} if request.POST.get("by") == "steps" else {}
    draft = Draft.objects.create(
        project=who.project, created_by=request.user, data={"mode": mode, **by, **named}
    )
    return redirect("wizard", who.project.name, draft.pk, STEPS[0])


def wizard_of(request: Request, who: Membership, pk: UUID, *, lock: bool = False) -> Wizard:
    """Fetch the person's own draft; one that is to be written is locked, since two tabs may write it."""
    drafts = Draft.objects.select_for_update() if lock else Draft.objects.all()
    draft = get_object_or_404(drafts, pk=pk, project=who.project, created_by=request.user)
    draft.project = who.project
    return Wizard(draft, Inventory.objects.filter(project=who.project).first())


@require_http_methods(["GET", "POST"])
@actor
@transaction.atomic
def step(request: Request, who: Membership, draft: UUID, step: str) -> HttpResponse:
    """Show a step with what was typed in it, or save it and go on or back."""
    wizard = wizard_of(request, who, draft, lock=request.method == "POST")
    if step not in wizard.steps:
        raise Http404
    if (before := wizard.first_open(wizard.steps[: wizard.steps.index(step)])) is not None:
        return redirect("wizard", who.project.name, draft, before)
    if request.method == "GET":
        typed = wizard.typed(step)
        return _shown(request, wizard, step, wizard.form(step, typed), quiet=typed is None)
    return _posted(request, wizard, step, request.POST.get("go", "next"))


def _posted(request: Request, wizard: Wizard, step: str, go: str) -> HttpResponse:
    if go == "look":
        return _looked(request, wizard, step)
    if go.partition(":")[0] in EDITS:
        wizard.save(step, edited(request.POST, go), moves=False)
        return _shown(request, wizard, step, wizard.form(step, wizard.typed(step)), quiet=True)
    form = wizard.save(step, request.POST, moves=go != "row")
    at = wizard.steps.index(step)
    if go == "back":
        return _to(wizard, wizard.steps[max(0, at - 1)])
    if go == "row" or not form.is_valid():
        return _shown(request, wizard, step, form, status=200 if form.is_valid() else 422)
    return _to(wizard, [*wizard.steps, "review"][at + 1])


def _to(wizard: Wizard, step: str) -> HttpResponse:
    return redirect("wizard", wizard.draft.project.name, wizard.draft.pk, step)


def _looked(request: Request, wizard: Wizard, step: str) -> HttpResponse:
    """Say what the fields mean as they are; keep them, unless the page is older than a later answer."""
    if request.POST.get("n") == str(wizard.typed_at):
        wizard.save(step, request.POST, moves=False)
    return _shown(request, wizard, step, wizard.form(step, request.POST), quiet=True)


def _shown(
    request: Request, wizard: Wizard, step: str, form: StepForm, status: int = 200, quiet: bool = False
) -> HttpResponse:
    """Show a step. `quiet` says nothing about fields that are wrong: they are being typed."""
    typed = form.data if isinstance(form.data, MultiValueDict) and form.is_bound else None
    values = typed or wizard.suggested(step)
    shown = wizard.form(step, values) if quiet and step == "policy" else form
    context = {**frame(wizard, step), "form": shown, "values": values}
    if quiet:
        context |= {"errors": {}, "wrong": 0}
    else:
        several = len(form.non_field_errors())
        context |= {"errors": form.errors, "wrong": len(form.errors) + several - bool(several)}
    if step == "policy":
        context |= said(wizard, wizard.form(step, values))
    return parts.render(request, f"wizard/{step}.html", context, status)


def said(wizard: Wizard, form: StepForm) -> dict[str, Any]:
    """Return who meets which version by a policy as it is typed, or what is in the way of saying it."""
    words_of = parts_of(wizard)
    v, stable = words_of["v"] or gettext("the new version"), words_of["stable"]
    if not isinstance(form, PolicyForm) or not form.is_valid():
        first = next((str(each) for errors in form.errors.values() for each in errors), "")
        return {**words_of, "v": v, "sentence": "", "unsaid": first, "later": []}
    steps = form.steps()
    later = [(meets.short(steps[at].exposure), meets.gate(steps[at - 1])) for at in range(1, len(steps))]
    sentence = meets.exposure(steps[0].exposure, v, words_of["staying"], elsewhere=words_of["elsewhere"])
    return {
        **words_of,
        "v": v,
        "sentence": sentence,
        "first": meets.short(steps[0].exposure),
        "later": later,
        "picture": of_exposure(stable, "" if words_of["elsewhere"] else v, steps[0].exposure, narrow=True),
    }


def frame(wizard: Wizard, step: str) -> dict[str, Any]:
    """Return what every step shows: where one is, what is chosen, and the way back."""
    steps = wizard.steps
    at = steps.index(step) if step in steps else len(steps)
    return {
        "menu": "modes",
        "wizard": wizard,
        "draft": wizard.draft,
        "data": wizard.draft.data,
        "step": step,
        "number": at + 2,
        "count": len(steps) + 2,
        "back": steps[at - 1] if at else "",
        "done": {each: wizard.done(each) for each in steps},
        "policy": policy_in_short(wizard),
    }


def policy_in_short(wizard: Wizard) -> str:
    """Return the first step in a few words; empty before it was answered."""
    first = wizard.first
    return meets.short(first.exposure) if first else ""
