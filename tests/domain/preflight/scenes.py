"""A Service that may be released, and ways in which it may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from grayrelease.domain.plan import Manifest
from grayrelease.domain.preflight import Finding, Scene, findings
from grayrelease.domain.preflight.table import TABLE, Check
from grayrelease.domain.reasons import REASONS
from tests.domain.manifests import US, deployment, service


def pod(name: str = "reviews-v1-x", version: str = "v1", spec: Any = None, **metadata: Any) -> Manifest:
    notes = {"sidecar.istio.io/status": "{}"}
    labels = {"app": "reviews", "version": version}
    head = {"name": name, "namespace": "demo", "labels": labels, "annotations": notes}
    return {"metadata": {**head, **metadata}, "spec": spec or {}}


def scene(**changes: Any) -> Scene:
    plain = Scene(
        namespace="demo",
        name="reviews",
        installation=US,
        service=service(),
        deployments=(deployment("v1"),),
        pods=(pod(),),
    )
    return replace(plain, **changes)


def with_spec(**spec: Any) -> Manifest:
    found = service()
    return {**found, "spec": {**found["spec"], **spec}}


def with_metadata(manifest: Manifest, **metadata: Any) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], **metadata}}


def named(kind: str, spec: dict[str, Any], name: str = "other", namespace: str = "demo") -> Manifest:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def slice_of(service: str, *endpoints: dict[str, Any], source: str = "") -> Manifest:
    """An EndpointSlice; `source`: the cluster that it came from."""
    labels = {"kubernetes.io/service-name": service}
    labels |= {"multicluster.kubernetes.io/source-cluster": source} if source else {}
    metadata = {"name": f"{service}-abc", "namespace": "demo", "labels": labels}
    return {"kind": "EndpointSlice", "metadata": metadata, "endpoints": list(endpoints)}


def to(host: str, **more: Any) -> dict[str, Any]:
    return {"http": [{"route": [{"destination": {"host": host}}]}], **more}


def weighted(host: str, weight: int, subset: str = "") -> dict[str, Any]:
    destination = {"host": host, "subset": subset} if subset else {"host": host}
    return {"destination": destination, "weight": weight}


def found_codes(given: Scene, table: Sequence[Check] = TABLE) -> list[tuple[str, str]]:
    """Return code and remedy of each finding but limits; facts are exactly those that words may name."""
    found = findings(given, table)
    for each in found:
        for reason in (each.reason, each.remedy):
            assert set(reason.facts) == set(REASONS[reason.code])
    return [(each.reason.code, each.remedy.code) for each in found if not is_limit(each)]


def is_limit(found: Finding) -> bool:
    return bool(found.stops) and "release" not in found.stops
