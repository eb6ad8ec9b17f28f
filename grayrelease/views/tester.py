"""The route tester: which version answers a request, and why; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from pydantic import TypeAdapter, ValidationError

from grayrelease import meets
from grayrelease.cluster.interface import ClusterError
from grayrelease.domain import evaluate
from grayrelease.domain.evaluate import Answer, Caller, Proxy, Request, World
from grayrelease.domain.evaluate.texts import fits_whole
from grayrelease.domain.patterns import systems
from grayrelease.domain.plan import Audience, Exposure, Step
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.written import SELF
from grayrelease.forms import TesterForm
from grayrelease.forms.tester import GATEWAY, NOW
from grayrelease.models import Draft, Inventory, Membership, Release
from grayrelease.views import composed, live, parts
from grayrelease.views.access import Request as Web
from grayrelease.views.access import member
from grayrelease.views.live import Live
from grayrelease.views.mesh_only import caller_of, mesh_only
from grayrelease.views.tested import Telling
from grayrelease.words import sentence

PORTS = {False: 80, True: 443}
STEPS = TypeAdapter(tuple[Step, ...])
MOST_DRAFTS = 10


@dataclass(frozen=True)
class Choice:
    """What a select offers."""

    value: str
    words: str


@dataclass(frozen=True)
class Drafted:
    """One step of a person's draft."""

    choice: Choice
    service: str
    version: str
    exposure: Exposure


@require_http_methods(["GET", "POST"])
@member
def tester(request: Web, who: Membership) -> HttpResponse:
    inventory = Inventory.objects.filter(project=who.project).first()
    callers, drafted = callers_of(inventory), list(drafts_of(request, who))
    routes = [Choice(NOW, gettext("as they are now")), *(each.choice for each in drafted)]
    form = TesterForm(
        request.POST if request.method == "POST" else begun(request, inventory),
        callers=[each.value for each in callers],
        routes=[each.value for each in routes],
    )
    context: dict[str, Any] = {"menu": "tester", "form": form, "callers": callers, "routes": routes}
    status = 200
    if request.method == "POST":
        status, found = tried(who, form, {each.choice.value: each for each in drafted}, inventory)
        context |= found
    # htmx shows what was answered with 200 alone
    return parts.render(request, "tester/tester.html", context, 200 if request.htmx else status)


def begun(request: Web, inventory: Inventory | None) -> dict[str, str]:
    """Return what the form begins with: a service's own address, where a page named one."""
    said = {"by": request.GET.get("by", ""), "caller": "", "routes": NOW, "method": "GET", "path": "/"}
    service = request.GET.get("service", "")
    known = next((each for each in composed.services(inventory) if each.name == service), None)
    if known is None:
        return said
    port = next((each["port"] for each in known.entry["ports"]), 80)
    caller = caller_of(inventory, service)
    return {**said, "by": "form", "host": f"{service}:{port}", "caller": caller}


def callers_of(inventory: Inventory | None) -> list[Choice]:
    """Return who may ask: a visitor through the gateway, or a service of the project."""
    services = [each.name for each in composed.services(inventory)]
    inside = [Choice(each, gettext("%(service)s, in the mesh") % {"service": each}) for each in services]
    return [Choice(GATEWAY, gettext("a visitor, through the gateway")), *inside]


def drafts_of(request: Web, who: Membership) -> Iterator[Drafted]:
    """Return the steps of the person's own drafts that are complete enough."""
    drafts = Draft.objects.filter(project=who.project, created_by=request.user, release=None)
    for draft in drafts.order_by("-updated_at")[:MOST_DRAFTS]:
        data = draft.data
        try:
            steps = STEPS.validate_python(data.get("steps") or ())
        except ValidationError:
            continue
        for number, step in enumerate(steps if data.get("service") else ()):
            facts = {
                "name": data.get("name") or data["service"],
                "n": number + 1,
                "what": meets.short(step.exposure),
            }
            words = gettext("as draft %(name)s makes them, step %(n)s: %(what)s") % facts
            choice = Choice(f"{draft.pk}.{number}", words)
            yield Drafted(choice, str(data["service"]), str(data.get("version") or ""), step.exposure)


def tried(
    who: Membership, form: TesterForm, drafts: dict[str, Drafted], inventory: Inventory | None
) -> tuple[int, dict[str, Any]]:
    """Return the status and what the page shows: an answer, or what is in the way of one."""
    if not form.is_valid() or form.request is None:
        return 422, {"errors": form.errors}
    draft = drafts.get(form.cleaned_data["routes"])
    try:
        found = live.read(who.project)
        if draft is not None:
            found = live.drafted(found, draft.service, draft.version, draft.exposure)
        caller, request, answer = asked(found, form.request, form.cleaned_data["caller"])
        elsewhere = namespaces(request, answer) - {"", who.project.namespace}
        if elsewhere:
            found = live.around(found, elsewhere)
            caller, request, answer = asked(found, form.request, form.cleaned_data["caller"])
    except ClusterError as error:
        return 503, {"cluster_error": str(error)}
    except CannotSay as why:
        return 200, {"unsayable": sentence(why.reason.code, why.reason.facts)}
    except (KeyError, ValueError):
        return 200, {"unsayable": gettext("The draft has no place beside the releases that are under way.")}
    return 200, {
        "tested": telling(who, found, caller, request, draft).told(answer),
        "mesh_only": mesh_only(found, inventory, caller, request, answer),
        "request_": request,
        "understood": understood(request),
        "draft": draft,
    }


def namespaces(request: Request, answer: Answer) -> set[str]:
    """Return the namespaces that a request names, or that it is led to."""
    hosts = [request.authority.partition(":")[0], *(each.host for each in answer.destinations)]
    return {live.namespace_of(host) for host in hosts}


def asked(found: Live, request: Request, by: str) -> tuple[Caller, Request, Answer]:
    """Ask the proxy that routes it: of the gateways the first that has a rule for it."""
    world = evaluate.read(found.objects)
    answers: list[tuple[Caller, Request, Answer]] = []
    for caller in callers(found, world, by):
        proxy = Proxy(world, caller)
        arriving = arrives(request, proxy)
        answers.append((caller, arriving, proxy.answer(arriving)))
    return next((each for each in answers if each[2].taken is not None), answers[0])


def callers(found: Live, world: World, by: str) -> list[Caller]:
    if by != GATEWAY and by in found.scenes:
        return [Caller("sidecar", found.project.namespace, found.scenes[by].selector)]
    return evaluate.entrances(world)


def arrives(request: Request, proxy: Proxy) -> Request:
    """Return the request at the port where the proxy gets it.

    A gateway is often reached through a port of a node or a load balancer; then it is the usual one.
    """
    if proxy.caller.kind == "sidecar":
        return replace(request, secure=False)
    known = {server.port for server in proxy.servers if server.secure == request.secure}
    port = request.port if request.port in known else next(iter(sorted(known)), PORTS[request.secure])
    return replace(request, port=port)


def telling(who: Membership, found: Live, caller: Caller, request: Request, draft: Drafted | None) -> Telling:
    rows = Release.objects.live().filter(target__project=who.project).select_related("target")
    releases = {each.pk: each for each in rows}
    audiences: dict[int, Audience] = {
        pk: each.exposed.audience for pk, each in releases.items() if each.exposed.audience
    }
    if draft is not None and draft.exposure.audience:
        audiences[SELF] = draft.exposure.audience
    stable = {each.target.service: each.target.stable for each in releases.values()}
    return Telling(found, caller, request, releases, audiences, stable)


def understood(request: Request) -> dict[str, Any]:
    """Return how a pasted request was read."""
    agent = "".join(request.headers.get("user-agent", ()))
    cookies = [
        one.strip() for line in request.headers.get("cookie", ()) for one in line.split(";") if one.strip()
    ]
    return {"cookies": cookies, "system": system_of(agent)}


def system_of(agent: str) -> str:
    """Name the operating system that a browser says it runs on; empty where it doesn't."""
    found = (words for key, words in meets.SYSTEMS.items() if fits_whole(systems([key]), agent))
    return next(found, "")
