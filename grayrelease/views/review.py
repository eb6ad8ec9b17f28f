"""The wizard's last step: the plan is frozen, shown whole, and carried out when the same one is posted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import yaml
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from grayrelease import meets, operations
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import revision
from grayrelease.domain.plan import Manifest, Plan
from grayrelease.domain.refusals import CONDITIONS
from grayrelease.domain.sources import sources
from grayrelease.domain.state import Reason
from grayrelease.models import Membership
from grayrelease.views import parts
from grayrelease.views.access import Request, actor
from grayrelease.views.drafts import Wizard, parts_of
from grayrelease.views.picture import of_exposure
from grayrelease.views.wizard import frame, wizard_of

FIX = {
    "bad-name": "basic",
    "name-taken": "basic",
    "required": "basic",
    "bad-version": "version",
    "version-taken": "version",
    "workload-taken": "version",
    "workload-held": "version",
    "workload-selects": "version",
    "bad-image": "version",
    "bad-env": "version",
    "twice": "version",
    "too-small-number": "version",
    "no-container": "version",
    "too-long": "version",
}
"""Where a reason that the review gives can be put right; any other is the service's."""

POLICY = set(CONDITIONS) - {"copy-to-itself", "no-such-port", "no-service-entry"} | {"no-room"}


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
    context = {**frame(wizard, "review"), **planned(wizard, plan), "changed": changed}
    return parts.render(request, "wizard/review.html", context, 409 if changed else 200)


def planned(wizard: Wizard, plan: Plan) -> dict[str, Any]:
    """Return what the review says about a plan."""
    first = plan.steps[0].exposure
    words_of = parts_of(wizard)
    elsewhere, staying = words_of["elsewhere"], words_of["staying"]
    brought, stable = f"{plan.subject.service} {plan.candidate.version}", plan.stable.version
    sentences = [meets.exposure(step.exposure, brought, staying, elsewhere=elsewhere) for step in plan.steps]
    manifests = titled(wizard.draft.data.get("written") or [])
    gates = ["", *(meets.gate(step) for step in plan.steps[:-1])]
    return {
        "plan": plan,
        "exposure": first,
        "picture": of_exposure(stable, plan.candidate.version, first),
        "strategy": meets.strategy(plan.mode, first),
        "sentences": list(zip(sentences, gates, strict=True)),
        "same": sources(plan.candidate.manifest) if first.mirror and plan.brings else [],
        "differs": sorted(wizard.draft.data.get("env") or {}),
        "revision": revision.revision(wizard.draft.frozen),
        "manifests": manifests,
        "again": any(each["there"] for each in manifests if each["kind"] == "Deployment"),
    }


def _refused(request: Request, wizard: Wizard, why: operations.Refused) -> HttpResponse:
    reasons = [(reason, _fix(wizard, reason)) for reason in why.reasons]
    return parts.render(request, "wizard/review.html", {**frame(wizard, "review"), "reasons": reasons}, 409)


def _fix(wizard: Wizard, reason: Reason) -> str:
    step = "policy" if reason.code in POLICY else FIX.get(reason.code, "service")
    return step if step in wizard.steps else "service"


def titled(manifests: Sequence[Manifest]) -> list[dict[str, Any]]:
    """Return what will be written: its kind and name, if it is there already, and its text."""
    return [
        {
            "kind": each["kind"],
            "name": each["metadata"]["name"],
            "there": "uid" in each["metadata"],
            "text": _yaml(each),
        }
        for each in manifests
    ]


def _yaml(manifest: Manifest) -> str:
    metadata = {field: value for field, value in manifest["metadata"].items() if field != "uid"}
    return yaml.safe_dump({**manifest, "metadata": metadata}, sort_keys=False, allow_unicode=True)
