"""The proxies by which visitors come in: those of Istio's Gateways and of the Gateway API's."""

from __future__ import annotations

from collections.abc import Iterator

from grayrelease.domain.evaluate.listeners import CLASSES, NAME_LABELS
from grayrelease.domain.evaluate.registry import GATEWAY_API, ISTIO, ROOT_NAMESPACE, World, age, ref, spec
from grayrelease.domain.evaluate.request import Caller

INGRESS = Caller("gateway", ROOT_NAMESPACE, {"istio": "ingressgateway"})
"""Istio's own gateway, where no Gateway says otherwise."""


def entrances(world: World) -> list[Caller]:
    """Return the callers that bring visitors in, each once; Istio's own where there is no Gateway."""
    found = [*_of_istio(world), *_of_gateway_api(world)]
    once: dict[tuple[str, str], Caller] = {}
    for each in found:
        once.setdefault((each.namespace, str(sorted(each.labels.items()))), each)
    return list(once.values()) or [INGRESS]


def _of_istio(world: World) -> Iterator[Caller]:
    """Where such a proxy runs isn't said: its Gateway may choose pods of any namespace."""
    for gateway in sorted(world.of(ISTIO, "Gateway"), key=age):
        yield Caller("gateway", ROOT_NAMESPACE, dict(spec(gateway).get("selector") or {}))


def _of_gateway_api(world: World) -> Iterator[Caller]:
    for gateway in sorted(world.of(GATEWAY_API, "Gateway"), key=age):
        if spec(gateway).get("gatewayClassName", CLASSES[0]) in CLASSES:
            yield Caller("gateway", ref(gateway).namespace, {NAME_LABELS[0]: ref(gateway).name})
