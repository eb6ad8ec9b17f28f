"""Releases of every strategy to look at, as the last run would have left them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models.functions import Now

from grayrelease.domain import revision
from grayrelease.domain.plan import (
    Audience,
    Candidate,
    Condition,
    Elsewhere,
    Exposure,
    Group,
    Manifest,
    Mirror,
    Plan,
    Step,
)
from grayrelease.domain.stand import Stand
from grayrelease.domain.state import Phase
from grayrelease.models import Project, Release, Target, columns
from tests import seed

TESTERS = Audience(
    groups=(
        Group(
            conditions=(
                Condition(on="cookie", name="user", values=("jason",)),
                Condition(on="system", values=("macos", "windows")),
            )
        ),
        Group(conditions=(Condition(on="header", name="x-env", how="prefix", values=("beta",)),)),
    )
)
NONE = Candidate(version="", workload="", replicas=0, manifest={})
LEDGER = Elsewhere(host="ledger.example.com", port=443)

Reason = list[Any]


def make(
    target: Target,
    person: User,
    steps: tuple[Step, ...],
    now: Reason,
    following: Reason | None,
    *,
    mode: str = "canary",
    version: str = "v2",
    step: int = 0,
    brings: bool = True,
    **more: Any,
) -> Release:
    """Make a release that stands at a step of its plan, in effect and verified."""
    changes: dict[str, Any] = {"mode": mode, "steps": steps, "name": f"{target.service}-{version or 'copy'}"}
    if not brings:
        changes["candidate"] = NONE
    plan: Plan = seed.plan(target.service, version, target.stable).model_copy(update=changes)
    text = revision.freeze(plan)
    stands = columns(Stand(steps[step].exposure, step))
    release = seed.release(
        target,
        person,
        version,
        **{
            **stands,
            "name": plan.name,
            "mode": mode,
            "plan": text,
            "revision": revision.revision(text),
            "share_in_effect": steps[step].exposure.everyone,
            "status": {"now": now, "waits": None, "next": following},
            **more,
        },
    )
    seed.verified(target, release, max(30, steps[step].exposure.everyone))
    return release


def of(service: str, version: str = "v2", **facts: Any) -> dict[str, Any]:
    return {"version": version, "stable": "v1", **facts}


def stepped(project: Project, person: User, service: str = "orders") -> Release:
    """5 → 20 → 50 → 100 %, holding at 20 %; 50 % follows by itself in 40 s."""
    shares = (50, 200, 500, 1000)
    steps = tuple(
        Step(exposure=Exposure(share=share), gate="time" if share == 200 else "person", seconds=900)
        for share in shares
    )
    at = int((datetime.now(UTC) + timedelta(seconds=40)).timestamp())
    following = ["step-due", {"version": "v2", "share": 500, "at": at}]
    target = seed.target(project, service)
    return make(target, person, steps, ["running", of(service, share=200)], following, step=1)


def awaited(project: Project, person: User, service: str = "billing") -> Release:
    """20 %, and half of everyone once somebody continues."""
    steps = tuple(Step(exposure=Exposure(share=share)) for share in (200, 500, 1000))
    following = ["person-continues", {"version": "v2", "share": 500}]
    target = seed.target(project, service)
    return make(target, person, steps, ["running", of(service, share=200)], following)


def audience(project: Project, person: User, service: str = "search") -> Release:
    """v2 has 20 % of everyone; v3, which is returned, is met by an audience alone; both of one service."""
    target = seed.target(project, service)
    everyone = Step(exposure=Exposure(share=200))
    moves = ["person-moves", {"version": "v2"}]
    make(target, person, (everyone,), ["running", of(service, share=200)], moves)
    steps = (Step(exposure=Exposure(share=1000, audience=TESTERS)), Step(exposure=Exposure(share=1000)))
    now = ["running-audience", of(service, "v3", share=1000)]
    following = ["person-continues", {"version": "v3", "share": 1000}]
    return make(target, person, steps, now, following, version="v3")


def blue_green(project: Project, person: User, service: str = "cart") -> Release:
    """Testers reach v2 before the switch."""
    steps = (Step(exposure=Exposure(share=1000, audience=TESTERS)), Step(exposure=Exposure(share=1000)))
    now = ["running-audience", of(service, share=1000)]
    following = ["person-continues", {"version": "v2", "share": 1000}]
    return make(seed.target(project, service), person, steps, now, following, mode="blue-green")


def mirror(project: Project, person: User, service: str = "mail") -> Release:
    """v2 gets copies of half of what reads; then a canary."""
    steps = (
        Step(exposure=Exposure(mirror=Mirror(share=500, get_only=True))),
        Step(exposure=Exposure(share=50)),
    )
    now = ["mirroring", {"to": "v2", "stable": "v1", "share": 500}]
    following = ["person-continues", {"version": "v2", "share": 50}]
    return make(seed.target(project, service), person, steps, now, following, mode="mirror")


def elsewhere(project: Project, person: User, service: str = "audit") -> Release:
    """Everything is copied to a host outside; no version is brought."""
    steps = (Step(exposure=Exposure(mirror=Mirror(to=LEDGER))),)
    now = ["mirroring", {"to": LEDGER.host, "stable": "v1", "share": 1000}]
    target = seed.target(project, service)
    following = ["person-moves", {"version": ""}]
    return make(target, person, steps, now, following, mode="mirror", version="", brings=False)


def sticky(project: Project, person: User, service: str = "shop") -> Release:
    steps = (Step(exposure=Exposure(share=300, sticky=True)),)
    moves = ["person-moves", {"version": "v2"}]
    target = seed.target(project, service)
    return make(target, person, steps, ["running", of(service, share=300)], moves, drawn=[100, 300])


def asking(project: Project, person: User, service: str = "wallet") -> Release:
    """Somebody changed the routes between the review and the start: it asks whether it may go on."""
    asks, target = "a" * 64, seed.target(project, service)
    facts = {"service": service, "base": asks}
    release = seed.release(
        target,
        person,
        share_in_effect=0,
        phase=Phase.PREPARING,
        status={
            "now": ["preparing", of(service)],
            "waits": ["base-changed", facts],
            "next": ["person-agrees", {"service": service}],
        },
    )
    seed.event(release, "created", person, data={"after": {"share": 200}, "base": [_routes(service, "3s")]})
    now = [_routes(service, "10s"), _routes("checkout", "1s")]
    seed.event(release, "base", None, data={"base": asks, "routes": now})
    return release


def edited(project: Project, person: User, service: str = "offers") -> Release:
    """Somebody set other weights by hand: it is left so until a person decides."""
    by = {"object": f"VirtualService/{service}", "manager": "kubectl-edit"}
    status = {
        "now": ["edited-by-other", by],
        "waits": None,
        "next": ["person-repairs", {"object": by["object"]}],
    }
    return seed.release(seed.target(project, service), person, phase=Phase.FROZEN, status=status)


def fell(project: Project, person: User, service: str = "ledger") -> Release:
    """Its pods crash: nobody meets it any more, until a person raises it."""
    facts = {"version": "v2", "workload": f"{service}-v2", "ready": 0, "pods": 3, "share": 0}
    now = ["held-trouble", {**facts, "reason": "CrashLoopBackOff"}]
    status = {"now": now, "waits": None, "next": ["person-raises", {"version": "v2"}]}
    target = seed.target(project, service)
    return seed.release(target, person, share=0, share_in_effect=0, held=now, status=status)


def unreached(project: Project, person: User, service: str = "returns") -> Release:
    """The cluster refuses our sign-in since a while."""
    release = seed.release(seed.target(project, service), person)
    error = "The API server does not accept our credentials: Unauthorized"
    Target.objects.filter(pk=release.target_id).update(error=error, failing_since=Now())
    return release


def _routes(service: str, timeout: str) -> Manifest:
    destination = {"host": service, "port": {"number": 9080}}
    spec = {"hosts": [service], "http": [{"timeout": timeout, "route": [{"destination": destination}]}]}
    return {"kind": "VirtualService", "metadata": {"name": service, "namespace": "demo"}, "spec": spec}


ALL_OF_THEM = {
    "stepped": stepped,
    "awaited": awaited,
    "audience": audience,
    "blue_green_release": blue_green,
    "mirror_release": mirror,
    "elsewhere": elsewhere,
    "sticky": sticky,
    "asking": asking,
    "edited": edited,
    "fell": fell,
    "unreached": unreached,
}
