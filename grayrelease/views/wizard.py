"""The wizard: one page per step, a draft in the database, and a plan that is frozen at the review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import yaml
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from grayrelease import operations
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import istio, revision
from grayrelease.domain.plan import Manifest, Plan
from grayrelease.domain.routes import Exposing, compose
from grayrelease.domain.state import Reason
from grayrelease.forms import StepForm
from grayrelease.models import Draft, Inventory, Membership
from grayrelease.views import parts
from grayrelease.views.access import Request, actor
from grayrelease.views.drafts import STEPS, Wizard

FIX = {
    "bad-name": "basic",
    "name-taken": "basic",
    "required": "basic",
    "bad-version": "version",
    "version-taken": "version",
    "bad-image": "version",
    "bad-env": "version",
    "twice": "version",
    "too-small-number": "version",
    "no-container": "version",
    "too-long": "version",
}
"""Where a reason that the review gives can be put right; any other is the service's."""


@require_POST
@actor
def start(request: Request, who: Membership) -> HttpResponse:
    """Begin a draft, for a service or application where the page named one."""
    named = {key: request.POST[key] for key in ("application", "service") if request.POST.get(key)}
    draft = Draft.objects.create(
        project=who.project, created_by=request.user, data={"mode": "canary", **named}
    )
    return redirect("wizard", who.project.name, draft.pk, STEPS[0])


def wizard_of(request: Request, who: Membership, pk: UUID) -> Wizard:
    """Fetch the person's own draft."""
    draft = get_object_or_404(Draft, pk=pk, project=who.project, created_by=request.user)
    return Wizard(draft, Inventory.objects.filter(project=who.project).first())


@require_http_methods(["GET", "POST"])
@actor
def step(request: Request, who: Membership, draft: UUID, step: str) -> HttpResponse:
    """Show a step with what was typed in it, or save it and go on or back."""
    if step not in STEPS:
        raise Http404
    wizard = wizard_of(request, who, draft)
    if (before := wizard.first_open(STEPS[: STEPS.index(step)])) is not None:
        return redirect("wizard", who.project.name, draft, before)
    if request.method == "GET":
        return _shown(request, wizard, step, wizard.form(step, wizard.typed(step)))
    form = wizard.save(step, request.POST)
    if request.POST.get("go") == "back":
        return redirect("wizard", who.project.name, draft, STEPS[max(0, STEPS.index(step) - 1)])
    if request.POST.get("go") == "row" or not form.is_valid():
        return _shown(request, wizard, step, form, status=200 if form.is_valid() else 422)
    if step == STEPS[-1]:
        return redirect("review", who.project.name, draft)
    return redirect("wizard", who.project.name, draft, STEPS[STEPS.index(step) + 1])


def _shown(request: Request, wizard: Wizard, step: str, form: StepForm, status: int = 200) -> HttpResponse:
    values = form.data if form.is_bound else wizard.suggested(step)
    context = {
        **frame(wizard, step),
        "form": form,
        "values": values,
        "wrong": len(form.errors) + len(form.non_field_errors()) - bool(form.non_field_errors()),
    }
    return parts.render(request, f"wizard/{step}.html", context, status)


def frame(wizard: Wizard, step: str) -> dict[str, Any]:
    """Return what every step shows: where one is, what is chosen, and the way back."""
    at = STEPS.index(step) if step in STEPS else len(STEPS)
    return {
        "menu": "modes",
        "wizard": wizard,
        "draft": wizard.draft,
        "data": wizard.draft.data,
        "step": step,
        "number": at + 2,
        "back": STEPS[at - 1] if at else "",
        "done": {each: wizard.done(each) for each in STEPS},
    }


@require_http_methods(["GET", "POST"])
@actor
def review(request: Request, who: Membership, draft: UUID) -> HttpResponse:
    """Freeze the plan and show all of it; a POST of the same revision creates the release."""
    wizard = wizard_of(request, who, draft)
    if wizard.draft.release is not None:
        return redirect("release", who.project.name, wizard.draft.release.pk)
    if (still_open := wizard.first_open()) is not None:
        return redirect("wizard", who.project.name, draft, still_open)
    frozen = wizard.draft.frozen and revision.revision(wizard.draft.frozen)
    if request.method == "POST" and frozen and request.POST.get("revision") == frozen:
        return _create(request, who, wizard)
    changed = request.method == "POST"
    return _reviewed(request, wizard, changed)


def _create(request: Request, who: Membership, wizard: Wizard) -> HttpResponse:
    try:
        release = operations.create_release(request.user, wizard.draft)
    except operations.Forbidden as forbidden:
        raise PermissionDenied from forbidden
    except operations.NotFound as gone:
        raise Http404 from gone
    except operations.Refused as why:
        return _refused(request, wizard, why)
    except operations.Busy:
        return _reviewed(request, wizard, changed=True)
    return redirect("release", who.project.name, release.pk)


def _reviewed(request: Request, wizard: Wizard, changed: bool) -> HttpResponse:
    """Show the frozen plan; freeze it first where it isn't yet, which asks the cluster."""
    try:
        draft = wizard.draft
        plan = revision.parse(draft.frozen) if draft.frozen else operations.freeze(request.user, draft)
    except operations.Refused as why:
        return _refused(request, wizard, why)
    except ClusterError as error:
        context = {**frame(wizard, "review"), "cluster_error": str(error)}
        return parts.render(request, "wizard/review.html", context, 503)
    context = {
        **frame(wizard, "review"),
        "plan": plan,
        "share": plan.steps[0].exposure.share,
        "revision": revision.revision(draft.frozen),
        "manifests": [(each["kind"], _yaml(each)) for each in manifests(plan)],
        "changed": changed,
    }
    return parts.render(request, "wizard/review.html", context, 409 if changed else 200)


def _refused(request: Request, wizard: Wizard, why: operations.Refused) -> HttpResponse:
    reasons = [(reason, _fix(reason)) for reason in why.reasons]
    return parts.render(request, "wizard/review.html", {**frame(wizard, "review"), "reasons": reasons}, 409)


def _fix(reason: Reason) -> str:
    return FIX.get(reason.code, "service")


def manifests(plan: Plan) -> list[Manifest]:
    """Return what will be written, in order, as it is once the first share is in effect."""
    subject, stable, candidate = plan.subject, plan.stable.version, plan.candidate.version
    table = compose(stable, [Exposing(0, candidate, plan.steps[0].exposure)])
    rule = istio.destination_rule(subject.service, None, [stable, candidate])
    service = istio.virtual_service(subject.service, table)
    return [
        istio.manifest("DestinationRule", subject.namespace, subject.service, rule),
        plan.candidate.manifest,
        istio.manifest("VirtualService", subject.namespace, subject.service, service),
    ]


def _yaml(manifest: Manifest) -> str:
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
