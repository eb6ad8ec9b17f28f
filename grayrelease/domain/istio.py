"""The route table as Istio's objects: specs of our own VirtualService and DestinationRule, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import re2

from grayrelease.domain.plan import Manifest
from grayrelease.domain.routes import Part, RouteTable, Rule

API_VERSION = "networking.istio.io/v1"
OF_ROUTES = {"app.kubernetes.io/managed-by": "grayrelease"}
LONGEST = 63
DIGITS = 8
PLAIN = re2.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LIKE_HASHED = re2.compile(r".*-[0-9a-f]{8}")
OTHER = re2.compile(r"[^a-z0-9]+")


def subset(version: str) -> str:
    """Return the name of a version's subset; different versions never share one.

    A version that may stand as it is, stands; any other is spelled plainly and followed by its hash,
    and so is one that looks as if a hash followed.
    """
    longest = LONGEST - len("gr-")
    if len(version) <= longest and PLAIN.fullmatch(version) and not LIKE_HASHED.fullmatch(version):
        return f"gr-{version}"
    spelled = OTHER.sub("-", version.lower())[: longest - DIGITS - 1].strip("-")
    digits = hashlib.sha256(version.encode()).hexdigest()[:DIGITS]
    return "-".join(part for part in ("gr", spelled, digits) if part)


def manifest(kind: str, namespace: str, name: str, spec: dict[str, Any]) -> Manifest:
    """Return an object of ours, without marks."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(OF_ROUTES),
        },
        "spec": spec,
    }


def made_for_routes(manifest: Manifest) -> bool:
    """Tell if an object was made for a release's routes, and not as a part of an application."""
    labels = manifest.get("metadata", {}).get("labels") or {}
    return OF_ROUTES.items() <= labels.items()


def virtual_service(service: str, table: RouteTable) -> dict[str, Any]:
    """Return the spec that sends each rule's requests to the subsets of its parts.

    Hosts are short names: they mean the Service of the object's own namespace whatever the cluster's
    domain is. A single part carries its weight too, so that what is read back is what was written.
    """
    return {"hosts": [service], "http": [{"route": _destinations(service, rule)} for rule in table.rules]}


def _destinations(service: str, rule: Rule) -> list[dict[str, Any]]:
    return [
        {"destination": {"host": service, "subset": subset(part.version)}, "weight": part.weight}
        for part in rule.parts
    ]


def read_table(service: str, spec: dict[str, Any], versions: Iterable[str]) -> RouteTable | None:
    """Return the table that a spec was written from; None if it says anything else."""
    names = {subset(version): version for version in versions}
    try:
        rules = tuple(
            Rule(tuple(Part(names[to["destination"]["subset"]], int(to["weight"])) for to in http["route"]))
            for http in spec["http"]
        )
    except (KeyError, TypeError, ValueError):
        return None
    table = RouteTable(rules)
    return table if virtual_service(service, table) == spec else None


def destination_rule(service: str, present: dict[str, Any] | None, versions: list[str]) -> dict[str, Any]:
    """Return the spec with a subset for each version, the first being stable's.

    What else is in the present spec stays. A subset that is added copies the trafficPolicy of stable's.
    """
    spec: dict[str, Any] = deepcopy(present) if present else {}
    spec["host"] = service
    subsets = {str(entry.get("name")): entry for entry in spec.get("subsets") or []}
    policy = subsets.get(subset(versions[0]), {}).get("trafficPolicy")
    for version in versions:
        entry = subsets.setdefault(subset(version), _subset(version, policy))
        entry["labels"] = {"version": version}
    spec["subsets"] = list(subsets.values())
    return spec


def _subset(version: str, policy: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": subset(version), "labels": {"version": version}}
    return {**entry, "trafficPolicy": deepcopy(policy)} if policy else entry


def has_subset(spec: dict[str, Any], version: str) -> bool:
    """Tell if a DestinationRule's spec selects a version's pods under its subset."""
    return any(
        entry.get("name") == subset(version) and entry.get("labels") == {"version": version}
        for entry in spec.get("subsets") or []
    )
