"""Forgetting a release: the page shows what is left in the cluster, and how to clean up by hand."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from grayrelease import operations
from grayrelease.domain.allowed import FORGETTERS
from grayrelease.forms import DeedForm
from grayrelease.models import Membership
from grayrelease.operations import Deed
from grayrelease.reconcile.remaining import Left
from grayrelease.views.access import Request, actor
from grayrelease.views.asking import Asked, carry
from grayrelease.views.release import one


@require_http_methods(["GET", "POST"])
@actor
def forget(request: Request, who: Membership, pk: int) -> HttpResponse:
    """End a release here alone; the cluster stays as it is. For leads and admins."""
    if who.role not in FORGETTERS:
        raise PermissionDenied
    row, form = one(who, pk), DeedForm(request.POST)
    left = operations.what_is_left(row.release) if row.live else Left([])
    asked = Asked("forget", row, form, {"left": left.objects, "unseen": left.error})

    def do() -> Deed:
        return operations.forget(request.user, row.release, left, form.generation)

    return carry(request, asked, do)
