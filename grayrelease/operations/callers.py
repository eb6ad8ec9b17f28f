"""Who stands between browsers and a release's service, and who vouched for them."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache

from grayrelease.domain import handing, stand
from grayrelease.domain.plan import Exposure
from grayrelease.domain.state import Reason
from grayrelease.metrics.callers import between
from grayrelease.models import Inventory, Release, Target

KEEP_S = 10


def of_target(target: Target) -> tuple[str, ...] | None:
    """Return the callers of the last 15 minutes that aren't gateways; None where Prometheus doesn't say."""
    inventory = Inventory.objects.filter(project=target.project).first()
    gateways = inventory.data.get("gateways", []) if inventory else []
    return between(target.project.namespace, target.service, gateways)


def lately(target: Target) -> tuple[str, ...] | None:
    """Return the same, for pages: asked once in 10 s for all viewers."""
    key = f"callers/1/{target.pk}"
    known: dict[str, Any] | None = cache.get(key)
    if known is None:
        known = {"callers": of_target(target)}
        cache.set(key, known, KEEP_S)
    return None if known["callers"] is None else tuple(known["callers"])


def not_handed(release: Release, wanted: Exposure, callers: tuple[str, ...] | None) -> Reason | None:
    """Return whose cookies may be dropped, where an exposure keeps more visitors by cookie than now."""
    if not stand.draws_more(release.exposed, wanted):
        return None
    return handing.appeared(release.target.service, callers, release.vouched)
