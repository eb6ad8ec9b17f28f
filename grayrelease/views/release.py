"""A release: what visitors get, what it waits for, what comes next, and its live parts."""

from __future__ import annotations

from dataclasses import asdict

from django.http import Http404, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from grayrelease import meets
from grayrelease.domain.plan import ALL
from grayrelease.models import Event, Inventory, Membership, Release
from grayrelease.views import ages, charts, parts, picture
from grayrelease.views.access import Request, member
from grayrelease.views.events import Told, told
from grayrelease.views.handed import handed
from grayrelease.views.leaving import left_by
from grayrelease.views.moves import moves
from grayrelease.views.running import Seen, Version, seen
from grayrelease.views.shown import Shown, total
from grayrelease.views.steps import rail

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
    shown = versions(row, found, traffic.rates)
    stamp = stamp_of(row, traffic, shown, inventory)
    known = {"cluster": ages.age(found.at), "metrics": traffic.age}
    if ages.unchanged(request, stamp):
        return ages.with_ages(HttpResponse(status=204), **known)
    context = {
        "menu": "releases",
        "row": row,
        "plan": row.plan,
        "title": title(row),
        "strategy": meets.strategy(row.plan.mode, row.plan.steps[0].exposure),
        "versions": shown,
        "alone": shown[-1].has_all,
        "traffic": traffic,
        "inventory": inventory,
        "stamp": stamp,
        "seen_at": found.at,
        "oob": bool(request.htmx),
        "events": events(row),
        "picture": picture.of_rows(row),
        "rail": rail(row),
        "moves": moves(row),
        "handed": handed(row),
        "left": left_by(row),
    }
    return ages.with_ages(parts.render(request, "releases/detail.html", context), **known)


def title(row: Shown) -> str:
    """Name what the release is about."""
    facts = {"service": row.target.service, "version": row.release.candidate}
    mirror = row.plan.steps[-1].exposure.mirror
    if mirror and mirror.to:
        return gettext("Copy requests of %(service)s to %(to)s") % {**facts, "to": mirror.to.host}
    if mirror:
        return gettext("Try %(service)s %(version)s with copies of requests") % facts
    return gettext("Bring %(service)s %(version)s to all visitors") % facts


def traffic_of(row: Shown) -> charts.Traffic:
    """Ask for the traffic; what it shows of the share is newer than what the last run saw."""
    traffic = charts.traffic(row)
    if row.observed and not row.comparable:
        row.observed = None
    elif row.observed and traffic.observed:
        row.observed = row.observed.with_counts(*traffic.observed)
    return traffic


def versions(row: Shown, found: Seen, rates: dict[str, float | None]) -> list[Version]:
    """Return the candidate and the stable version, the candidate first as in the share bar."""
    stable, plan = row.stable, row.plan
    rest = ALL - total([row, *row.others])
    alone = rest == ALL and all(each.kind != "audience" for each in (row, *row.others))
    workload = row.target.stable_workload if row.live else ""
    named = [(stable, "stable", workload or plan.stable.workload, rest, alone)]
    if row.brings:
        share = row.share
        named.insert(0, (row.release.candidate, "candidate", plan.candidate.workload, share, share == ALL))
    return [found.version(*each, rate=rates.get(each[0])) for each in named]


def stamp_of(
    row: Shown, traffic: charts.Traffic, versions: list[Version], inventory: Inventory | None
) -> str:
    """Return what a page has seen: generation, what was observed, and the newest sample."""
    sample = int(traffic.sampled_at.timestamp()) if traffic.sampled_at else 0
    target, release = row.target, row.release
    wanted = (release.exposure, release.share, release.step, release.paused, release.goal)
    others = [(each.release.name, each.told()) for each in row.others]
    callers = [(each.name, each.calls, each.by) for each in handed(row)]
    known = (release.status, row.phase, row.share, target.memory, [asdict(each) for each in versions])
    errors = (callers, target.error, traffic.error, inventory and inventory.error)
    of_all = ages.stamp(known, wanted, others, errors)
    return f"{target.generation}.{target.observed_count}.{sample}.{of_all}"


def events(row: Shown) -> list[Told]:
    wanted = Event.objects.filter(release=row.release).select_related("actor").order_by("-id")[:EVENTS]
    return told(wanted)
