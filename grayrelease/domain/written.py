"""What a plan will write, before anything is: the routes that are there, split as its steps say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from grayrelease.domain import again, carrying, marks
from grayrelease.domain.plan import Exposure, Manifest, Plan
from grayrelease.domain.preflight import Scene
from grayrelease.domain.routes import Exposing
from grayrelease.domain.routing.refused import CannotSay
from grayrelease.domain.routing.subsets import with_subsets
from grayrelease.domain.state import Reason, Seen

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SELF = 2**31 - 1
"""Stands for the release that has no number yet; it is younger than all others."""


def around(found: Scene) -> carrying.Scene:
    """Return the route objects around a service."""
    seen = Seen(
        now=NEVER,
        service=found.service,
        deployments=(),
        pods=(),
        slices=(),
        virtual_services=tuple(found.virtual_services),
        destination_rules=tuple(found.destination_rules),
        written={},
        traffic=None,
        gateways=tuple(found.gateways),
    )
    return carrying.Scene(found.called, seen, found.rules)


def written(found: Scene, plan: Plan, others: Sequence[Exposing] = ()) -> list[Manifest]:
    """Return the objects as they are once the first step is in effect, in the order of their writing.

    `others`: what the target's other live releases expose. Raises CannotSay.
    """
    scene, stable = around(found), plan.stable.version
    exposing = [*others, exposed(plan, plan.steps[0].exposure)]
    versions = [stable, *(each.version for each in exposing if each.version)]
    own = scene.own_subsets(stable)
    rule = with_subsets(scene.rule, versions, own, scene.source)
    routes = [each.expanded(stable, exposing, "") for each in scene.carriers(stable)]
    return [rule, *([_workload(found, plan)] if plan.brings else []), *routes]


def _there(found: Scene, plan: Plan) -> Manifest | None:
    """Return the Deployment that has the candidate's name already."""
    wanted = plan.candidate.workload
    return next((each for each in found.deployments if wanted and marks.name(each) == wanted), None)


def _workload(found: Scene, plan: Plan) -> Manifest:
    there, wanted = _there(found, plan), plan.candidate.manifest
    return again.brought(there, wanted) if there else wanted


def in_the_way(found: Scene, plan: Plan) -> Reason | None:
    """Return why the candidate's workload can't be brought under its name; None where it can."""
    there = _there(found, plan)
    return again.why_not(there, found.installation, plan.candidate.manifest) if there else None


def unsayable(found: Scene, plan: Plan) -> Iterator[Reason]:
    """Say which of the plan's steps can't be written into the routes that are there."""
    stable, said = plan.stable.version, list[Reason]()
    for carrier in around(found).carriers(stable):
        for step in plan.steps:
            try:
                carrier.expanded(stable, [exposed(plan, step.exposure)], "")
            except CannotSay as why:
                if why.reason not in said:
                    yield why.reason
                said.append(why.reason)


def exposed(plan: Plan, exposure: Exposure) -> Exposing:
    """Return a step of a release that isn't there yet."""
    drawn = (exposure.share,) if exposure.sticky and exposure.share else ()
    return Exposing(SELF, plan.candidate.version, exposure, drawn)
