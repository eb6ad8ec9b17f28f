"""Who calls a service: asked of Prometheus, for what a sticky release needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone

from grayrelease import metrics
from grayrelease.domain import handing
from grayrelease.metrics.interface import MetricsUnavailable


def between(namespace: str, service: str, gateways: Iterable[Mapping[str, str]]) -> tuple[str, ...] | None:
    """Return the callers of the last 15 minutes that aren't gateways; None where Prometheus doesn't say.

    `gateways` are the selectors of Gateways.
    """
    try:
        found = metrics.connect().sources(namespace, service, now=timezone.now())
    except MetricsUnavailable:
        return None
    return handing.between(found, gateways, namespace)
