"""A release: what visitors get, what it waits for, what comes next, and its live parts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from grayrelease.domain import istio, revision
from grayrelease.domain.plan import Exposure, Plan
from grayrelease.domain.routes import Exposing, compose
from grayrelease.domain.state import Phase
from grayrelease.models import Event, Inventory, Membership, Release
from grayrelease.views import ages, charts, parts
from grayrelease.views.access import Request, member
from grayrelease.views.events import Told, told
from grayrelease.views.shown import Shown, Version, seen, versions

EVENTS = 60


def one(who: Membership, pk: int) -> Shown:
    """Fetch a release of the member's project, or say that there is none."""
    wanted = Release.objects.select_related("target__project", "created_by")
    if (release := wanted.filter(pk=pk, target__project=who.project).first()) is None:
        raise Http404
    return Shown(release, who.role)


@require_GET
@member
def detail(request: Request, who: Membership, pk: int) -> HttpResponse:
    """Show the release; a poll that has seen all of it gets 204 and the ages."""
    row = one(who, pk)
    inventory = Inventory.objects.filter(project=who.project).first()
    found, traffic = seen(row.target, inventory), traffic_of(row)
    plan = revision.parse(row.release.plan)
    both = versions(row, plan, found, traffic.rates)
    stamp = stamp_of(row, traffic, both, inventory)
    known = {"cluster": ages.age(found.at), "metrics": traffic.age}
    if ages.unchanged(request, stamp):
        return ages.with_ages(HttpResponse(status=204), **known)
    context = {
        "menu": "releases",
        "row": row,
        "plan": plan,
        "versions": both,
        "traffic": traffic,
        "inventory": inventory,
        "stamp": stamp,
        "seen_at": found.at,
        "oob": bool(request.htmx),
        "events": events(row),
        "routes": routes_text(row, plan),
    }
    return ages.with_ages(parts.render(request, "releases/detail.html", context), **known)


def traffic_of(row: Shown) -> charts.Traffic:
    """Ask for the traffic; what it shows of the share is newer than what the last run saw."""
    traffic = charts.traffic(row)
    if row.observed and traffic.observed:
        row.observed = row.observed.with_counts(*traffic.observed)
    return traffic


def stamp_of(
    row: Shown, traffic: charts.Traffic, versions: list[Version], inventory: Inventory | None
) -> str:
    """Return what a page has seen: generation, what was observed, and the newest sample."""
    sample = int(traffic.sampled_at.timestamp()) if traffic.sampled_at else 0
    target, release = row.target, row.release
    known = (release.status, row.phase, row.share, target.memory, [asdict(each) for each in versions])
    errors = (target.error, traffic.error, inventory and inventory.error)
    return f"{target.generation}.{target.observed_count}.{sample}.{ages.stamp(known, errors)}"


def events(row: Shown) -> list[Told]:
    wanted = Event.objects.filter(release=row.release).select_related("actor").order_by("-id")[:EVENTS]
    return told(wanted)


def routes_text(row: Shown, plan: Plan) -> str:
    """Write the routes as YAML, as they are when the share that people want is in effect."""
    if row.over or row.phase in (Phase.FINISHING,):
        return ""
    exposing = Exposing(row.release.pk, plan.candidate.version, Exposure(share=row.share))
    table = compose(plan.stable.version, [exposing])
    service, namespace = plan.subject.service, plan.subject.namespace
    both = [plan.stable.version, plan.candidate.version]
    specs: list[tuple[str, dict[str, Any]]] = [
        ("VirtualService", istio.virtual_service(service, table)),
        ("DestinationRule", istio.destination_rule(service, None, both)),
    ]
    manifests = [istio.manifest(kind, namespace, service, spec) for kind, spec in specs]
    return str(yaml.dump_all(manifests, Dumper=yaml.CSafeDumper, sort_keys=False))
