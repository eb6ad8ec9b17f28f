"""What pages show of a namespace and of a target: small plain documents made from whole manifests.

Everything returned is JSON-serialisable. Times stay the text that the API server gave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grayrelease.domain.again import left
from grayrelease.domain.holders import held
from grayrelease.domain.marks import MADE_BY, OWNER, labels, name, notes
from grayrelease.domain.plan import Manifest
from grayrelease.domain.pods import condition, read_endpoints, trouble, version_of
from grayrelease.domain.podstate import containers, restarts, state

Entry = dict[str, Any]
APPLICATION = "app.kubernetes.io/name"
APPLICATION_VERSION = "app.kubernetes.io/version"
MOST = 500
"""Entries of a kind in an inventory; how many more there are is said."""
MOST_PODS = 30
MOST_BYTES = 16_000


def pod(manifest: Manifest) -> Entry:
    """Describe a pod: its version, its state as kubectl prints it, and why it isn't ready."""
    why = trouble(manifest)
    ready, total = containers(manifest)
    return {
        "name": name(manifest),
        "application": labels(manifest).get(APPLICATION, ""),
        "app": labels(manifest).get("app", ""),
        "version": version_of(manifest),
        "state": state(manifest),
        "ready": ready,
        "containers": total,
        "restarts": restarts(manifest),
        "reason": why.reason if why else "",
        "message": why.message[:200] if why else "",
        "since": str(manifest["metadata"].get("creationTimestamp") or ""),
    }


def workload(manifest: Manifest) -> Entry:
    """Describe a Deployment: pods wanted and ready, its image, and what its conditions say is wrong."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    template = (spec.get("template") or {}).get("metadata") or {}
    wanted, ready = int(spec.get("replicas", 1)), int(status.get("readyReplicas") or 0)
    wrong = _failed(manifest)
    return {
        "name": name(manifest),
        "kind": str(manifest.get("kind") or "Deployment"),
        "application": labels(manifest).get(APPLICATION, ""),
        "app": (template.get("labels") or {}).get("app", ""),
        "version": (template.get("labels") or {}).get("version", ""),
        "images": [str(one.get("image", "")) for one in _containers(spec)],
        "replicas": wanted,
        "ready": ready,
        "state": "stopped" if not wanted else "ready" if ready >= wanted else "not-ready",
        "left": left(manifest),
        "made": MADE_BY in notes(manifest),
        "reason": str(wrong.get("reason", "")),
        "message": str(wrong.get("message", ""))[:200],
        "kept": [keeper.tool, keeper.part] if (keeper := held(manifest)) else [],
    }


def _containers(spec: Entry) -> list[Entry]:
    found: list[Entry] = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
    return found


def _failed(manifest: Manifest) -> Mapping[str, str]:
    failure, progress = condition(manifest, "ReplicaFailure"), condition(manifest, "Progressing")
    if failure.get("status") == "True":
        return failure
    return progress if progress.get("status") == "False" else {}


def service(manifest: Manifest, slices: Sequence[Manifest], pods: Sequence[Manifest]) -> Entry:
    """Describe a Service: its ports, and how many ready pods of each version are its endpoints."""
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    endpoints = read_endpoints(name(manifest), slices, pods)
    return {
        "name": name(manifest),
        "uid": str(manifest["metadata"].get("uid", "")),
        "application": labels(manifest).get(APPLICATION, ""),
        "type": str(spec.get("type") or "ClusterIP"),
        "selector": spec.get("selector") or {},
        "ports": [{"name": port.get("name", ""), "port": port.get("port")} for port in ports],
        "versions": {version: len(found) for version, found in sorted(endpoints.ready.items())},
        "endpoints": sum(len(found) for found in endpoints.named.values()),
    }


def route(manifest: Manifest) -> Entry:
    """Describe a VirtualService: whose requests it takes, by which gateways, and where they go."""
    spec = manifest.get("spec") or {}
    return {
        "kind": str(manifest.get("kind") or "VirtualService"),
        "name": name(manifest),
        "application": labels(manifest).get(APPLICATION, ""),
        "hosts": [str(host) for host in spec.get("hosts") or []],
        "gateways": [str(gateway) for gateway in spec.get("gateways") or []],
        "rules": [_rule(http) for http in (spec.get("http") or [])[:20]],
        "ours": OWNER in notes(manifest),
    }


def _rule(http: Entry) -> Entry:
    paths = [_path(match["uri"]) for match in http.get("match") or [] if match.get("uri")]
    return {"paths": paths, "to": [_destination(to) for to in http.get("route") or []]}


def _path(uri: Mapping[str, str]) -> str:
    kind, text = next(iter(uri.items()))
    return text if kind in ("exact", "prefix") else f"{kind} {text}"


def _destination(to: Entry) -> Entry:
    destination = to.get("destination") or {}
    return {
        "service": str(destination.get("host", "")),
        "subset": str(destination.get("subset", "")),
        "port": (destination.get("port") or {}).get("number"),
        "weight": to.get("weight"),
    }


def inventory(
    *,
    services: Sequence[Manifest],
    deployments: Sequence[Manifest],
    pods: Sequence[Manifest],
    slices: Sequence[Manifest],
    virtual_services: Sequence[Manifest],
) -> Entry:
    """Describe a namespace: services, workloads, pods, routes, each sorted by name, at most 500 of a kind.

    "left_out" says how many more there are, by kind.
    """
    kinds: dict[str, list[Entry]] = {
        "services": [service(found, slices, pods) for found in _sorted(services)[:MOST]],
        "workloads": [workload(found) for found in _sorted(deployments)[:MOST]],
        "pods": [pod(found) for found in _sorted(pods)[:MOST]],
        "routes": [route(found) for found in _sorted(virtual_services)[:MOST]],
    }
    counted = {"services": services, "workloads": deployments, "pods": pods, "routes": virtual_services}
    return {**kinds, "left_out": {kind: max(0, len(found) - MOST) for kind, found in counted.items()}}


def _sorted(manifests: Iterable[Manifest]) -> list[Manifest]:
    return sorted(manifests, key=name)


def observed(
    service_manifest: Manifest | None,
    *,
    deployments: Sequence[Manifest],
    pods: Sequence[Manifest],
    slices: Sequence[Manifest],
    virtual_services: Sequence[Manifest],
) -> Entry:
    """Describe a target for `Target.observed`: versions with their workloads and pods, routes by our hand.

    {"versions": [{"version", "endpoints", "workloads", "pods", "left_out"}], "routes": [...]}, ≤ 16 kB.
    """
    wanted = ((service_manifest or {}).get("spec") or {}).get("selector") or {}
    own = [found for found in _sorted(pods) if wanted and wanted.items() <= labels(found).items()]
    works = [workload(found) for found in _sorted(deployments) if _selected(found, wanted)]
    target = name(service_manifest or {})
    ready = read_endpoints(target, slices, own).ready
    versions = sorted({version_of(found) for found in own} | {work["version"] for work in works})
    document: Entry = {
        "versions": [_version(one, len(ready.get(one, ())), works, own) for one in versions],
        "routes": [route(found) for found in _sorted(virtual_services) if name(found) == target],
    }
    return _fitted(document)


def _selected(deployment: Manifest, selector: Mapping[str, str]) -> bool:
    template = ((deployment.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return bool(selector) and selector.items() <= (template.get("labels") or {}).items()


def _version(version: str, endpoints: int, works: list[Entry], pods: list[Manifest]) -> Entry:
    mine = [pod(found) for found in pods if version_of(found) == version]
    # Those that need a look come first, so that leaving some out hides none of them.
    mine.sort(key=lambda entry: (not entry["reason"], entry["name"]))
    return {
        "version": version,
        "endpoints": endpoints,
        "workloads": [work for work in works if work["version"] == version],
        "pods": mine[:MOST_PODS],
        "left_out": max(0, len(mine) - MOST_PODS),
    }


def _fitted(document: Entry) -> Entry:
    """Leave pods out, the longest list's last first, until the document is small enough to store."""
    while len(json.dumps(document).encode()) > MOST_BYTES:
        longest = max(document["versions"], key=lambda entry: len(entry["pods"]), default=None)
        if longest is None or not longest["pods"]:
            return {"versions": [], "routes": []}
        longest["pods"].pop()
        longest["left_out"] += 1
    return document
