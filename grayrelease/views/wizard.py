from __future__ import annotations
from django.http import HttpResponse
from grayrelease.models import Membership
from grayrelease.views.access import Request, actor

@actor
def start(request: Request, who: Membership) -> HttpResponse:
    return HttpResponse("")
@actor
def step(request: Request, who: Membership, draft, step) -> HttpResponse:
    return HttpResponse("")
@actor
def review(request: Request, who: Membership, draft) -> HttpResponse:
    return HttpResponse("")
