"""Names of our subsets, and objects of ours as they begin."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import re2

from grayrelease.domain.plan import Manifest

API_VERSION = "networking.istio.io/v1"
OF_ROUTES = {"app.kubernetes.io/managed-by": "grayrelease"}
LONGEST = 63
DIGITS = 8
PLAIN = re2.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LIKE_HASHED = re2.compile(r".*-[0-9a-f]{8}")
OTHER = re2.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=1024)
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


def has_subset(spec: dict[str, Any], version: str) -> bool:
    """Tell if a DestinationRule's spec selects a version's pods under its subset."""
    return any(
        entry.get("name") == subset(version) and entry.get("labels") == {"version": version}
        for entry in spec.get("subsets") or []
    )
