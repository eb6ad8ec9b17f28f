"""Negative controls: what a careless writer does. Each must lose some, or the loss test proves nothing."""

from __future__ import annotations

from typing import Any

from tests.story.api import APPS, ISTIO, Api

Manifest = dict[str, Any]
SERVICE = "reviews"


def destination_rule(versions: list[str]) -> Manifest:
    subsets = [{"name": version, "labels": {"version": version}} for version in versions]
    return _istio("DestinationRule", {"host": SERVICE, "subsets": subsets})


def virtual_service(shares: dict[str, int]) -> Manifest:
    route = [
        {"destination": {"host": SERVICE, "subset": version}, "weight": share}
        for version, share in shares.items()
    ]
    return _istio("VirtualService", {"hosts": [SERVICE], "http": [{"route": route}]})


def _istio(kind: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": SERVICE},
        "spec": spec,
    }


def workload(like: Manifest, version: str, image: str) -> Manifest:
    """Return a Deployment like another one, of another version."""
    template = like["spec"]["template"]
    labels = {**template["metadata"]["labels"], "version": version}
    container = {**template["spec"]["containers"][0], "image": image}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{SERVICE}-{version}", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {"sidecar.istio.io/inject": "true"},
                },
                "spec": {"containers": [container]},
            },
        },
    }


def set_subsets(api: Api, versions: list[str]) -> None:
    _put(api, "destinationrules", destination_rule(versions))


def set_routes(api: Api, shares: dict[str, int]) -> None:
    _put(api, "virtualservices", virtual_service(shares))


def _put(api: Api, plural: str, manifest: Manifest) -> None:
    if api.exists(ISTIO, plural, SERVICE):
        api.merge(ISTIO, plural, SERVICE, {"spec": manifest["spec"]})
    else:
        api.post(ISTIO, plural, manifest)


def routes_before_subsets(api: Api, old: str, new: str) -> None:
    """Name a subset in the same breath as making it."""
    set_routes(api, {old: 50, new: 50})
    set_subsets(api, [old, new])


def share_before_ready(api: Api, old: str, new: str) -> None:
    """Give half of the traffic to a version whose pods aren't ready."""
    set_routes(api, {old: 50, new: 50})


def loser_deleted_at_once(api: Api, loser: str, winner: str) -> None:
    """Take the old version away in the same breath as its traffic."""
    set_routes(api, {winner: 100})
    api.delete(APPS, "deployments", f"{SERVICE}-{loser}")
